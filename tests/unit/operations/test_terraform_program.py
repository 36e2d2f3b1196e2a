"""Which terraform runs, and what it may see."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.terraform import (
    TerraformMissing,
    TerraformTooOld,
    check_version,
    find_terraform,
    own_environment,
)
from inferloop_deploy.terraform.program import read_version


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_named_program_is_taken_before_all_others(tmp_path: Path) -> None:
    named = program(tmp_path / "my" / "tf")
    program(tmp_path / ".tools" / "terraform")
    assert find_terraform(tmp_path, {"INFERLOOP_TERRAFORM": str(named), "PATH": ""}) == named


def test_the_projects_own_tools_are_taken_before_those_of_the_machine(tmp_path: Path) -> None:
    own = program(tmp_path / ".tools" / "terraform")
    other = program(tmp_path / "bin" / "terraform").parent
    assert find_terraform(tmp_path, {"PATH": str(other)}) == own


def test_terraform_is_taken_before_tofu_and_tofu_before_nothing(tmp_path: Path) -> None:
    tofu = program(tmp_path / "bin" / "tofu")
    environ = {"PATH": str(tofu.parent)}
    assert find_terraform(tmp_path, environ) == tofu
    terraform = program(tmp_path / "bin" / "terraform")
    assert find_terraform(tmp_path, environ) == terraform


def test_where_there_is_none_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissing) as raised:
        find_terraform(tmp_path, {"PATH": str(tmp_path)})
    assert "make tools" in str(raised.value)
    assert "1.10.0 or newer" in str(raised.value)


def test_a_named_program_that_is_not_there_is_an_error_and_not_another_program(tmp_path: Path) -> None:
    program(tmp_path / ".tools" / "terraform")
    with pytest.raises(TerraformMissing, match="INFERLOOP_TERRAFORM names /nowhere/tf"):
        find_terraform(tmp_path, {"INFERLOOP_TERRAFORM": "/nowhere/tf", "PATH": ""})


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('{"terraform_version": "1.11.4"}', "1.11.4"),
        ('{"terraform_version": "1.12.0-beta1"}', "1.12.0-beta1"),
        ("Terraform v0.11.14\n", "0.11.14"),
        ("OpenTofu v1.10.2\non linux_amd64\n", "1.10.2"),
        ("Tierraform v1", None),
        ('{"terraform_version": "new"}', None),
        ('["1.11.4"]', None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_new_and_old_programs_say(said: str, version: str | None) -> None:
    assert read_version(said) == version


@pytest.mark.parametrize("version", ["1.10.0", "1.11.4", "2.0.0"])
def test_a_version_that_is_new_enough_is_returned(stand_in: Any, environ: dict[str, str], version: str) -> None:
    stand_in.script(version={"say": [f'{{"terraform_version": "{version}"}}']})
    assert check_version(stand_in.program, environ) == version


@pytest.mark.parametrize("version", ["1.9.8", "0.15.0"])
def test_an_old_version_is_refused_with_the_reason(stand_in: Any, environ: dict[str, str], version: str) -> None:
    stand_in.script(version={"say": [f'{{"terraform_version": "{version}"}}']})
    with pytest.raises(TerraformTooOld, match=rf"is version {version}; 1\.10\.0 or newer is needed"):
        check_version(stand_in.program, environ)


def test_a_program_that_is_no_terraform_is_refused_with_what_it_said(stand_in: Any, environ: dict[str, str]) -> None:
    stand_in.script(version={"complain": ["terraform: a text adventure"], "exit": 1})
    with pytest.raises(TerraformMissing, match="does not tell its version: terraform: a text adventure"):
        check_version(stand_in.program, environ)


def test_a_program_for_another_machine_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(TerraformMissing, match="cannot be run"):
        check_version(program(tmp_path / "terraform", "\x7fELF\x00nonsense"), environ)


def test_what_would_change_a_plan_behind_the_files_back_is_hidden_from_terraform() -> None:
    environ = {
        "TF_VAR_region": "eu-west-1",
        "TF_CLI_ARGS": "-destroy",
        "TF_CLI_ARGS_plan": "-target=x",
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/elsewhere",
        "TF_LOG": "debug",
        "AWS_PROFILE": "platform",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    left = own_environment(environ)
    assert {name for name in left if name in environ} == {"TF_LOG", "AWS_PROFILE", "HTTPS_PROXY"}
    assert left["CHECKPOINT_DISABLE"] == "1"
    assert os.environ is not left
