"""Reading a project's files from a disk, with what can be wrong with them as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from inferloop_deploy.config.load import load_project
from inferloop_deploy.config.validate import validate
from inferloop_deploy.errors import Problem
from inferloop_deploy.project import ProjectError, find_root

MakeProject = Callable[..., Path]


def _only_problem(root: Path) -> Problem:
    (problem,) = validate(load_project(root))
    return problem


def test_every_folder_is_read_under_its_name(make_project: MakeProject) -> None:
    root = make_project({"services/.git/config": "x", "services/README.md": "x", "environments/dev/notes.md": "x"})
    project = load_project(root)
    assert list(project.services) == ["tabular"]
    assert {env: list(files.clouds) for env, files in project.environments.items()} == {"dev": ["aws"]}
    assert project.problems == ()


def test_files_are_named_relative_to_the_root(make_project: MakeProject) -> None:
    project = load_project(make_project())
    assert project.services["tabular"].source.file == "services/tabular/deployment-config.yaml"
    assert project.environments["dev"].clouds["aws"].file == "environments/dev/aws.yaml"


def test_a_folder_without_its_file_is_a_problem(make_project: MakeProject) -> None:
    root = make_project()
    (root / "services/empty").mkdir()
    problem = _only_problem(root)
    assert (problem.file, problem.check) == ("services/empty/deployment-config.yaml", "file")


def test_a_file_with_another_ending_is_named(make_project: MakeProject) -> None:
    problem = _only_problem(make_project({"services/other/deployment-config.yml": "x"}))
    assert problem.hint == "Rename deployment-config.yml to deployment-config.yaml."


def test_a_folder_in_the_place_of_a_file_is_a_problem(make_project: MakeProject) -> None:
    root = make_project()
    (root / "services/odd/deployment-config.yaml").mkdir(parents=True)
    assert _only_problem(root).check == "file"


def test_a_pipe_in_the_place_of_a_file_is_a_problem_and_nothing_waits(make_project: MakeProject) -> None:
    root = make_project()
    (root / "services/pipe").mkdir()
    os.mkfifo(root / "services/pipe/deployment-config.yaml")
    assert _only_problem(root).check == "file"


def test_a_file_that_cannot_be_opened_is_a_problem(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project({"services/other/deployment-config.yaml": "x"})
    opened = Path.open

    def refuse(path: Path, *arguments: object, **more: object) -> object:
        if "other" in path.parts:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **more)  # type: ignore[arg-type, call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    problem = _only_problem(root)
    assert problem.message == "cannot be read: Permission denied"


def test_a_large_file_is_refused_by_its_size_without_being_read(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project({"services/large/deployment-config.yaml": ""})
    with (root / "services/large/deployment-config.yaml").open("wb") as file:
        file.truncate(10_000_000)
    monkeypatch.setattr("inferloop_deploy.config.load.decode", _refuse_to_decode_large)
    problem = _only_problem(root)
    assert (problem.check, problem.found) == ("file-size", "10,000,000 bytes")


def _refuse_to_decode_large(content: bytes, file: str) -> object:
    assert "large" not in file
    from inferloop_deploy.config.parse import decode

    return decode(content, file)


@pytest.mark.parametrize(
    ("content", "check"), [(b"\x89PNG\r\n\x1a\n\x00", "encoding"), (b"a: \xe4\n", "encoding"), (b"", "syntax")]
)
def test_what_is_no_text_is_a_problem_of_its_file(make_project: MakeProject, content: bytes, check: str) -> None:
    root = make_project({"services/odd/deployment-config.yaml": ""})
    (root / "services/odd/deployment-config.yaml").write_bytes(content)
    assert _only_problem(root).check == check


def test_other_files_are_checked_beside_one_that_cannot_be_read(make_project: MakeProject) -> None:
    root = make_project(
        {
            "services/odd/deployment-config.yaml": "[",
            "services/user/deployment-config.yaml": "apiVersion: v1\nkind: ServiceConfig\nmetadata: {name: user}\n"
            "spec: {dependencies: [{name: odd, type: service}], service: {replica: 1}}\n",
        }
    )
    assert [problem.check for problem in validate(load_project(root))] == ["syntax", "unknown-key"]


def test_the_root_is_the_nearest_folder_that_has_both(make_project: MakeProject) -> None:
    root = make_project()
    inside = root / "services/tabular"
    assert find_root(inside) == root
    assert find_root(Path("/"), root) == root


def test_a_root_that_is_none_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    with pytest.raises(ProjectError, match="no environments/ there"):
        find_root(tmp_path, tmp_path)
    with pytest.raises(ProjectError, match="No project here") as caught:
        find_root(tmp_path)
    assert "--root" in (caught.value.hint or "")
    assert caught.value.exit_code == 2
