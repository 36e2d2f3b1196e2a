"""Checking a tree of values against its model: types, known keys, accepted values.

What pydantic finds becomes problems at the place where the value, or the key, was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inferloop_deploy.config.fields import field_at, fields_at, fields_named, has_variants
from inferloop_deploy.config.hints import TYPES, expectation
from inferloop_deploy.config.source import (
    Node,
    Path,
    Sequence,
    Table,
    find,
    nearest,
    nulls,
    plain,
    quoted,
    spell,
    without_nulls,
)
from inferloop_deploy.errors import Problem
from inferloop_deploy.names import did_you_mean

M = TypeVar("M", bound=BaseModel)

LONGEST_FOUND = 60
SECRET_KEYS = re.compile(r"(?i)passw|secret|token|credential|private.?key|api.?key")


@dataclass(frozen=True)
class Fitted(Generic[M]):
    """A tree read as a model.

    What does not fit is a problem, and is left out of `tree` so that the rest can still be looked at; `pruned` are the
    paths that were left out. Without a model where nothing useful is left.
    """

    model: M | None
    tree: Table
    problems: tuple[Problem, ...] = ()
    pruned: frozenset[Path] = frozenset()


ATTEMPTS = 4
"""How often what does not fit is left out: leaving out a value can leave its table without what it needs."""


def fit(tree: Table, model: type[M]) -> Fitted[M]:
    """Return a tree as a model, with every way in which it does not fit."""
    values, has_nulls = without_nulls(tree)
    problems = tuple(_unknown_nulls(tree, model)) if has_nulls else ()
    pruned: frozenset[Path] = frozenset()
    rest = tree
    for attempt in range(ATTEMPTS):
        try:
            return Fitted(model.model_validate(values), rest, problems, pruned)
        except ValidationError as error:
            found = error.errors(include_url=False)
        if attempt == 0:
            problems += tuple(problem_of(details, tree, model) for details in found)
        gone = {path for details in found if (path := _to_prune(details, rest, model))}
        if not gone:
            break
        pruned |= gone
        rest = _prune(rest, gone)
        values = plain(rest)
    return Fitted(None, tree, problems, pruned)


def _unknown_nulls(tree: Table, model: type[BaseModel]) -> Iterator[Problem]:
    """Yield a problem for each unknown key that is null; as null stands for the default, the model does not see it."""
    for path in nulls(tree):
        fields = fields_at(model, path[:-1], tree)
        above = field_at(model, path[:-1], tree)
        if path[-1] not in fields if fields else above is not None and not above.takes_key(str(path[-1])):
            yield _unknown_key(path, tree, model)


def _to_prune(details: ErrorDetails, tree: Table, model: type[BaseModel]) -> Path:
    """Return the path to leave out because of an error: the value, or the table that misses something."""
    path = _path_in(model, details)
    missing = details["type"] in ("missing", "union_tag_not_found")
    return path[:-1] if missing and find(tree, path) is None else path


def _prune(node: Table, gone: set[Path]) -> Table:
    pruned = _pruned(node, (), gone)
    assert isinstance(pruned, Table)  # noqa: S101 - the root is never left out
    return pruned


def _pruned(node: Node, path: Path, gone: set[Path]) -> Node:
    if isinstance(node, Table):
        children = ((key, (*path, key), child) for key, child in node.entries.items())
        kept = {key: _pruned(child, place, gone) for key, place, child in children if place not in gone}
        return replace(node, entries=kept)
    if isinstance(node, Sequence):
        places = (((*path, index), child) for index, child in enumerate(node.items))
        return replace(node, items=tuple(_pruned(child, place, gone) for place, child in places if place not in gone))
    return node


def problem_of(details: ErrorDetails, tree: Table, model: type[BaseModel]) -> Problem:
    """Return one of pydantic's errors as a problem, at the place in the tree that it is about."""
    path = _path_in(model, details)
    kind = details["type"]
    node = find(tree, path)
    if kind == "extra_forbidden":
        return _unknown_key(path, tree, model)
    if kind == "missing" or (node is None and kind == "union_tag_not_found"):
        return _missing(path, tree, model)
    if kind == "union_tag_not_found":
        return _missing((*path, "type"), tree, model)
    if kind == "union_tag_invalid":
        path, node = (*path, "type"), find(tree, (*path, "type"))
    expected, hint = expectation(details, node, field_at(model, path, tree))
    found = None if node is None else describe(node, path)
    origin = nearest(tree, path).origin
    if _is_about_key(details) and node is not None:
        found, origin = quoted(str(path[-1])), node.key or origin
    check = "wrong-type" if kind in TYPES else "accepted-values"
    message = "wrong type" if check == "wrong-type" else "not accepted"
    return Problem(
        origin.file, origin.line, origin.column, spell(path, tree), message,
        found, expected, hint, check,
    )  # fmt: skip


def _path_in(model: type[BaseModel], details: ErrorDetails) -> Path:
    """Return pydantic's location without the steps that are no part of the document.

    These are the kind of a list's item, which follows its index, and `[key]` where a key itself is meant.
    """
    location = details["loc"][:-1] if _is_about_key(details) else details["loc"]
    path: list[int | str] = []
    skip = False
    for step in location:
        if skip:
            skip = False
            continue
        path.append(step)
        skip = isinstance(step, int) and has_variants(model, tuple(path))
    return tuple(path)


def _is_about_key(details: ErrorDetails) -> bool:
    return details["loc"][-1:] == ("[key]",) and details["type"] != "extra_forbidden"


def describe(node: Node, path: Path = ()) -> str:
    """Return a value as messages show it, shortened, and left out where it may be a secret."""
    if isinstance(node, Table):
        return "a mapping" if node.entries else "an empty mapping"
    if isinstance(node, Sequence):
        return "a list" if node.items else "an empty list"
    if any(isinstance(step, str) and SECRET_KEYS.search(step) for step in path[-1:]):
        return "a value that is not shown here"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return quoted(node.value if len(node.value) <= LONGEST_FOUND else node.value[:LONGEST_FOUND] + "...")
    return str(node.value)


def _unknown_key(path: Path, tree: Table, model: type[BaseModel]) -> Problem:
    key = str(path[-1])
    node = find(tree, path)
    assert node is not None  # noqa: S101 - a key that is not there cannot be unknown
    place = node.key or node.origin
    known = sorted(fields_at(model, path[:-1], tree))
    return Problem(
        place.file, place.line, place.column, spell(path, tree), "unknown key", quoted(key),
        f"one of {', '.join(known)}" if known else None,
        did_you_mean(key, known), "unknown-key",
    )  # fmt: skip


def _missing(path: Path, tree: Table, model: type[BaseModel]) -> Problem:
    above = nearest(tree, path[:-1])
    place = above.key or above.origin
    fields = fields_named(model, path, tree)
    kinds = [kind for field in fields for kind in field.choices]
    expected = f"one of {', '.join(kinds)}" if len(fields) > 1 and kinds else None
    hint = fields[0].description if len(fields) == 1 else None
    return Problem(place.file, place.line, place.column, spell(path, tree), "missing", None, expected, hint, "missing")
