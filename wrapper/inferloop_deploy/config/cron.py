"""Cron expressions of five fields, as Kubernetes and crontab(5) read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = dict(
    zip(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], range(1, 13), strict=True)
)
_DAYS = dict(zip(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], range(7), strict=True))


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)
_LONGEST_MONTHS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}


@dataclass(frozen=True)
class CronProblem:
    """What is wrong with an expression, and what is accepted."""

    message: str
    expected: str


def cron_problem(expression: str) -> CronProblem | None:
    """Return what is wrong with an expression, or None where nothing is."""
    fields = expression.split(" ")
    if len(fields) != len(_FIELDS):
        return CronProblem(f"{len(fields)} fields", "five: minute, hour, day of month, month, day of week")
    values = []
    for field, text in zip(_FIELDS, fields, strict=True):
        numbers = _numbers(field, text)
        if isinstance(numbers, CronProblem):
            return numbers
        values.append(numbers)
    days, months = values[2], values[3]
    if fields[4] == "*" and min(days) > max(_LONGEST_MONTHS[month] for month in months):
        return CronProblem("it never runs: no such month has that day", "a day that the month has")
    return None


def _numbers(field: _Field, text: str) -> set[int] | CronProblem:
    """Return the numbers that one field stands for."""
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/([0-9]+))?", part)
        if match is None:
            return _problem(field, part)
        first, last, step = match.groups()
        if first == "*":
            start, end = field.least, field.most
            if last is not None:
                return _problem(field, part)
        else:
            low, high = _number(field, first), _number(field, last or first)
            if low is None or high is None or low > high:
                return _problem(field, part)
            start, end = low, high if last or not step else field.most
        if step is not None and not 1 <= int(step) <= field.most:
            return _problem(field, part)
        found.update(range(start, end + 1, int(step or 1)))
    return found


def _number(field: _Field, text: str) -> int | None:
    number = int(text) if text.isdigit() else field.names.get(text)
    return number if number is not None and field.least <= number <= field.most else None


def _problem(field: _Field, part: str) -> CronProblem:
    names = f" or {', '.join(field.names)}" if field.names else ""
    return CronProblem(f'"{part}" is no {field.name}', f"{field.least} to {field.most}{names}, *, ranges a-b, steps /n")
