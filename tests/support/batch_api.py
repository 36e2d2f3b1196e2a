"""A stand-in for the batch API of Kubernetes on loopback: Jobs are kept as given, and processes stand for their pods.

It does what the Job controller does with an Indexed Job: at most `parallelism` pods at a time, each with its number in
JOB_COMPLETION_INDEX and in place of $(JOB_COMPLETION_INDEX) in its command; a pod that fails is tried again up to
backoffLimitPerIndex times, unless its exit code is one that the pod failure policy fails the Job for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

Pod = subprocess.Popen[bytes]


class BatchApi:
    """The server; `jobs` holds what was created and `calls` every call, `on_pod` may do something to a pod that has started."""

    def __init__(self, *, pods: bool = True, on_pod: Callable[[int, int, Pod], None] | None = None) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, str | None]] = []
        self.created: list[dict[str, Any]] = []
        self.running: set[Pod] = set()
        self.most_at_once = 0
        self._pods = pods
        self._on_pod = on_pod or (lambda index, attempt, pod: None)
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.calls.append(("GET", self.path, self.headers.get("Authorization")))
                name = self.path.rpartition("/")[2]
                with api._lock:
                    self._answer(*(200, api.jobs[name]) if name in api.jobs else (404, {"message": f"no {name}"}))

            def do_POST(self) -> None:
                api.calls.append(("POST", self.path, self.headers.get("Authorization")))
                job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with api._lock:
                    if job["metadata"]["name"] in api.jobs:
                        self._answer(409, {"message": "already exists"})
                        return
                    api.create(job)
                    self._answer(201, job)

            def do_DELETE(self) -> None:
                api.calls.append(("DELETE", self.path, self.headers.get("Authorization")))
                with api._lock:
                    job = api.jobs.pop(self.path.rpartition("/")[2], None)
                    for pod in list(api.running):
                        pod.kill()
                    self._answer(*(404, {}) if job is None else (200, job))

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.jobs.clear()
        for pod in list(self.running):
            pod.kill()
        for thread in self._threads:
            thread.join()
        self._server.shutdown()
        self._server.server_close()

    def create(self, job: dict[str, Any]) -> None:
        """Keep a Job and start its pods."""
        self.jobs[job["metadata"]["name"]] = job
        self.created.append(json.loads(json.dumps(job)))
        if self._pods:
            self._threads.append(threading.Thread(target=self._control, args=(job,)))
            self._threads[-1].start()

    def _control(self, job: dict[str, Any]) -> None:
        spec = job["spec"]
        with ThreadPoolExecutor(spec["parallelism"]) as workers:
            codes = list(workers.map(lambda index: self._index(job, index), range(spec["completions"])))
        failed = [str(i) for i, code in enumerate(codes) if code != 0]
        conditions = {"type": "Failed" if failed else "Complete", "status": "True", "message": "indexes failed"}
        with self._lock:
            job["status"] = {"conditions": [conditions], "failedIndexes": ",".join(failed)}

    def _index(self, job: dict[str, Any], index: int) -> int:
        spec = job["spec"]
        main = spec["template"]["spec"]["containers"][0]
        final = [
            code for rule in spec["podFailurePolicy"]["rules"] for code in rule.get("onExitCodes", {}).get("values", [])
        ]
        program, *rest = [word.replace("$(JOB_COMPLETION_INDEX)", str(index)) for word in main["command"]]
        variables = {v["name"]: v["value"] for v in main["env"] if v["name"] not in {"HOME", "TMPDIR"}}
        code = -1
        for attempt in range(spec["backoffLimitPerIndex"] + 1):
            if job["metadata"]["name"] not in self.jobs:
                break
            command = [str(Path(sys.executable).parent / program), *rest]
            environment = {**os.environ, **variables, "JOB_COMPLETION_INDEX": str(index)}
            pod = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            with self._lock:
                self.running.add(pod)
                self.most_at_once = max(self.most_at_once, len(self.running))
            self._on_pod(index, attempt, pod)
            code = pod.wait()
            assert pod.stderr is not None
            pod.stderr.close()
            with self._lock:
                self.running.discard(pod)
            if code == 0 or code in final:
                break
        return code
