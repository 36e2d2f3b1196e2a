"""Values as Terraform's language writes them, laid out as `terraform fmt` leaves them.

Syntax: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md (literals, template escapes, object keys).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = "Scalar | Sequence[Value] | Mapping[str, Value]"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_RESERVED = frozenset({"for", "true", "false", "null"})
_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control characters, the separators that some readers take for line ends, marks that change the direction of
# text, the byte order mark, and what no UTF-8 file may hold.
_SPECIAL = re.compile(
    '["\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]'
)
_OPENING = re.compile(r"([$%])\{")
_WHOLE = re.compile(r'(?<![$%])([$%])(\{[^${}%"\\]*\})')


def quote(text: str) -> str:
    """Return text as a quoted template that stands for exactly that text: nothing in it is evaluated.

    `${x}` is written `$${x}`, as people know it; any other opening of a template, with its brace as an escape, because
    readers differ about openings without an end and about several signs in a row.
    """
    escaped = _SPECIAL.sub(_escape, text)
    if "{" in escaped:
        parts = _WHOLE.split(escaped)
        # Between the matches stands what is no whole template; each match is its sign and its braces.
        parts[::3] = [_OPENING.sub(r"\1\\u007b", part) for part in parts[::3]]
        parts[1::3] = [sign * 2 for sign in parts[1::3]]
        escaped = "".join(parts)
    return f'"{escaped}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _NAMED.get(character) or f"\\u{ord(character):04x}"


def key(text: str) -> str:
    """Return a name as the key of an object; quoted where it would mean something else."""
    return text if _IDENTIFIER.fullmatch(text) and text not in _RESERVED else quote(text)


def step(text: str) -> str:
    """Return how a path goes on to a key: `.name`, or `["a.b/c"]` where the key is no identifier."""
    return f".{text}" if _IDENTIFIER.fullmatch(text) else f"[{quote(text)}]"


def literal(value: Value) -> str:
    """Return a value on one line."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key(name)} = {literal(item)}" for name, item in sorted(value.items()))
        return f"{{ {inside} }}" if inside else "{}"
    return f"[{', '.join(map(literal, value))}]"


def align(rows: Sequence[tuple[str, str, str]], indent: str) -> list[str]:
    """Return lines of (key, value, comment) with their equals signs, and the comments of neighbours, in a column."""
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [f"{indent}{name:<{width}} = {value}" for name, value, _ in rows]
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end][2]:
            end += 1
        column = max((len(line) for line in lines[start:end]), default=0)
        for index in range(start, end):
            lines[index] = f"{lines[index]:<{column}} # {rows[index][2]}"
        start = end + 1
    return lines
