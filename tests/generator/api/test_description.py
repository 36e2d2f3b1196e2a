"""The description of the API, and the running API held to it: by its own examples, and by schemathesis."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inferloop_synthetic.api import examples

from .conftest import Api, Server


@pytest.mark.parametrize("name", examples.GENERATE)
def test_the_examples_of_generation_work_as_they_stand(api: Api, name: str):
    answer = api.client.post("/generate", json=examples.GENERATE[name]["value"])
    assert answer.status_code in {200, 202}, answer.text
    if answer.status_code == 202:
        assert api.finished(answer.json()["id"])["state"] == "succeeded"


def test_the_examples_of_validation_and_detection_work_as_they_stand(api: Api):
    found = api.client.post("/validate", json=examples.VALIDATE["rows"]["value"])
    assert found.status_code == 200, found.text
    assert found.json()["summary"].startswith("likeness 0.")
    assert api.client.post("/schema", json=examples.SCHEMA["rows"]["value"]).status_code == 200


def test_every_reference_of_the_description_leads_somewhere(api: Api):
    tree = api.client.get("/openapi.json").json()
    text = json.dumps(tree)
    for name in {piece.split('"')[0] for piece in text.split("#/components/schemas/")[1:]}:
        assert name in tree["components"]["schemas"], name


def test_every_operation_is_described(api: Api):
    tree = api.client.get("/openapi.json").json()
    for path, operations in tree["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["responses"], (method, path)


def test_schemathesis_finds_nothing_that_the_description_does_not_say(server: Server, tmp_path: Path):
    with server.client() as client:
        key = client.headers["X-API-Key"]
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,negative_data_rejection"
    config = tmp_path / "schemathesis.toml"
    config.write_text("[generation]\nallow-x00 = true\n")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{server.url}/openapi.json",
        "--header", f"X-API-Key: {key}", "--checks", checks, "--max-examples", "25", "--seed", "7", "--no-color",
        "--phases", "examples,coverage,fuzzing", "--request-timeout", "60", "--suppress-health-check", "all",
        "--generation-database", "none",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
