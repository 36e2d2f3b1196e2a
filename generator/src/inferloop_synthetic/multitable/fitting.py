"""Learn one model per table, each of the table's columns and of what ties it to its parents and children."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from inferloop_synthetic.engine import Model
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.formulas import formula_inputs
from inferloop_synthetic.multitable.design import Design, Relationship
from inferloop_synthetic.multitable.grouping import COUNTED, LEARNED_KINDS, Groups, embed, find_families, find_groups
from inferloop_synthetic.multitable.keys import KeyMaker, key_maker
from inferloop_synthetic.multitable.reading import MISSING, RealTables
from inferloop_synthetic.schema import ColumnSchema, Constraint, Formula, Kind, TableSchema, constraint_columns
from inferloop_synthetic.tabular.arrays import Floats, Ints
from inferloop_synthetic.tabular.engine import TabularEngine

MARK = "#"
CONTEXT = f"{MARK}context"
ORPHAN = "orphan"


def children_column(relation: Relationship) -> str:
    """Return the name of the parent's column that counts the rows naming it."""
    return f"{COUNTED}{relation.child}.{relation.column}"


def family_column(relation: Relationship) -> str:
    """Return the name of the parent's column that says what its children are like."""
    return f"{MARK}family {relation.child}.{relation.column}"


def group_column(relation: Relationship) -> str:
    """Return the name of the child's column that says which group of rows it wants to name."""
    return f"{MARK}group {relation.column}"


def labels(groups: Ints) -> pa.Array:
    """Return the texts of group numbers; a negative number is a row without a parent."""
    return pa.array([ORPHAN if g < 0 else f"g{g}" for g in groups.tolist()])


def derived_seed(seed: int, name: str) -> int:
    """Return the seed of one purpose: two purposes never share a random stream."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7])


@dataclass(frozen=True)
class FittedTable:
    """One table: how its rows, keys and references are made."""

    name: str
    model: Model | None
    """Of the columns and what ties them; None for a table that is kept, or that has nothing but references."""
    kept: pa.Table | None
    order: tuple[str, ...]
    """The table's columns."""
    rows: int
    """Rows of the real table."""
    keys: KeyMaker | None
    orphans: float
    """Rows without a main parent, for each row with one."""


@dataclass(frozen=True)
class FittedLink:
    """One relationship."""

    relation: Relationship
    main: bool
    groups: Groups
    unique: bool
    """Whether no child names the same pair of main and this parent twice."""
    mean: float
    """Real children of a parent on average."""
    childless: float
    """Share of real parents without a child."""
    shares: Floats
    """Share of the children that name each group."""


@dataclass(frozen=True)
class Fitted:
    """A design with everything that was learned."""

    design: Design
    tables: Mapping[str, FittedTable]
    links: Mapping[tuple[str, str], FittedLink]


def fit_tables(design: Design, real: RealTables, seed: int = 0) -> Fitted:
    """Learn from the tables of a design; raises InputError naming the table and column that cannot be learned."""
    for name, table in real.tables.items():
        for column in table.column_names:
            if column.startswith(MARK):
                raise InputError(f"table {name}: column {column!r}: names that begin with {MARK} are set aside; rename it")
    own = {
        name: embed(real.tables[name].select(learned_names(design, real, name)), real.schemas[name].columns)
        for name in design.tables
    }
    augmented: dict[str, pa.Table] = {}
    likeness: dict[str, Floats] = {}
    for name in reversed(design.order()):
        augmented[name] = _with_children(design, real, name, likeness, own, seed)
        likeness[name] = embed(augmented[name], _augmented_columns(real.schemas[name], augmented[name]))
    links: dict[tuple[str, str], FittedLink] = {}
    fitted: dict[str, FittedTable] = {}
    for name in design.order():
        for relation in design.parents(name):
            place = relation.child, relation.column
            seen = np.column_stack([likeness[name], *_other_parents(design, real, relation, own)])
            link = links[place] = _link(design, real, augmented, relation, seen, seed)
            named = real.links[place]
            group = np.where(named >= 0, link.groups.of(augmented[relation.parent])[named], MISSING)
            column = CONTEXT if link.main else group_column(relation)
            if len(np.unique(group)) > 1:
                augmented[name] = augmented[name].append_column(column, labels(group))
        fitted[name] = _table(design, real, name, augmented[name], seed)
    return Fitted(design, fitted, links)


def learned_names(design: Design, real: RealTables, name: str) -> list[str]:
    """Return a table's columns that are neither its key nor references."""
    apart = {design.tables[name].key} | {r.column for r in design.parents(name)}
    return [column.name for column in real.schemas[name].columns if column.name not in apart]


def child_counts(real: RealTables, relation: Relationship) -> Ints:
    """Return how many rows name each row of the parent."""
    link = real.links[relation.child, relation.column]
    return np.bincount(link[link >= 0], minlength=real.tables[relation.parent].num_rows).astype(np.int64)


