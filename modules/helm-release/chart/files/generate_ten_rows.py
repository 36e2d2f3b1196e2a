"""Generate ten rows and check them. `helm test` runs this in the service's own image, which has Python and no shell."""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

PROGRAM = "inferloop-synthetic"
ROWS = 10
SCHEMA = {"id": "integer[1:1000]", "score": "float[0:1]"}
Rows = list[dict[str, str]]


def stop(message: str) -> NoReturn:
    """End with an error."""
    sys.exit(f"helm test: {message}")


def answer(request: urllib.request.Request, seconds: float) -> bytes:
    """Return what the service answers; for so long it may not be reached yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(request, timeout=max(1.0, deadline - time.monotonic())) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            # 503: what stands in between does not know a ready pod yet.
            if error.code != 503 or time.monotonic() > deadline:
                stop(f"{request.full_url} answered {error.code}: {error.read()[:500].decode(errors='replace')}")
        except OSError as error:
            if time.monotonic() > deadline:
                stop(f"{request.full_url} cannot be reached: {error}. Look at the Service, its pods and policies.")
        time.sleep(1)


def run(arguments: list[str]) -> str:
    """Return what a command of the image prints."""
    done = subprocess.run([PROGRAM, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        stop(f"{PROGRAM} {arguments[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def rows_of_api(address: str, path: str, key: str, seconds: float) -> Rows:
    """Return ten rows that the API generates."""
    body = json.dumps({"schema": SCHEMA, "rows": ROWS, "seed": 7}).encode()
    headers = {"Content-Type": "application/json", "Accept": "text/csv", "Prefer": "wait", "X-API-Key": key}
    return table(answer(urllib.request.Request(address + path, body, headers), seconds).decode())


def rows_of_command() -> Rows:
    """Return ten rows that the command generates here."""
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder, "schema.yaml")
        schema.write_text(json.dumps(SCHEMA))
        return table(run(["generate", str(schema), "--rows", str(ROWS), "--seed", "7", "--output", "-"]))


def table(text: str) -> Rows:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def wrong(rows: Rows) -> str | None:
    """Return what is wrong with the rows."""
    if len(rows) != ROWS:
        return f"{len(rows)} rows came instead of {ROWS}"
    for row in rows:
        try:
            good = set(row) == set(SCHEMA) and 1 <= int(row["id"]) <= 1000 and 0 <= float(row["score"]) <= 1
        except ValueError:
            good = False
        if not good:
            return f"the row {row} does not fit the schema {SCHEMA}"
    return "all rows are alike" if len({row["score"] for row in rows}) == 1 else None


def through_the_api(address: str, path: str, seconds: float) -> None:
    """Ask twice: the same seed gives the same rows. Without a key one is made, and revoked afterwards."""
    key, own = os.environ.get("TEST_API_KEY"), None
    if not key:
        wanted = ["--owner", "helm-test", "--scope", "generate", "--scope", "read", "--expires", "15m"]
        made = json.loads(run(["keys", "create", *wanted, "--output", "json"]))
        key, own = str(made["key"]), str(made["id"])
    try:
        first, second = (rows_of_api(address, path, key, seconds) for _ in range(2))
    finally:
        if own:
            run(["keys", "revoke", own])
    problem = wrong(first) or (None if first == second else "the same seed gave other rows")
    if problem:
        stop(f"{address}{path}: {problem}")


def main() -> None:
    """Test what the variables TEST_* say."""
    address, ready = os.environ.get("TEST_ADDRESS"), os.environ["TEST_READY_PATH"]
    # A part of the time for each of three requests: an error shall be told before the pod is ended.
    seconds = int(os.environ["TEST_SECONDS"]) / 4
    if address:
        answer(urllib.request.Request(address + ready), seconds)
    if os.environ["TEST_KIND"] == "api" and address:
        through_the_api(address, os.environ["TEST_PATH"], seconds)
    else:
        problem = wrong(rows_of_command())
        if problem:
            stop(f"{PROGRAM} generate: {problem}")
    print(f"helm test: {ROWS} rows were generated and are as the schema says")


if __name__ == "__main__":
    main()
