"""Showing a configuration: its values in the order of the schema, each with where it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from inferloop_deploy.config.effective import Effective
from inferloop_deploy.config.parse import scalar
from inferloop_deploy.config.source import BUILT_IN, Origin, Path, Plain


@dataclass(frozen=True)
class Value:
    """A value at a path, as people write it, with its origin; a list of single values counts as one value."""

    path: str
    value: Plain
    origin: Origin


def values(effective: Effective[Any]) -> Iterator[Value]:
    """Yield every value of a configuration, built-in defaults included; what is not set is left out."""
    yield from _values(effective, as_plain(effective.config), "", ())


def _values(effective: Effective[Any], node: Plain, path: str, place: Path) -> Iterator[Value]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _values(effective, child, f"{path}.{key}" if path else key, (*place, key))
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        for index, item in enumerate(node):
            name = item.get("name", index) if isinstance(item, dict) else index
            yield from _values(effective, item, f"{path}[{name}]", (*place, index))
    else:
        yield Value(path, node, effective.origin(place))


@dataclass(frozen=True)
class Line:
    """A line of YAML, with the origin of the value on it where there is one."""

    text: str
    origin: Origin | None = None


def yaml_lines(effective: Effective[Any], *, written_only: bool = False) -> list[Line]:
    """Return a configuration as lines of YAML in the order of its schema, with or without built-in defaults."""
    values = as_plain(effective.config)
    return list(_mapping(_Shown(effective, written_only), values, (), ""))


@dataclass(frozen=True)
class _Shown:
    effective: Effective[Any]
    written_only: bool

    def hides(self, place: Path) -> bool:
        return self.written_only and self.effective.origin(place) == BUILT_IN


def _mapping(shown: _Shown, table: Mapping[str, Plain], place: Path, indent: str) -> Iterator[Line]:
    for key, value in table.items():
        if not shown.hides((*place, key)):
            yield from _entry(shown, f"{indent}{yaml_text(key)}:", value, (*place, key), indent)


def _entry(shown: _Shown, head: str, value: Plain, place: Path, indent: str) -> Iterator[Line]:
    if isinstance(value, dict) and value:
        yield Line(head)
        yield from _mapping(shown, value, place, indent + "  ")
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield Line(head)
        for index, item in enumerate(value):
            yield from _item(shown, item, (*place, index), indent + "  ")
    else:
        yield Line(f"{head} {yaml_text(value)}", shown.effective.origin(place))


def _item(shown: _Shown, item: Plain, place: Path, indent: str) -> Iterator[Line]:
    lines = list(_mapping(shown, item, place, indent + "  ")) if isinstance(item, dict) else []
    for number, line in enumerate(lines):
        yield Line(f"{indent}- {line.text.removeprefix(indent + '  ')}", line.origin) if number == 0 else line


def yaml_text(value: Plain) -> str:
    """Return a value as YAML on one line; text is quoted where YAML would read it as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(yaml_text(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{yaml_text(key)}: {yaml_text(item)}' for key, item in value.items())}}}"
    if isinstance(value, str):
        return value if _is_plain(value) else _escaped(json.dumps(value, ensure_ascii=False))
    return str(value)


def _escaped(text: str) -> str:
    """Return text with what is not printable as YAML's escapes."""
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in text)


_OLD_BOOLEANS = ("yes", "no", "on", "off", "y", "n")


def _is_plain(text: str) -> bool:
    """Tell whether every YAML, the old 1.1 included, reads unquoted text as this text."""
    safe = re.fullmatch(r"[A-Za-z0-9/._+@](?:[A-Za-z0-9/._+@ -]*[A-Za-z0-9/._+@-])?", text)
    return (
        bool(safe)
        and isinstance(scalar(text), str)
        and not re.fullmatch(r"[0-9._+-]+|0[xo].*", text)
        and (text.lower() not in _OLD_BOOLEANS)
    )


WIDEST = 72
"""Column after which comments are not pushed further by long lines."""


def width_of(lines: list[Line]) -> int:
    """Return the column in which the origins stand, as comments."""
    return min(max((len(line.text) for line in lines if line.origin is not None), default=0), WIDEST)


def said(origin: Origin) -> str:
    """Return an origin as a comment: place and layer, or that it is a default."""
    return "default" if origin == BUILT_IN else f"{origin}, {origin.layer}"


def as_plain(model: BaseModel) -> dict[str, Any]:
    """Return a model as YAML has it, without what is not set, nor the replicas of what scales by itself."""
    found = _without_replicas(model.model_dump(by_alias=True, exclude_none=True))
    assert isinstance(found, dict)  # noqa: S101 - a model is a mapping
    return found


def _without_replicas(node: Plain) -> Plain:
    if isinstance(node, dict):
        hidden = "replicas" if "autoscaling" in node else None
        return {key: _without_replicas(child) for key, child in node.items() if key != hidden}
    if isinstance(node, list):
        return [_without_replicas(item) for item in node]
    return node
