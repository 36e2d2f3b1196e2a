"""The sandbox as a process: started once, found again by later commands, stopped, and never left behind."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from .processes import HOST, SandboxFailed, command_line, end, launch, locked

__all__ = ["HOST", "Sandbox", "SandboxFailed", "SandboxFiles", "is_server", "start", "stop", "temporary"]

SERVER = "inferloop_deploy.sandbox.server"
START_SECONDS = 60
KEY = "sandbox"
"""The credentials of the sandbox, which takes any."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: where it listens and which process it is."""

    port: int
    process: int
    started: str
    """When it was started, ISO 8601 in UTC."""

    @property
    def url(self) -> str:
        """Return the address that stands in for every AWS endpoint."""
        return f"http://{HOST}:{self.port}"

    def environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return variables that lead terraform to the sandbox, and nowhere else.

        Every AWS_ variable of `environ` is blanked, so that no profile, role, token or endpoint of a person's own takes
        part: a rehearsal cannot reach a real account.
        """
        own = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
            "CHECKPOINT_DISABLE": "1",
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }
        return {name: "" for name in environ if name.startswith("AWS_")} | own

    def backend(self) -> dict[str, str]:
        """Return what Terraform's S3 backend is told beside bucket, key and region."""
        return {
            "use_path_style": "true",
            "skip_credentials_validation": "true",
            "skip_metadata_api_check": "true",
            "skip_region_validation": "true",
            "skip_requesting_account_id": "true",
        }

    def answers(self) -> bool:
        """Tell whether it takes requests."""
        direct = build_opener(ProxyHandler({}))
        with suppress(URLError, OSError), direct.open(f"{self.url}/moto-api/", timeout=5) as response:
            return bool(response.status == 200)
        return False


@dataclass(frozen=True)
class SandboxFiles:
    """The folder that a project's sandbox is found again by."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> SandboxFiles:
        """Return those of the project in `root`."""
        return cls(root / "build" / "sandbox")

    @property
    def record(self) -> Path:
        """The file that says where the sandbox is."""
        return self.folder / "server.json"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.folder / "server.log"

    def running(self) -> Sandbox | None:
        """Return the sandbox that runs, or None; a record of one that has ended counts for nothing."""
        try:
            sandbox = Sandbox(**json.loads(self.record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return sandbox if is_server(sandbox.process, sandbox.port) else None


def start(files: SandboxFiles, port: int | None = None) -> Sandbox:
    """Return the project's sandbox, started where none runs; raises SandboxFailed where it cannot be."""
    with locked(files.folder):
        found = files.running()
        if found is not None:
            if port is not None and found.port != port:
                raise SandboxFailed(
                    f"A sandbox runs on port {found.port} already.",
                    "Stop it first: inferloop-deploy sandbox stop",
                )
            return found
        sandbox = _launch(files, port, parent=None)
        replacement = files.record.with_suffix(".new")
        replacement.write_text(json.dumps(asdict(sandbox), indent=2) + "\n", encoding="utf-8")
        replacement.replace(files.record)
        return sandbox


def stop(files: SandboxFiles) -> Sandbox | None:
    """End the project's sandbox and forget what was made in it; returns the one that ran."""
    with locked(files.folder):
        found = files.running()
        if found is not None:
            _end(found)
        files.record.unlink(missing_ok=True)
        return found


@contextmanager
def temporary(folder: Path) -> Iterator[Sandbox]:
    """Run a sandbox of one's own; it ends with the block, and with this process however that ends."""
    sandbox = _launch(SandboxFiles(folder), None, parent=os.getpid())
    try:
        yield sandbox
    finally:
        _end(sandbox)


def _launch(files: SandboxFiles, port: int | None, parent: int | None) -> Sandbox:
    if importlib.util.find_spec("moto") is None:
        raise SandboxFailed(
            "The sandbox needs moto, which is not installed.", "Install it: pip install 'inferloop-deploy[sandbox]'"
        )
    chosen = _free_port(port)
    command = [sys.executable, "-m", SERVER, "--port", str(chosen)]
    if parent is not None:
        command += ["--parent", str(parent)]
    answering = Sandbox(chosen, 0, "")
    server = launch("The sandbox", command, files.log, answering.answers, START_SECONDS)
    return Sandbox(chosen, server.pid, datetime.now(UTC).isoformat(timespec="seconds"))


def _free_port(wanted: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise SandboxFailed(
                f"Port {wanted} is taken: {error.strerror}.", "Name another with --port, or none to take any."
            ) from error
        return int(probe.getsockname()[1])


def _end(sandbox: Sandbox) -> None:
    end(sandbox.process, lambda: is_server(sandbox.process, sandbox.port))


def is_server(process: int, port: int) -> bool:
    """Tell whether a process is the sandbox on a port: ids are used again, so being alive is not enough."""
    words = command_line(process)
    return SERVER in words and f"--port {port}" in " ".join(words)
