"""What `helm test` runs, against the generator's own API on loopback."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from charts import CHART, one, rendered_case
from servers import free_port

SCRIPT = CHART / "files" / "generate_ten_rows.py"
TEST = {"TEST_KIND": "api", "TEST_PATH": "/generate", "TEST_READY_PATH": "/ready", "TEST_SECONDS": "180"}


@dataclass(frozen=True)
class Service:
    """A generator that listens, and the variables that its database is found by."""

    url: str
    environ: dict[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Start the API, as the container does; the test itself waits until it is ready."""
    folder, port = tmp_path_factory.mktemp("service"), free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GUARDIAN_")}
    environ |= {"GUARDIAN_TEMP_DIR": str(folder), "GUARDIAN_DATA_DIR": str(folder), "GUARDIAN_LOG_LEVEL": "ERROR"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    process = subprocess.Popen([sys.executable, "-m", "inferloop_synthetic", "serve", "--port", str(port)], env=environ)
    yield Service(f"http://127.0.0.1:{port}", environ)
    process.send_signal(signal.SIGTERM)
    process.wait(120)


def helm_test(service: Service, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the test's pod with its variables, as the rendered pod has it."""
    pod = next(each.tree for each in rendered_case("stateful") if each.kind == "Pod")
    [_, *words] = pod["spec"]["containers"][0]["command"]
    environ = service.environ | TEST | {"TEST_ADDRESS": service.url} | changes
    return subprocess.run([sys.executable, *words], env=environ, check=False, capture_output=True, text=True)


def test_ten_rows_come_through_the_api_with_a_key_that_is_revoked_afterwards(service: Service) -> None:
    done = helm_test(service)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "helm test: 10 rows were generated and are as the schema says\n"
    keys = subprocess.run(
        [sys.executable, "-m", "inferloop_synthetic", "keys", "list", "--output", "json"],
        env=service.environ,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert keys.count('"owner": "helm-test"') == 1
    assert '"revoked": null' not in keys


def test_ten_rows_come_from_the_command(service: Service) -> None:
    done = helm_test(service, TEST_KIND="command")
    assert done.returncode == 0, done.stderr
    alone = helm_test(service, TEST_KIND="command", TEST_ADDRESS="")
    assert alone.returncode == 0, alone.stderr


def test_a_key_that_does_not_hold_is_told(service: Service) -> None:
    done = helm_test(service, TEST_API_KEY="wrong")
    assert done.returncode == 1
    assert f"helm test: {service.url}/generate answered 401: " in done.stderr


def test_a_path_that_is_not_there_is_told(service: Service) -> None:
    done = helm_test(service, TEST_READY_PATH="/nowhere")
    assert done.returncode == 1
    assert f"helm test: {service.url}/nowhere answered 404: " in done.stderr


def test_a_service_that_is_not_reached_is_told_before_the_pod_is_ended(service: Service) -> None:
    done = helm_test(service, TEST_ADDRESS=f"http://127.0.0.1:{free_port()}", TEST_SECONDS="0")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Look at the Service, its pods and policies." in done.stderr


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("id,score\n" + "5,0.5\n" * 10, "all rows are alike"),
        ("id,score\n" + "".join(f"5,0.{n}\n" for n in range(9)), "9 rows came instead of 10"),
        ("id,score\n" + "".join(f"5,{n}\n" for n in range(10)), "does not fit the schema"),
        ("id,score\n" + "".join(f"x,0.{n}\n" for n in range(10)), "does not fit the schema"),
        ("id\n" + "".join(f"{n}\n" for n in range(10)), "does not fit the schema"),
        (None, "the same seed gave other rows"),
    ],
)
def test_rows_that_are_wrong_are_told(service: Service, body: str | None, words: str) -> None:
    answers = iter(range(10))

    class Wrong(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(b"ready")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            turn = next(answers)
            text = body or "id,score\n" + "".join(f"{n + 1},0.{turn}{n}\n" for n in range(10))
            self.answer(text.encode())

        def answer(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Wrong) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = helm_test(service, TEST_ADDRESS=f"http://127.0.0.1:{server.server_port}", TEST_API_KEY="key")
        server.shutdown()
    assert done.returncode == 1
    assert words in done.stderr


def test_the_pod_gets_a_key_where_one_is_declared_and_the_variables_of_the_service() -> None:
    pod = next(each.tree for each in rendered_case("gpu-behind-linkerd") if each.kind == "Pod")
    variables = {variable["name"]: variable for variable in pod["spec"]["containers"][0]["env"]}
    assert variables["TEST_API_KEY"]["valueFrom"]["secretKeyRef"] == {"name": "textnlp-callers", "key": "value"}
    assert variables["TEST_ADDRESS"]["value"] == "http://textnlp.inferloop.svc.cluster.local:80"
    main = one(rendered_case("gpu-behind-linkerd"), "Deployment", "textnlp")["spec"]["template"]["spec"]["containers"][
        0
    ]
    assert {variable["name"] for variable in main["env"]} <= set(variables)
