"""Read the tables of a design and make sure that their references hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.data.reading import read_table
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.multitable.design import Design, Relationship
from inferloop_synthetic.schema import TableSchema, read_schema
from inferloop_synthetic.tabular.arrays import Ints

MISSING = -1


@dataclass(frozen=True)
class RealTables:
    """The tables, their schemas, and for each relationship the row of the parent that each row of the child names."""

    tables: Mapping[str, pa.Table]
    schemas: Mapping[str, TableSchema]
    links: Mapping[tuple[str, str], Ints]
    """By child and column; MISSING where the reference is missing."""


def read_tables(design: Design, folder: Path) -> RealTables:
    """Read the files of a design, which lie seen from `folder`; raises InputError naming table and column."""
    tables = {name: read_table(folder / entry.file) for name, entry in design.tables.items()}
    schemas = {
        name: read_schema(folder / entry.table_schema) for name, entry in design.tables.items() if entry.table_schema is not None
    }
    return check_tables(design, tables, schemas)


def check_tables(design: Design, tables: Mapping[str, pa.Table], schemas: Mapping[str, TableSchema] | None = None) -> RealTables:
    """Return the tables with their links; raises InputError where a column is not there or a reference does not hold."""
    found = dict(schemas or {})
    for name, entry in design.tables.items():
        if name not in tables:
            raise InputError(f"table {name!r} of the design was not given")
        if entry.key is not None and entry.key not in tables[name].column_names:
            raise InputError(f"table {name}: there is no column {entry.key!r}, which is to be its key")
        found.setdefault(name, detect_schema(tables[name]))
    links = {}
    for relation in design.relationships:
        if relation.column not in tables[relation.child].column_names:
            raise InputError(
                f"table {relation.child}: there is no column {relation.column!r}, which is to name {relation.parent}"
            )
        links[relation.child, relation.column] = find_links(design, relation, tables)
    return RealTables(tables, found, links)


def find_links(design: Design, relation: Relationship, tables: Mapping[str, pa.Table]) -> Ints:
    """Return the parent's row that each child names; raises InputError where there is none."""
    key = design.tables[relation.parent].key
    parent, child = _flat(tables[relation.parent][key]), _flat(tables[relation.child][relation.column])
    place = f"{relation.child}.{relation.column}"
    if pa.types.is_null(child.type):
        raise InputError(f"{place}: every reference is missing")
    if pa.types.is_string(parent.type) != pa.types.is_string(child.type):
        raise InputError(f"{place} holds {child.type}, but the key {relation.parent}.{key} that it names holds {parent.type}")
    if child.type != parent.type:
        child = child.cast(parent.type)
    row = pc.index_in(child, value_set=parent)
    dangling = child.filter(pc.and_(pc.is_null(row), pc.is_valid(child)))
    if len(dangling):
        raise InputError(
            f"{place}: {len(dangling):,} of {len(child):,} rows name no row of {relation.parent}, "
            f"the first {dangling[0].as_py()!r}, which is not in {relation.parent}.{key}; "
            "remove these rows, or leave the relationship out"
        )
    return np.asarray(pc.fill_null(row, MISSING).to_numpy(zero_copy_only=False), np.int64)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    flat = column.combine_chunks()
    return flat.cast(flat.type.value_type) if pa.types.is_dictionary(flat.type) else flat
