"""A repository of Helm charts on loopback."""

from __future__ import annotations

import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files without telling of it."""

    def log_request(self, *_: object) -> None:
        """Say nothing of what was asked for."""

    def log_error(self, *_: object) -> None:
        """Say nothing of what is not there."""


@dataclass(frozen=True)
class Repository:
    """A repository of charts on loopback."""

    url: str
    folder: Path
    helm: Path

    def publish(self, chart: str, template: str) -> str:
        """Put a chart of version 1.0.0 with one template into the repository, and return its digest."""
        source = self.folder / "sources" / chart
        (source / "templates").mkdir(parents=True, exist_ok=True)
        (source / "Chart.yaml").write_text(f"apiVersion: v2\nname: {chart}\nversion: 1.0.0\n")
        (source / "templates" / "all.yaml").write_text(template)
        for command in (
            ["package", source, "--destination", self.folder],
            ["repo", "index", self.folder, "--url", self.url],
        ):
            subprocess.run([self.helm, *command], check=True, capture_output=True)
        index = yaml.safe_load((self.folder / "index.yaml").read_text())
        return f"sha256:{index['entries'][chart][0]['digest']}"


@contextmanager
def served(folder: Path, helm: Path) -> Iterator[Repository]:
    """Serve a folder as a repository for as long as the block lasts."""
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Repository(f"http://127.0.0.1:{server.server_port}", folder, helm)
        finally:
            server.shutdown()
