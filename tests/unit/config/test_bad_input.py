"""What bad input gets: every mistake is found by its check, at its place, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bad_input import CASES, Case

from inferloop_deploy.config.checks import RULES
from inferloop_deploy.config.validate import validate

OF_WHOLE_FILES = {"file", "file-size", "encoding", "cloud-file"}
"""Checks of files as such, which have no line to name."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_found_by_its_checks_and_no_others(case: Case) -> None:
    problems = validate(case.project())
    assert {problem.check for problem in problems} == set(case.found), "\n".join(map(str, problems))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_problem_names_its_file_line_and_column_and_what_to_do(case: Case) -> None:
    for problem in validate(case.project()):
        assert problem.file.endswith(".yaml")
        assert (problem.line > 0 and problem.column > 0) or problem.check in OF_WHOLE_FILES
        assert problem.expected or problem.hint


def test_every_rule_about_content_has_a_mistake_that_it_finds() -> None:
    needs_bytes = {"file", "file-size", "encoding"}  # these are tested with real files, in test_load.py
    assert {rule.id for rule in RULES} - needs_bytes == {check for case in CASES for check in case.found}


def test_rule_ids_are_unique_and_every_rule_says_what_it_wants() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert rule.fix[-1] in ".?"
        assert rule.link == f"docs/reference/checks.md#{rule.id}"


def test_no_secret_is_shown() -> None:
    said = "\n".join(str(problem) for case in CASES for problem in validate(case.project()))
    assert "hunter2" not in said
    assert "AKIAIOSFODNN7EXAMPLE" not in said


def test_the_messages_are_as_reviewed(golden: Callable[[Path, str], None], repository: Path) -> None:
    parts = []
    for case in CASES:
        problems = "\n".join(str(problem) for problem in validate(case.project()))
        parts.append(f"=== {case.name}\n{case.shown()}\n---\n{problems}\n")
    golden(repository / "tests/golden/config/bad-input.txt", "\n".join(parts))
