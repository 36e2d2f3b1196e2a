"""Where terraform runs: the cloud's root, or the sandbox's tree."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from inferloop_deploy import rehearsal
from inferloop_deploy.errors import UsageError
from inferloop_deploy.rehearsal import surroundings
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.sandbox.lifecycle import Sandbox, SandboxFiles
from inferloop_deploy.target import Target

SANDBOX = Sandbox(4566, 1, "2026-11-21T10:00:00+00:00")


@pytest.fixture
def root(make_project: Callable[..., Path]) -> Path:
    files = dict.fromkeys(("providers/aws/versions.tf", "providers/gcp/versions.tf", "modules/x/main.tf"), "")
    return make_project({**files, "providers/aws/providers.tf": 'provider "aws" {\n  region = "x"\n}\n'})


@pytest.fixture
def screen() -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(Console(file=out, width=200)), out


def test_without_the_sandbox_the_clouds_root_is_used_with_the_persons_own_settings(
    root: Path, screen: tuple[Screen, io.StringIO]
) -> None:
    found = surroundings(Target(root, "dev", "aws"), screen[0])
    assert (found.folder, found.settings, found.backend) == (root / "providers" / "aws", None, None)


def test_a_sandbox_that_runs_is_used(
    root: Path, screen: tuple[Screen, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxFiles, "running", lambda self: SANDBOX)
    found = surroundings(Target(root, "dev", "aws", sandbox=True), screen[0])
    assert found.settings is not None
    assert found.settings["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert found.backend is not None
    assert found.backend["use_path_style"] == "true"
    assert found.folder == root / "build/dev/aws/sandbox/tree/providers/aws"
    assert (found.folder / "versions.tf").is_symlink()
    assert screen[1].getvalue() == ""


def test_where_no_sandbox_runs_one_is_started_and_it_is_said_how_to_end_it(
    root: Path, screen: tuple[Screen, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxFiles, "running", lambda self: None)
    monkeypatch.setattr(rehearsal, "start", lambda files: SANDBOX)
    surroundings(Target(root, "dev", "aws", sandbox=True), screen[0])
    assert "started the sandbox on port 4566; `inferloop-deploy sandbox stop` ends it" in screen[1].getvalue()


def test_a_cloud_without_a_stand_in_has_no_sandbox(root: Path, screen: tuple[Screen, io.StringIO]) -> None:
    with pytest.raises(UsageError, match="There is no sandbox for gcp"):
        surroundings(Target(root, "dev", "gcp", sandbox=True), screen[0])


def test_a_project_without_the_clouds_root_is_told_so(root: Path, screen: tuple[Screen, io.StringIO]) -> None:
    with pytest.raises(UsageError, match="There is no Terraform root for azure"):
        surroundings(Target(root, "dev", "azure"), screen[0])
