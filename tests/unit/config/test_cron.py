"""Cron expressions of five fields."""

from __future__ import annotations

import pytest

from inferloop_deploy.config.cron import cron_problem


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/5 * * * *",
        "0 3 * * MON-FRI",
        "0 0 1,15 * *",
        "59 23 31 12 7",
        "0 8-18/2 * JAN,JUL *",
        "10/20 * * * *",
        "0 0 29 2 *",
        "0 0 31 2 MON",
        "0 0 30 FEB,APR *",
    ],
)
def test_what_runs_is_accepted(expression: str) -> None:
    assert cron_problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("* * * *", "4 fields"),
        ("60 * * * *", '"60" is no minute'),
        ("* 24 * * *", '"24" is no hour'),
        ("* * 0 * *", '"0" is no day of month'),
        ("* * * 13 *", '"13" is no month'),
        ("* * * * 8", '"8" is no day of week'),
        ("* * * * FUN", '"FUN" is no day of week'),
        ("MON * * * *", '"MON" is no minute'),
        ("5-3 * * * *", '"5-3" is no minute'),
        ("*-3 * * * *", '"*-3" is no minute'),
        ("*/0 * * * *", '"*/0" is no minute'),
        ("*/60 * * * *", '"*/60" is no minute'),
        ("1,,2 * * * *", '"" is no minute'),
        ("- * * * *", '"-" is no minute'),
        ("0 0 30 2 *", "never runs"),
        ("0 0 31 4,6,9,11 *", "never runs"),
    ],
)
def test_what_never_runs_or_means_nothing_is_named(expression: str, said: str) -> None:
    problem = cron_problem(expression)
    assert problem is not None
    assert said in problem.message
