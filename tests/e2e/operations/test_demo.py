"""The demonstration on a small project: to its end, and stopped or killed in the middle."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.errors import FAILED

pytestmark = [pytest.mark.e2e, pytest.mark.terraform, pytest.mark.xdist_group("locking")]


def started_by(process: int) -> list[str]:
    """Return the command lines of the sandboxes that a process started, and of the terraforms beside them."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            place = str((entry / "cwd").readlink())
        except OSError:
            continue
        if ("--parent" in line and str(process) in line) or ("/build/dev/aws/demo/tree" in place):
            found.append(" ".join(line))
    return found


def test_the_demo_goes_to_its_end_and_leaves_nothing_running(checkout: Callable[[str], Any]) -> None:
    ada = checkout("ada")
    folder = ada.root / "build/dev/aws/demo/tree/providers/aws"
    folder.mkdir(parents=True)
    (folder / "go").touch()
    demo = ada.start("demo")
    code, said = demo.end()
    assert code == 0, said
    assert "Apply" in said
    assert "nothing to change: what is there is what the files say" in said
    assert "2 destroyed" in said
    assert "Done in" in said
    assert said.rstrip().endswith("Nothing is left running.")
    again, said = ada.run("demo")
    assert again == 0, said
    if sys.platform == "linux":
        assert started_by(demo.process.pid) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends every process of a killed command")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_stopped_or_killed_leaves_nothing_running(checkout: Callable[[str], Any], number: int) -> None:
    ada = checkout("ada")
    folder = ada.root / "build/dev/aws/demo/tree/providers/aws"
    demo = ada.start("demo")
    tick = threading.Event()
    while not (folder / "started").exists():
        assert demo.process.poll() is None, demo.end()
        tick.wait(0.05)
    assert any("sandbox.server" in line for line in started_by(demo.process.pid))
    demo.process.send_signal(number)
    code, said = demo.end()
    assert code == (FAILED if number != signal.SIGKILL else -signal.SIGKILL)
    if number != signal.SIGKILL:
        assert "stopping: terraform finishes what is under way" in said
        assert started_by(demo.process.pid) == []
    while started_by(demo.process.pid):
        tick.wait(0.05)
