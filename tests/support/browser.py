"""A real browser for tests: Debian's Chromium, driven by Playwright, with no network but files and loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


class NoBrowser(Exception):
    """There is no browser."""


def chromium() -> str:
    """Return the browser: INFERLOOP_CHROMIUM, or what is on the PATH."""
    found = os.environ.get("INFERLOOP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found or not Path(found).exists():
        raise NoBrowser(
            f"there is no Chromium{f' at {found}' if found else ''}: run `make test-browser`, which installs it"
        )
    return found


@dataclass
class Visit:
    """An open page, and what it said and asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def visit(path: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Visit]:
    """Open a file in a fresh browser that is cut off from the network."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height}, offline=True)
        visited = Visit(context.new_page())
        visited.page.on("console", lambda message: visited.complaints.append(message.text))
        visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
        visited.page.on("request", lambda request: visited.requests.append(request.url))
        try:
            visited.page.goto(path.resolve().as_uri())
            yield visited
        finally:
            browser.close()
