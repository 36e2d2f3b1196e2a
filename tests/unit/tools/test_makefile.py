"""The Makefile: what a person types is what runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TARGETS = (
    "setup", "tools", "lock", "test", "test-unit", "test-terraform", "test-e2e", "demo", "lint", "format", "golden",
    "docs", "docs-serve", "bench", "clean",
)  # fmt: skip


def make(*arguments: str) -> str:
    """Return what make prints; with `-n`, the commands that it would run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    outcome = subprocess.run(["make", *arguments], cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_make_alone_lists_every_target_with_what_it_does() -> None:
    listed = dict(re.findall(r"^  ([a-z][a-z0-9-]*) +(\S.*)$", make(), re.MULTILINE))

    assert set(TARGETS) <= set(listed)


@pytest.mark.parametrize("command", ["render", "plan", "apply", "destroy", "status"])
def test_the_commands_take_environment_cloud_and_further_arguments(command: str) -> None:
    planned = make("-n", command, "ENV=prod", "CLOUD=aws", "ARGS=--sandbox --yes")

    line = rf"inferloop-deploy {command} --env prod --cloud aws --sandbox --yes(?: \|\||$)"
    assert re.search(line, planned, re.MULTILINE)


def test_the_commands_stand_on_dev_and_aws_where_nothing_is_said() -> None:
    assert "inferloop-deploy plan --env dev --cloud aws" in make("-n", "plan")


@pytest.mark.parametrize(("code", "outcome"), [(0, 0), (1, 2), (2, 2), (3, 0)])
def test_a_plan_that_found_changes_is_no_failure_of_make(tmp_path: Path, code: int, outcome: int) -> None:
    """Exit code 3 of a plan says that there are changes; every other one than 0 has make fail (with its own 2)."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text().replace(": need-terraform", ":"))
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "inferloop-deploy"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)

    finished = subprocess.run(
        ["make", "plan", f"INFERLOOP_VENV={tmp_path}"], cwd=tmp_path, capture_output=True, check=False
    )

    assert finished.returncode == outcome


@pytest.mark.parametrize("target", ["demo", "test", "lint", "plan"])
def test_a_target_makes_the_environment_first_and_checks_terraform(target: str) -> None:
    planned = make("-n", target)

    assert planned.index("tools/setup.py") < planned.index("tools/need_terraform.py") < len(planned)


@pytest.mark.parametrize("target", ["demo", "test", "apply", "docs-serve"])
def test_the_last_command_replaces_the_shell_so_that_signals_reach_it(target: str) -> None:
    assert make("-n", target).rstrip().splitlines()[-1].startswith("exec ")


def test_all_tests_are_run_with_the_coverage_of_the_wrapper_enforced() -> None:
    planned = make("-n", "test")

    assert "--cov-fail-under=90" in planned
    assert "--numprocesses=2" in planned


def test_ci_checks_first_and_tests_last() -> None:
    steps = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)

    assert steps == ["setup", "lint", "test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
