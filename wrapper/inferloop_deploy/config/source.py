"""A configuration as it was written: values that know their file, line, column and layer.

A document is a tree of three kinds of node. Trees are never changed; merging makes new ones that share what they can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

Layer = Literal["default", "environment", "cloud", "service", "override"]
"""Who said it, the weakest first: built-in default, environment.yaml, the cloud's file, the service, its override."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a document: keys, and indexes of list items."""

Plain: TypeAlias = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None
"""What YAML can say, without its places."""


class Origin(NamedTuple):
    """Where a value was written; a built-in default has neither file nor line."""

    file: str
    line: int
    column: int
    layer: Layer

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else "built-in default"


BUILT_IN = Origin(file="", line=0, column=0, layer="default")
"""Origin of a value that no file names."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `key` is where its key stands, if it has one."""

    value: bool | int | float | str | None
    origin: Origin
    key: Origin | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; one that `resets` takes nothing from the layers below it."""

    entries: dict[str, Node]
    origin: Origin
    key: Origin | None = None
    resets: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; one that `resets` takes nothing from the layers below it."""

    items: tuple[Node, ...]
    origin: Origin
    key: Origin | None = None
    resets: bool = False


Node: TypeAlias = Scalar | Table | Sequence


def is_null(node: Node) -> bool:
    """Tell whether a node is an explicit null, which stands for the default."""
    return isinstance(node, Scalar) and node.value is None


def plain(node: Node) -> Plain:
    """Return the values alone; a key that is null is left out, because null stands for the default.

    A whole number with a decimal point, `3.0`, is a whole number, as JSON Schema and Terraform have it.
    """
    return without_nulls(node)[0]


def without_nulls(node: Node) -> tuple[Plain, bool]:
    """Return the values alone, and whether a key was left out because it is null."""
    left_out: list[str] = []
    return _plain(node, left_out), bool(left_out)


def _plain(node: Node, left_out: list[str]) -> Plain:
    if isinstance(node, Scalar):
        value = node.value
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(node, Table):
        found: dict[str, Plain] = {}
        for key, child in node.entries.items():
            inner = _plain(child, left_out)
            if inner is None:
                left_out.append(key)
            else:
                found[key] = inner
        return found
    return [_plain(child, left_out) for child in node.items]


def nulls(node: Node, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every explicit null under a key."""
    children = (
        node.entries.items() if isinstance(node, Table) else enumerate(node.items) if isinstance(node, Sequence) else ()
    )
    for step, child in children:
        if isinstance(child, Scalar):
            if child.value is None and isinstance(step, str):
                yield (*path, step)
        else:
            yield from nulls(child, (*path, step))


def find(node: Node, path: Path) -> Node | None:
    """Return the node at a path, or None where there is none."""
    for step in path:
        child = child_of(node, step)
        if child is None:
            return None
        node = child
    return node


def child_of(node: Node, step: str | int) -> Node | None:
    """Return the child that a step leads to: a key, an index, or the name of a list's named item."""
    if isinstance(node, Table):
        return node.entries.get(step) if isinstance(step, str) else None
    if isinstance(node, Sequence):
        if isinstance(step, int):
            return node.items[step] if 0 <= step < len(node.items) else None
        return next((item for item in node.items if name_of(item) == step), None)
    return None


def name_of(node: Node) -> str | None:
    """Return the `name` of a list's item, or None where it has none."""
    if isinstance(node, Table):
        name = node.entries.get("name")
        if isinstance(name, Scalar) and isinstance(name.value, str):
            return name.value
    return None


def nearest(node: Node, path: Path) -> Node:
    """Return the node at a path, or the deepest one above it that was written."""
    for step in path:
        child = child_of(node, step)
        if child is None:
            break
        node = child
    return node


def origins(node: Node, path: Path = ()) -> dict[Path, Origin]:
    """Return where every table, list and value of a tree was written, by path."""
    found: dict[Path, Origin] = {path: node.origin}
    if isinstance(node, Table):
        for key, child in node.entries.items():
            found |= origins(child, (*path, key))
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            found |= origins(child, (*path, index))
    return found


def printable(text: str) -> str:
    """Return text without what a terminal would act on: other characters than printable ones are escaped."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def quoted(text: str) -> str:
    """Return text in quotes, as messages show it."""
    return '"' + printable(text.replace('"', '\\"')) + '"'


def spell(path: Path, node: Node | None = None) -> str:
    """Return a path as people write it: `spec.dependencies[postgres].size`; list items by name where `node` has one."""
    said = ""
    for step in path:
        child = None if node is None else child_of(node, step)
        if isinstance(step, int):
            name = None if child is None else name_of(child)
            said += f"[{step if name is None else printable(name)}]"
        else:
            said += f".{printable(step)}" if said else printable(step)
        node = child
    return said


def without(table: Table, key: str) -> Table:
    """Return a table without one of its keys."""
    return replace(table, entries={name: child for name, child in table.entries.items() if name != key})
