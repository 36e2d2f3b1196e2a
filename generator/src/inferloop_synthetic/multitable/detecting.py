"""Guess which tables of a folder refer to each other, by names and values; the guess is shown and can be edited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.data.reading import FORMATS, read_table
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.multitable.design import DESIGN_FILE, Design, Relationship, TableEntry, design_yaml

PLAIN_KEYS = ("id", "key", "uuid", "code")
MOSTLY = 0.5
"""A column named like another table's key, of whose values at least so many are keys there, is a reference that is broken."""


def detect_design(folder: Path) -> Design:
    """Return the design of the tables in a folder; raises InputError where there is none."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in FORMATS and not file.name.startswith("."))
    if not files:
        raise InputError(f"{folder}: there are no tables ({', '.join(FORMATS)}) in this folder")
    names = [file.stem for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{folder}: there are two files for table {twice!r}")
    return design_of({file.stem: read_table(file) for file in files}, {file.stem: file.name for file in files})


def design_of(tables: Mapping[str, pa.Table], files: Mapping[str, str]) -> Design:
    """Return the design that names and values suggest.

    Raises InputError where a column is named like another table's key and most of its values, but not all, are keys there:
    tables that were drawn without that relationship would no longer fit together.
    """
    keys = {name: _key(name, table) for name, table in tables.items()}
    entries = {name: TableEntry(file=files[name], key=keys[name]) for name in tables}
    found: list[Relationship] = []
    broken: list[tuple[Relationship, pa.ChunkedArray]] = []
    for child, table in tables.items():
        for column in table.column_names:
            doubtful = None
            for parent, key in keys.items():
                if key is None or parent == child or column == keys[child] or not _named(column, parent, key):
                    continue
                if _closes_circle(found, child, parent):
                    continue
                relation = Relationship(child=child, column=column, parent=parent)
                orphans = _orphans(table[column], tables[parent][key])
                if orphans is not None and not len(orphans):
                    found.append(relation)
                    break
                if orphans is not None and len(orphans) <= (1 - MOSTLY) * _present(table[column]):
                    doubtful = doubtful or (relation, orphans)
            else:
                broken += [doubtful] if doubtful else []
    if broken:
        relation, orphans = broken[0]
        rows = _present(tables[relation.child][relation.column])
        without = design_yaml(Design(tables=entries, relationships=found), relationships=True)
        raise InputError(
            f"{relation.child}.{relation.column}: {len(orphans):,} of {rows:,} rows name no row of {relation.parent}, the first "
            f"{orphans[0].as_py()!r}, which is not in {relation.parent}.{keys[relation.parent]}. If the column refers to "
            f"{relation.parent}, remove these rows; if it does not, write what holds into {DESIGN_FILE} beside the tables:\n"
            f"{without}"
        )
    return Design(tables=entries, relationships=found)


def singular(name: str) -> str:
    """Return the singular of an English plural, roughly."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if name.lower().endswith(ending) and not name.lower().endswith("ss"):
            return name[: -len(ending)] + instead
    return name


def _key(name: str, table: pa.Table) -> str | None:
    one = singular(name).lower()
    wanted = [*PLAIN_KEYS, *(f"{stem}_{key}" for stem in (one, name.lower()) for key in PLAIN_KEYS), f"{one}id"]
    for column in sorted(table.column_names, key=lambda c: wanted.index(c.lower()) if c.lower() in wanted else len(wanted)):
        values = table[column]
        if column.lower() in wanted and not values.null_count and pc.count_distinct(values).as_py() == len(values):
            return str(column)
    return None


def _named(column: str, parent: str, key: str) -> bool:
    one, word = singular(parent).lower(), column.lower()
    if word == key.lower():
        return word not in PLAIN_KEYS
    return any(word in {f"{stem}_{key.lower()}", f"{stem}{key.lower()}"} for stem in (one, parent.lower()))


def _orphans(column: pa.ChunkedArray, key: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the values that are no keys; None where the column cannot name keys at all."""
    present = column.drop_null()
    if column.type != key.type or not len(present):
        return None
    return present.filter(pc.invert(pc.is_in(present, value_set=key.combine_chunks())))


def _present(column: pa.ChunkedArray) -> int:
    return len(column) - int(column.null_count)


def _closes_circle(found: list[Relationship], child: str, parent: str) -> bool:
    above = {parent}
    while True:
        more = above | {r.parent for r in found if r.child in above}
        if child in more:
            return True
        if more == above:
            return False
        above = more
