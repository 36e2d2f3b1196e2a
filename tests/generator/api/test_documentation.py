"""The page on the API: each of its curl lines is run against the real server, and prints what the page says."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

from .conftest import ROWS, start_server

PAGE = Path(__file__).parents[3] / "docs" / "generator" / "api.md"


def pattern(shown: str) -> str:
    """Return what matches an output in which … stands for anything within a line."""
    return re.escape(shown).replace("…", ".*")


def test_every_command_of_the_page_prints_what_it_shows(tmp_path: Path):
    blocks = re.findall(r"^```curl\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    with (tmp_path / "people.csv").open("w") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    server = start_server(tmp_path / "server", "--no-auth")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        for block in blocks:
            pieces = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)
            for command, shown in zip(pieces[1::2], pieces[2::2], strict=True):
                line = command.replace("127.0.0.1:8000", server.url.removeprefix("http://"))
                done = subprocess.run(
                    ["bash", "-c", line], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=False
                )
                printed = done.stdout.replace("\r", "").rstrip("\n")
                assert re.fullmatch(pattern(shown.rstrip("\n")), printed), f"{command}\n{printed}\n{done.stderr}"
    finally:
        server.stop()


def test_the_page_names_every_path():
    from fastapi.routing import APIRoute

    from inferloop_synthetic.api.routes import catalogue, generate, jobs, operations, validate

    text = PAGE.read_text()
    for router in (catalogue.router, generate.router, jobs.router, operations.router, validate.router):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            assert route.path.replace("{job_id}", "{id}").replace("{name:path}", "{name}") in text, route.path
