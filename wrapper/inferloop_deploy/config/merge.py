"""Laying one configuration over another: maps merge, lists of named items merge by name, everything else is replaced.

An explicit null stands for the built-in default: it takes away whatever the layers below said. Laying layers over each
other is associative, so that it does not matter in which order they are brought together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce

from inferloop_deploy.config.source import Node, Scalar, Sequence, Table, name_of


def merge(base: Node, override: Node, named: frozenset[str], key: str | None = None) -> Node:
    """Return `base` with `override` laid over it; the origin of each value is the one that won.

    `named` has the keys whose lists hold named items; `key` is the key that the two nodes stand under.
    """
    if isinstance(override, Table):
        if not isinstance(base, Table):
            return replace(override, resets=True)
        return override if override.resets else _merge_tables(base, override, named)
    if isinstance(override, Sequence) and key in named:
        if not isinstance(base, Sequence):
            return replace(override, resets=True)
        return override if override.resets else _merge_named(base, override, named)
    return override


def merge_all(layers: Iterable[Table], named: frozenset[str]) -> Table:
    """Return all layers laid over each other, the weakest first."""

    def lay(base: Table, override: Table) -> Table:
        merged = merge(base, override, named)
        assert isinstance(merged, Table)  # noqa: S101 - two tables make a table
        return merged

    return reduce(lay, layers)


def _merge_tables(base: Table, override: Table, named: frozenset[str]) -> Table:
    entries = dict(base.entries)
    for key, child in override.entries.items():
        below = entries.get(key)
        entries[key] = child if below is None else merge(below, child, named, key)
    return Table(entries, override.origin, override.key, base.resets)


def _merge_named(base: Sequence, override: Sequence, named: frozenset[str]) -> Sequence:
    """Return the items of both, in the order of `base`, new ones last; an item without a name stands for itself."""
    items = list(base.items)
    places = {name: index for index, item in enumerate(items) if (name := name_of(item)) is not None}
    for item in override.items:
        name = name_of(item)
        if name in places:
            items[places[name]] = merge(items[places[name]], item, named)
        elif name is not None or item not in items:
            items.append(item)
            if name is not None:
                places[name] = len(items) - 1
    return Sequence(tuple(items), override.origin, override.key, base.resets)


def expand_short_forms(node: Node, key: str | None = None) -> Node:
    """Return a tree with its short forms written out, so that they merge: `gpu: "1"` as `gpu: {count: 1}`.

    What has no short form is the same object as before.
    """
    if isinstance(node, Table):
        changed = {
            name: expanded
            for name, child in node.entries.items()
            if not isinstance(child, Scalar) and (expanded := expand_short_forms(child, name)) is not child
        }
        if key == "resources" and isinstance(gpu := node.entries.get("gpu"), Scalar):
            count = _count(gpu.value)
            if count is not None:
                changed["gpu"] = Table({"count": Scalar(count, gpu.origin, gpu.key)}, gpu.origin, gpu.key)
        return replace(node, entries={**node.entries, **changed}) if changed else node
    if isinstance(node, Sequence):
        items = tuple(item if isinstance(item, Scalar) else expand_short_forms(item) for item in node.items)
        return (
            node
            if all(ours is theirs for ours, theirs in zip(items, node.items, strict=True))
            else replace(node, items=items)
        )
    return node


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,2}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
