"""Draw the tables of a fitted design one after the other, block by block: memory is that of a block.

What children need to know of their parents' rows (how many children, which group) lies in files of a few bytes per row, so that
any block of a table can be drawn alone, and gets the same rows whichever others are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.engine import Condition, Model
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.multitable.design import Relationship
from inferloop_synthetic.multitable.fitting import (
    CONTEXT,
    ORPHAN,
    Fitted,
    FittedLink,
    FittedTable,
    children_column,
    derived_seed,
    group_column,
)
from inferloop_synthetic.multitable.grouping import MOST_GROUPS
from inferloop_synthetic.multitable.matching import hand_out, part_twins, stub_rows
from inferloop_synthetic.tabular.arrays import Floats, Ints

BLOCK_ROWS = 65_536
PIECE_ROWS = 1_000_000


@dataclass
class Spool:
    """What is kept of the parents' rows for one relationship: running sums of children, and groups, in two files."""

    folder: Path
    name: str
    total: int = 0
    parents: int = 0
    childless: int = 0

    def add(self, counts: Ints, groups: Ints) -> None:
        """Append rows."""
        self.parents += len(counts)
        self.childless += int((counts == 0).sum())
        ends = self.total + np.cumsum(counts)
        for kind, values in (("ends", ends), ("groups", groups)):
            with self._path(kind).open("ab") as file:
                values.astype(np.int64).tofile(file)
        self.total = int(ends[-1]) if len(ends) else self.total

    def ends(self) -> Ints:
        """Return the running sums, read from the file as they are needed."""
        return self._read("ends")

    def groups(self) -> Ints:
        """Return the groups, read from the file as they are needed."""
        return self._read("groups")

    def weigh(self, shares: Floats) -> Floats:
        """Return running sums in which the children of each group have the share that they had among the rows learned from.

        How many children the rows of a small table have is known roughly only; which share a group has is known from them all.
        """
        groups, ends = self.groups(), self.ends()
        drawn = np.zeros(len(shares))
        for at, count in self._pieces(ends):
            drawn += np.bincount(groups[at : at + len(count)], count, len(shares))
        factor = np.divide(shares * drawn.sum(), drawn, out=np.ones(len(shares)), where=drawn > 0)
        total = 0.0
        self._path("weighed").unlink(missing_ok=True)
        with self._path("weighed").open("ab") as file:
            for at, count in self._pieces(ends):
                sums = total + np.cumsum(count * factor[groups[at : at + len(count)]])
                sums.tofile(file)
                total = float(sums[-1])
        return np.memmap(self._path("weighed"), np.float64, "r") if len(ends) else np.zeros(0)

    @staticmethod
    def _pieces(ends: Ints) -> Iterator[tuple[int, Ints]]:
        before = 0
        for at in range(0, len(ends), PIECE_ROWS):
            piece = np.asarray(ends[at : at + PIECE_ROWS])
            yield at, np.diff(piece, prepend=before)
            before = int(piece[-1])

    def _path(self, kind: str) -> Path:
        return self.folder / f"{self.name}.{kind}"

    def _read(self, kind: str) -> Ints:
        path = self._path(kind)
        if not path.exists() or not path.stat().st_size:
            return np.zeros(0, np.int64)
        return np.memmap(path, np.int64, "r")


@dataclass(frozen=True)
class Block:
    """Rows of a child table: its number, first row, and the parents' rows from `first_parent` to `last_parent`."""

    number: int
    first: int
    rows: int
    first_parent: int
    last_parent: int
    """Equal to `first_parent` for a block of rows without a parent."""


class TablesDrawing:
    """One drawing of all tables of a fitted design.

    `scale` multiplies the rows of the tables that refer to none; the others follow. `folder` takes the files between tables.
    """

    def __init__(self, fitted: Fitted, seed: int, folder: Path, scale: float = 1.0) -> None:
        if not 0 < scale < 1e9:
            raise InputError(f"scale {scale}: a number between 0 and 1,000,000,000 is expected")
        self._fitted, self._seed, self._folder, self._scale = fitted, seed, folder, scale
        self.spools: dict[tuple[str, str], Spool] = {}
        """By child and column: what was drawn for each relationship."""

    def tables(self) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """Yield each table's name and its batches, parents first; use a table's batches up before asking for the next."""
        for number, name in enumerate(self._fitted.design.order()):
            for at, relation in enumerate(self._fitted.design.children(name)):
                self.spools[relation.child, relation.column] = Spool(self._folder, f"{number}-{at}")
            drawer = _Drawer(self._fitted, self._fitted.tables[name], self.spools, derived_seed(self._seed, name), self._scale)
            yield name, drawer.batches()
            if not drawer.finished:
                raise RuntimeError(f"table {name} was not used up before the next was asked for")


