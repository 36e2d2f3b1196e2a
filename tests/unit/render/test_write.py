"""Putting rendered files where Terraform reads them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from inferloop_deploy.changes import Changes
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.render.write import difference, replace_file, write


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"a.auto.tfvars": "1\n", "b.auto.tfvars": "2\n"}, Changes())
    before = {name: (tmp_path / name).stat().st_ino for name in ("a.auto.tfvars", "b.auto.tfvars")}
    found = write(tmp_path, {"a.auto.tfvars": "1\n", "b.auto.tfvars": "3\n"}, Changes())
    assert (found.written, found.unchanged) == (("b.auto.tfvars",), ("a.auto.tfvars",))
    assert (tmp_path / "a.auto.tfvars").stat().st_ino == before["a.auto.tfvars"]
    assert (tmp_path / "b.auto.tfvars").read_text() == "3\n"


def test_stale_files_are_removed_and_others_left_alone(tmp_path: Path) -> None:
    for name in ("old.auto.tfvars", "notes.txt", "plan.json"):
        (tmp_path / name).write_text("x")
    found = write(tmp_path, {"a.auto.tfvars": "1\n"}, Changes())
    assert found.removed == ("old.auto.tfvars",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.auto.tfvars", "notes.txt", "plan.json"]


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.auto.tfvars").write_text("x")
    changes = Changes(dry_run=True)
    found = write(tmp_path, {"a.auto.tfvars": "1\n"}, changes)
    assert found.any
    assert [change.message for change in changes.made] == ["write", "remove"]
    assert [path.name for path in tmp_path.iterdir()] == ["old.auto.tfvars"]


def test_a_file_that_is_not_text_counts_as_changed(tmp_path: Path) -> None:
    (tmp_path / "a.auto.tfvars").write_bytes(b"\xff\xfe")
    assert difference(tmp_path, {"a.auto.tfvars": "1\n"}).written == ("a.auto.tfvars",)


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.auto.tfvars"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InferloopError, match=r"a\.auto\.tfvars cannot be written: No space left on device"):
        replace_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file in its place")
    with pytest.raises(InferloopError, match="cannot be written"):
        replace_file(tmp_path / "build" / "a.auto.tfvars", "x")


def test_written_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    replace_file(tmp_path / "plan.json", "{}")
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600
