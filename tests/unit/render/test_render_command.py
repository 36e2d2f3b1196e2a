"""`inferloop-deploy render`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inferloop_deploy.cli import run
from inferloop_deploy.errors import CHANGES, USAGE

MakeProject = Callable[..., Path]


def test_render_writes_the_files_once(make_project: MakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_project()
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    assert "wrote build/dev/aws/services.auto.tfvars" in capsys.readouterr().out
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    assert capsys.readouterr().out == "3 files in build/dev/aws already up to date\n"


def test_check_writes_nothing_and_tells_by_its_exit_code(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_project()
    assert run(["--root", str(root), "render", "--env", "dev", "--check"]) == CHANGES
    assert not (root / "build").exists()
    assert "would write build/dev/aws/services.auto.tfvars" in capsys.readouterr().out
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    assert run(["--root", str(root), "render", "--env", "dev", "--check"]) == 0


def test_dry_run_writes_nothing(make_project: MakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_project()
    assert run(["--root", str(root), "render", "--env", "dev", "--dry-run", "--output", "json"]) == 0
    assert not (root / "build").exists()
    assert json.loads(capsys.readouterr().out)["folders"] == [
        {
            "folder": "build/dev/aws",
            "to_write": ["environment.auto.tfvars", "services.auto.tfvars", "source-map.json"],
            "to_remove": [],
            "unchanged": [],
        }
    ]


def test_the_second_stage_is_rendered_where_there_is_a_root_for_it(make_project: MakeProject) -> None:
    root = make_project({"providers/kubernetes/versions.tf": ""})
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    folder = root / "build/dev/aws/kubernetes"
    assert sorted(path.name for path in folder.iterdir()) == [
        "cluster.auto.tfvars", "environment.auto.tfvars", "services.auto.tfvars", "source-map.json",
    ]  # fmt: skip
    assert "eks_config" not in (folder / "environment.auto.tfvars").read_text()
    assert "managed" in (folder / "cluster.auto.tfvars").read_text()
    first = root / "build/dev/aws/services.auto.tfvars"
    assert (folder / "services.auto.tfvars").read_text() == first.read_text()


def test_there_are_no_manifests_without_a_cluster(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_project()
    assert run(["--root", str(root), "render", "--env", "dev", "--manifests"]) == USAGE
    assert "dev on aws has no cluster, so there are no manifests." in capsys.readouterr().err


def test_a_file_of_a_service_that_is_gone_disappears_from_what_is_rendered(make_project: MakeProject) -> None:
    root = make_project()
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    (root / "services/tabular/deployment-config.yaml").unlink()
    (root / "services/tabular").rmdir()
    assert run(["--root", str(root), "render", "--env", "dev"]) == 0
    assert "tabular" not in (root / "build/dev/aws/services.auto.tfvars").read_text()


def test_an_invalid_file_renders_nothing(make_project: MakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_project(
        {"services/tabular/deployment-config.yaml": "apiVersion: v1\nkind: ServiceConfig\nmetdata: {}\n"}
    )
    assert run(["--root", str(root), "render", "--env", "dev"]) == USAGE
    assert "services/tabular/deployment-config.yaml:3:1" in capsys.readouterr().err
    assert not (root / "build").exists()


def test_an_unknown_environment_is_named_with_those_there_are(
    make_project: MakeProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--root", str(make_project()), "render", "--env", "devv"]) == USAGE
    assert "Did you mean dev?" in capsys.readouterr().err