class _Drawer:
    """Draws one table."""

    def __init__(self, fitted: Fitted, table: FittedTable, spools: dict[tuple[str, str], Spool], seed: int, scale: float) -> None:
        self._fitted, self._table, self._spools, self._seed, self._scale = fitted, table, spools, seed, scale
        self._parents = fitted.design.parents(table.name)
        self._children = fitted.design.children(table.name)
        self.finished = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the table's rows."""
        at = 0
        for number, (rows, references) in enumerate(self._blocks()):
            self._remember(rows, number)
            yield self._finished(rows, references, at)
            at += rows.num_rows
        self.finished = True

    # -------------------------------------------------------------------------------------------------------------- blocks

    def _blocks(self) -> Iterator[tuple[pa.RecordBatch, dict[str, pa.Array]]]:
        if self._table.kept is not None:
            yield from ((batch, {}) for batch in self._table.kept.combine_chunks().to_batches(BLOCK_ROWS))
        elif self._parents:
            yield from self._child_blocks()
        else:
            rows = max(round(self._table.rows * self._scale), 1)
            for number, first in enumerate(range(0, rows, BLOCK_ROWS)):
                yield self._sample(min(BLOCK_ROWS, rows - first), number, first, None), {}

    def _child_blocks(self) -> Iterator[tuple[pa.RecordBatch, dict[str, pa.Array]]]:
        main, *others = (self._fitted.links[r.child, r.column] for r in self._parents)
        spool = self._spools[main.relation.child, main.relation.column]
        ends, groups = spool.ends(), spool.groups()
        orphans = round(spool.total * self._table.orphans)
        total = spool.total + orphans
        weighed = {
            link.relation.column: self._spools[self._table.name, link.relation.column].weigh(link.shares) for link in others
        }
        made = False
        for block in child_blocks(ends, orphans):
            made = True
            parent = np.full(block.rows, -1, np.int64)
            if block.last_parent > block.first_parent:
                part = np.asarray(ends[block.first_parent : block.last_parent])
                counts = np.diff(part, prepend=block.first)
                parent = np.repeat(np.arange(block.first_parent, block.last_parent), counts)
            group = np.where(parent >= 0, groups[parent] if len(groups) else 0, -1)
            rows = self._given_groups(block, group)
            references = {main.relation.column: self._keys(main.relation, parent)}
            for link in others:
                references[link.relation.column] = self._second(link, weighed[link.relation.column], rows, block, total, parent)
            yield rows, references
        if not made:
            yield self._sample(0, 0, 0, None), {r.column: self._keys(r, np.zeros(0, np.int64)) for r in self._parents}

    def _given_groups(self, block: Block, group: Ints) -> pa.RecordBatch:
        """Draw a row for each group number, in order."""
        model = self._table.model
        if model is None or not any(column.name == CONTEXT for column in model.schema.columns):
            return self._sample(block.rows, block.number, block.first, None)
        order = np.argsort(group, kind="stable")
        parts, at = [], 0
        for g, count in zip(*np.unique(group, return_counts=True), strict=True):
            label = ORPHAN if g < 0 else f"g{g}"
            # Groups have shards of their own; number 0 is that of orphans.
            shard = block.number * (MOST_GROUPS + 1) + int(g) + 1
            parts.append(self._sample(int(count), shard, block.first + at, label))
            at += int(count)
        drawn = pa.Table.from_batches([_plain(part) for part in parts]).combine_chunks().to_batches()[0]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return drawn.take(pa.array(back))

    def _sample(self, rows: int, shard: int, first: int, context: str | None) -> pa.RecordBatch:
        model = self._table.model
        if model is None:
            # A table of nothing but references; a column that is dropped later carries the number of rows.
            return pa.RecordBatch.from_arrays([pa.nulls(rows)], ["#rows"])
        given = None if context is None else {CONTEXT: Condition((context,))}
        try:
            return _one(model, rows, self._seed, shard, given, first)
        except InputError:
            if context != ORPHAN:
                raise
            # Rows without a parent were too few to be learned apart: draw as for any parent.
            return _one(model, rows, self._seed, shard, None, first)

    # ---------------------------------------------------------------------------------------------------------- references

    def _keys(self, relation: Relationship, rows: Ints) -> pa.Array:
        maker = self._fitted.tables[relation.parent].keys
        assert maker is not None  # noqa: S101  (the design has been checked)
        keys = maker.keys(np.maximum(rows, 0))
        return pc.if_else(pa.array(rows >= 0), keys, pa.scalar(None, keys.type)) if (rows < 0).any() else keys

    def _second(self, link: FittedLink, ends: Floats, rows: pa.RecordBatch, block: Block, total: int, main: Ints) -> pa.Array:
        groups = self._spools[link.relation.child, link.relation.column].groups()
        rng = np.random.default_rng([self._seed, block.number, 90])
        offered = stub_rows(block.first, block.rows, total, ends, self._seed)
        named = np.full(block.rows, -1, np.int64)
        column = group_column(link.relation)
        if column in rows.schema.names:
            texts = rows[column].cast(pa.string()).to_pylist()
            wanted = np.array([-1 if t in {None, ORPHAN} else int(t[1:]) for t in texts], np.int64)
        else:
            wanted = np.zeros(block.rows, np.int64)
        has = np.flatnonzero(wanted >= 0)
        if len(has) and len(ends):
            # Rows that name nobody leave their stubs unused.
            stubs = offered[has]
            named[has] = stubs[hand_out(wanted[has], np.asarray(groups[stubs]), rng)]
            if link.unique:
                both = has[main[has] >= 0]
                place = f"{link.relation.child}.{link.relation.column}"
                named[both] = part_twins(main[both], named[both], len(ends), rng, place)
        return self._keys(link.relation, named)

    # ------------------------------------------------------------------------------------------------------------ children

    def _remember(self, rows: pa.RecordBatch, number: int) -> None:
        for relation in self._children:
            counts = np.asarray(pc.fill_null(rows[children_column(relation)], 0).to_numpy(zero_copy_only=False), np.int64)
            if self._table.kept is not None and self._scale != 1:
                spread = np.random.default_rng([self._seed, number, 91]).random(len(counts))
                counts = np.floor(counts * self._scale + spread).astype(np.int64)
            link = self._fitted.links[relation.child, relation.column]
            self._spools[relation.child, relation.column].add(np.maximum(counts, 0), link.groups.of(rows))

    def _finished(self, rows: pa.RecordBatch, references: dict[str, pa.Array], first: int) -> pa.RecordBatch:
        key = self._fitted.design.tables[self._table.name].key
        columns = dict(references)
        if key is not None and self._table.keys is not None:
            columns[key] = self._table.keys.keys(np.arange(first, first + rows.num_rows))
        arrays = [columns[n] if n in columns else rows[n] for n in self._table.order]
        return pa.RecordBatch.from_arrays(arrays, list(self._table.order))


def child_blocks(ends: Ints, orphans: int, block_rows: int = BLOCK_ROWS) -> Iterator[Block]:
    """Yield the blocks of a child table. All children of one parent are in one block; rows without a parent come last."""
    number = parent = first = 0
    while parent < len(ends):
        last = max(int(np.searchsorted(ends, first + block_rows, side="right")), parent + 1)
        rows = int(ends[last - 1]) - first
        if rows:
            yield Block(number, first, rows, parent, last)
            number, first = number + 1, first + rows
        parent = last
    while orphans > 0:
        rows = min(orphans, block_rows)
        yield Block(number, first, rows, len(ends), len(ends))
        number, first, orphans = number + 1, first + rows, orphans - rows


def _one(model: Model, rows: int, seed: int, shard: int, given: dict[str, Condition] | None, first: int) -> pa.RecordBatch:
    batches = [_plain(b) for b in model.sample(rows, seed, shard, given=given, threads=1, first_row=first)]
    return batches[0] if len(batches) == 1 else pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch without dictionaries, which differ from batch to batch."""
    for at, field in enumerate(batch.schema):
        if pa.types.is_dictionary(field.type):
            batch = batch.set_column(at, field.name, batch.column(at).cast(field.type.value_type))
    return batch
