"""What to say of a value that does not fit its field: what is accepted there, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import ErrorDetails

from inferloop_deploy.config.fields import Field
from inferloop_deploy.config.patterns import ACCEPTED, DAYS, DURATION, MEMORY
from inferloop_deploy.config.source import Node, Scalar
from inferloop_deploy.names import did_you_mean


def expectation(details: ErrorDetails, node: Node | None, field: Field | None) -> tuple[str, str | None]:
    """Return what is accepted in the place of an error, and what to do where that can be told."""
    kind, context = details["type"], details.get("ctx", {})
    value = node.value if isinstance(node, Scalar) else None
    pattern = None if field is None else field.pattern
    if kind == "string_type" and pattern is not None and pattern in ACCEPTED:
        return ACCEPTED[pattern], _number_hint(pattern, value)
    if field is not None and field.name == "gpu" and kind in TYPES:
        return "a count such as 1, or a mapping with count and type", None
    if kind in TYPES:
        return TYPES[kind], _type_hint(kind, value)
    if kind == "string_pattern_mismatch":
        return ACCEPTED[context["pattern"]], _form_hint(context["pattern"], value)
    if kind in ("literal_error", "union_tag_invalid"):
        accepted = re.findall(r"'([^']*)'", context.get("expected_tags") or context["expected"])
        hint = did_you_mean(value, accepted) if isinstance(value, str) else None
        return f"one of {', '.join(accepted)}" if len(accepted) > 1 else accepted[0], hint
    if kind in _BOUNDS:
        return _bound(kind, context), None
    return details["msg"][0].lower() + details["msg"][1:], None


TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": "a number of at least {ge}",
    "greater_than": "a number above {gt}",
    "less_than_equal": "a number of at most {le}",
    "less_than": "a number below {lt}",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} in the list",
    "too_long": "at most {max_length} in the list",
}


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    return _BOUNDS[kind].format(
        **{key: f"{value:g}" if isinstance(value, float) else value for key, value in context.items()}
    )


def _number_hint(pattern: str, value: object) -> str | None:
    """Return what to do about a number where text with a form is expected: its unit, or quotes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _form_hint(pattern, str(value)) or "Put it in quotes."


_TRUE, _FALSE = ("yes", "on", "y", "true"), ("no", "off", "n", "false")


def _type_hint(kind: str, value: object) -> str | None:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "Put it in quotes."
    if not isinstance(value, str):
        return None
    if kind == "bool_type" and value.lower() in (*_TRUE, *_FALSE):
        return f"Write {'true' if value.lower() in _TRUE else 'false'}, without quotes."
    if kind in ("int_type", "float_type", "float_parsing") and value.strip().isdigit():
        return f"Write {value.strip().lstrip('0') or '0'}, without quotes and leading zeros."
    return None


def _form_hint(pattern: str, value: object) -> str | None:
    """Return what was probably meant by a quantity or duration that has not its form."""
    match = re.fullmatch(r"\s*(-?[0-9]+)(?:\.([0-9]+))?\s*([A-Za-z]*)\s*", value) if isinstance(value, str) else None
    if match is None or match[1].startswith("-"):
        return None
    number, fraction, unit = match.groups()
    if pattern == MEMORY:
        return _memory_hint(number, fraction, unit)
    if pattern == DAYS and fraction is None:
        return _days_hint(int(number), unit)
    if pattern == DURATION and fraction is None:
        if not unit:
            return f"Write the unit: {number}s, {number}m or {number}h."
        short = next((letter for letter, words in _UNITS.items() if unit.lower() in words), None)
        return f"Did you mean {number}{short}?" if short else None
    return None


def _days_hint(number: int, unit: str) -> str | None:
    days = {"": number, "h": number / 24, "w": number * 7, "y": number * 365}.get(unit[:1].lower())
    return f"Did you mean {days:.0f}d?" if days is not None and days >= 1 else None


_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "d": ("d", "day", "days"),
}


def _memory_hint(number: str, fraction: str | None, unit: str) -> str | None:
    letter = unit[:1].upper()
    if letter not in ("K", "M", "G", "T"):
        return f"Write the unit: {number}Mi or {number}Gi." if not unit and fraction is None else None
    if fraction is None:
        return f"Did you mean {number}{letter}i?"
    smaller = {"M": "K", "G": "M", "T": "G"}.get(letter)
    whole = float(f"{number}.{fraction}") * 1024
    return f"Did you mean {whole:.0f}{smaller}i?" if smaller and whole >= 1 else None
