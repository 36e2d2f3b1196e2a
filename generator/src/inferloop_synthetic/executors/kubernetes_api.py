"""The three calls that an Indexed Job needs of a Kubernetes API server."""

from __future__ import annotations

import json
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inferloop_synthetic.executors import ExecutorError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ANSWER_S = 30.0
CONFLICT, NOT_FOUND = 409, 404


class ApiError(ExecutorError):
    """The API server refused a call."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class KubernetesApi:
    """Calls an API server, as the service account of this pod or through `kubectl proxy`."""

    server: str
    token_file: Path | None = None
    authority: Path | None = None

    @classmethod
    def find(cls, server: str | None) -> KubernetesApi:
        """Return the API server given (that of `kubectl proxy`, say) or the one of the cluster that this process runs in."""
        if server is not None:
            return cls(server.rstrip("/"))
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host or not (ACCOUNT / "token").is_file():
            raise ExecutorError(
                "kubernetes: this is no pod of a cluster; run `kubectl proxy` and give its address: "
                "--executor kubernetes:api=http://127.0.0.1:8001,image=..."
            )
        return cls(f"https://{f'[{host}]' if ':' in host else host}:{port}", ACCOUNT / "token", ACCOUNT / "ca.crt")

    def create_job(self, namespace: str, job: dict[str, Any]) -> dict[str, Any]:
        """Create a Job; raises ApiError with status 409 where one of that name is there."""
        return self._call("POST", self._jobs(namespace), job)

    def job(self, namespace: str, name: str) -> dict[str, Any]:
        """Return a Job; raises ApiError with status 404 where there is none."""
        return self._call("GET", f"{self._jobs(namespace)}/{name}")

    def delete_job(self, namespace: str, name: str) -> None:
        """Delete a Job and its pods, and wait for neither; it need not be there."""
        try:
            self._call("DELETE", f"{self._jobs(namespace)}/{name}", {"propagationPolicy": "Background"})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def _jobs(self, namespace: str) -> str:
        return f"/apis/batch/v1/namespaces/{namespace}/jobs"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"}
        if self.token_file is not None:
            # Read at every call: the kubelet writes a new one every hour.
            headers["Authorization"] = f"Bearer {self.token_file.read_text('ascii').strip()}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, headers, method=method)  # noqa: S310  (given by the operator)
        context = ssl.create_default_context(cafile=str(self.authority)) if self.authority is not None else None
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S, context=context) as response:  # noqa: S310
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            raise ApiError(f"kubernetes: {method} {path}: {error.code} {_message(error)}", error.code) from error
        except (OSError, ValueError) as error:
            raise ExecutorError(f"kubernetes: {self.server} cannot be reached: {error}") from error
        return answer if isinstance(answer, dict) else {}


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error).get("message", error.reason))
    except (ValueError, AttributeError):
        return str(error.reason)