def _other_parents(design: Design, real: RealTables, relation: Relationship, own: Mapping[str, Floats]) -> list[Floats]:
    """Return what the rows that a child names besides are like: which of them go with which must be kept."""
    others = []
    for other in design.parents(relation.child):
        if other != relation:
            link = real.links[other.child, other.column]
            others.append(np.where((link >= 0)[:, None], own[other.parent][link], 0))
    return others


def _with_children(
    design: Design, real: RealTables, name: str, likeness: Mapping[str, Floats], own: Mapping[str, Floats], seed: int
) -> pa.Table:
    table = real.tables[name].select(learned_names(design, real, name))
    for relation in design.children(name):
        count = child_counts(real, relation)
        # None is missing and not nought: a model draws missing exactly as often, and never interpolates into it.
        table = table.append_column(children_column(relation), pa.array(count, mask=count == 0))
        if relation != design.parents(relation.child)[0]:
            continue
        link = real.links[relation.child, relation.column]
        seen = np.column_stack([likeness[relation.child], *_other_parents(design, real, relation, own)])
        family = find_families(link, seen, table.num_rows, derived_seed(seed, "families") % 2**31)
        if family is not None:
            texts = pa.array([None if f < 0 else f"f{f}" for f in family.tolist()], pa.string())
            table = table.append_column(family_column(relation), texts)
    return table


def _link(
    design: Design, real: RealTables, augmented: Mapping[str, pa.Table], relation: Relationship, likeness: Floats, seed: int
) -> FittedLink:
    parent = augmented[relation.parent]
    main = design.parents(relation.child)[0]
    schema = real.schemas[relation.parent]
    kinds = {column.name: column.kind for column in schema.columns}
    names = [n for n in parent.column_names if n.startswith(MARK) or kinds[n] in LEARNED_KINDS]
    link = real.links[relation.child, relation.column]
    groups = find_groups(parent, names, link, likeness, derived_seed(seed, "groups") % 2**31)
    unique = False
    if relation != main:
        pairs = np.column_stack([real.links[main.child, main.column], link])
        pairs = pairs[(pairs >= 0).all(1)]
        unique = len(pairs) > 1 and len(np.unique(pairs, axis=0)) == len(pairs)
    counts = child_counts(real, relation)
    per_group = np.bincount(groups.of(parent), counts, groups.count)
    shares = per_group / max(per_group.sum(), 1)
    return FittedLink(relation, relation == main, groups, unique, float(counts.mean()), float((counts == 0).mean()), shares)


def _table(design: Design, real: RealTables, name: str, augmented: pa.Table, seed: int) -> FittedTable:
    entry, parents, table = design.tables[name], design.parents(name), real.tables[name]
    order = tuple(column.name for column in real.schemas[name].columns)
    keys = None
    if entry.key is not None:
        key_seed = derived_seed(seed, f"keys {name}")
        keys = key_maker(f"{name}.{entry.key}", table[entry.key], keep=entry.keep, seed=key_seed)
    if entry.keep:
        kept = augmented
        for column in table.column_names:
            if column not in augmented.column_names:
                kept = kept.append_column(column, table[column])
        return FittedTable(name, None, kept, tuple(table.column_names), table.num_rows, keys, 0.0)
    orphans = 0.0
    if parents:
        link = real.links[name, parents[0].column]
        orphans = float((link < 0).sum() / max((link >= 0).sum(), 1))
    model = None
    if augmented.num_columns:
        schema = _augmented_schema(real.schemas[name], augmented)
        try:
            model = TabularEngine().fit(
                augmented,
                schema,
                seed=derived_seed(seed, f"fit {name}"),
                first=[CONTEXT] if CONTEXT in augmented.column_names else [],
            )
        except InputError as error:
            raise InputError(f"table {name}: {error}") from error
    return FittedTable(name, model, None, order, table.num_rows, keys, orphans)


def _augmented_columns(schema: TableSchema, augmented: pa.Table) -> list[ColumnSchema]:
    return [
        ColumnSchema(name=n, kind=Kind.integer if pa.types.is_integer(augmented.schema.field(n).type) else Kind.category)
        if n.startswith(MARK)
        else schema.column(n)
        for n in augmented.column_names
    ]


def _augmented_schema(schema: TableSchema, augmented: pa.Table) -> TableSchema:
    kept = [c for c in schema.constraints if set(_mentioned(c)) <= set(augmented.column_names)]
    return TableSchema(columns=_augmented_columns(schema, augmented), constraints=kept)


def _mentioned(constraint: Constraint) -> list[str]:
    inputs = formula_inputs(constraint.expression) if isinstance(constraint, Formula) else []
    return [*constraint_columns(constraint), *inputs]
