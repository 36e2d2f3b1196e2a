"""The page on the container: each of its podman lines is run with the image that was built, and prints what the page says."""

from __future__ import annotations

import csv
import os
import random
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import containers

if TYPE_CHECKING:
    from conftest import Built

PAGE = Path(__file__).parents[3] / "docs" / "generator" / "container.md"
NAMED = "localhost/inferloop-synthetic-api:0.1.0"
MARK = "-- end of a command --"


def pattern(shown: str) -> str:
    """Return what matches an output in which … stands for anything within a line."""
    return re.escape(shown).replace("…", ".*")


def people(path: Path) -> None:
    """Write a small table."""
    draw = random.Random(5)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["age", "plan", "spend"])
        for _ in range(400):
            age = draw.randint(18, 80)
            writer.writerow([age, draw.choice(["free", "pro"]), round(age * 3 + draw.gauss(0, 10), 2)])


def test_every_command_of_the_page_prints_what_it_shows(built: Built, tmp_path: Path):
    """One shell runs them all, as a person's would; `podman` in it keeps its images where the tests do."""
    blocks = re.findall(r"^```podman\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    pieces = re.split(r"^\$ (.*)\n", "".join(blocks), flags=re.MULTILINE)
    commands, outputs = pieces[1::2], pieces[2::2]
    assert len(commands) >= 10
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    found = shutil.which("podman")
    assert found
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join([found, *built.podman.command()[1:]])} "$@"\n')
    program.chmod(0o755)
    people(tmp_path / "people.csv")
    script = "".join(f"{command}\necho; echo '{MARK}'\n" for command in commands)
    environment = built.podman.environment()
    environment["PATH"] = f"{program.parent}{os.pathsep}{environment['PATH']}"
    try:
        done = subprocess.run(
            ["bash", "-c", script.replace(NAMED, containers.IMAGE).replace("8000", port)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=containers.STUCK_SECONDS,
        )
    finally:
        built.podman.run("rm", "--force", "--time", "0", "api", check=False)
    printed = done.stdout.split(f"{MARK}\n")[:-1]
    assert len(printed) == len(commands), done.stderr
    for command, shown, actual in zip(commands, outputs, printed, strict=True):
        assert re.fullmatch(pattern(shown.strip()), actual.strip()), f"{command}\n{actual}\n{done.stderr}"
