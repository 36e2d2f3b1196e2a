"""A model that SDV or CTGAN learned: drawn, saved and loaded without either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from inferloop_synthetic import generators
from inferloop_synthetic.constraints import broken, describe
from inferloop_synthetic.distinct import Distinct, DistinctGenerator, DistinctPersonal, DistinctTexts, seeded_columns
from inferloop_synthetic.engine import Condition, Shard
from inferloop_synthetic.errors import ConstraintError, ModelFileError
from inferloop_synthetic.external.conditions import check_conditions, meets
from inferloop_synthetic.external.frames import FrameColumn, LevelColumn, NumberColumn, as_columns
from inferloop_synthetic.external.learned import Copula, CopulaColumn, Layer, Network, NetworkColumn
from inferloop_synthetic.formulas import evaluate
from inferloop_synthetic.schema import FixedCombinations, Formula, Kind, Personal, TableSchema, Unique, parse_schema
from inferloop_synthetic.tabular import storage
from inferloop_synthetic.tabular.arrays import Ints

BATCH_ROWS = 65_536
TRIES = 200
MOST_IN_VAIN = 300_000
"""Rows drawn one after another of which none could be kept, before giving up."""


@dataclass(frozen=True)
class GeneratedColumn:
    """A column whose values are generated, missing as often as in the data."""

    name: str
    generator: generators.Generator
    missing: float
    whole: bool
    """Whether the values are whole numbers, otherwise texts."""


@dataclass(frozen=True)
class ExternalContent:
    """What a model file holds."""

    engine: str
    schema: str
    notes: tuple[str, ...]
    columns: tuple[FrameColumn, ...]
    learned: Copula | Network | None
    generated: tuple[GeneratedColumn, ...]
    computed: tuple[tuple[str, str, bool], ...]
    """Column, formula, and whether its values are whole."""


CLASSES: dict[str, type] = {
    c.__name__: c
    for c in (
        Copula, CopulaColumn, Distinct, DistinctPersonal, DistinctTexts, ExternalContent, GeneratedColumn, Layer, LevelColumn,
        Network,
        NetworkColumn, NumberColumn, Personal, generators.Moment, generators.Numbering, generators.PersonalData, generators.Pool,
        generators.Real, generators.Template, generators.Truth, generators.Uuid, generators.Whole,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What learning took in the worker process."""

    seconds: float
    processor_seconds: float
    """Of all threads together, from the start of the process on."""
    peak_bytes: int


class ExternalModel:
    """A fitted table. Each batch's random stream is derived from seed, shard and batch alone."""

    def __init__(self, content: ExternalContent, cost: Cost | None = None) -> None:
        self._content = content
        self.cost = cost
        """None for a model that was read from a file: the same fit gives the same file, whatever it took."""
        self.schema: TableSchema = parse_schema(content.schema, "model")
        self.notes: Sequence[str] = content.notes
        self._checked = [c for c in self.schema.constraints if not isinstance(c, (FixedCombinations, Unique, Formula))]
        block = content.learned.block if content.learned else 1
        self._batch_rows = max(BATCH_ROWS // block, 1) * block

    def sample(
        self,
        rows: int,
        seed: int,
        shard: int = 0,
        *,
        given: Mapping[str, Condition] | None = None,
        threads: int = 2,
        first_row: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield `rows` rows in batches; the same for the same seed, shard and first row, and never those of another shard.

        Conditions and constraints are kept by throwing away the rows that break them. `threads` changes nothing: the
        arithmetic is one matrix product after another, which NumPy spreads over the cores itself.
        """
        drawn = Shard.of(rows, seed, shard, first_row)
        conditions = dict(given or {})
        learned = {n for c in self._content.columns for n in ((c.name,) if isinstance(c, NumberColumn) else c.names)}
        check_conditions(conditions, self.schema, learned, [c for c in self._content.columns if isinstance(c, LevelColumn)])
        seeded = self._seeded(drawn, rows)
        for batch in range(max(-(-rows // self._batch_rows), 1)):
            start = batch * self._batch_rows
            index = drawn.rows(start, min(start + self._batch_rows, rows))
            yield seeded._batch(index, drawn.stream(batch), conditions)

    def save(self, path: Path) -> None:
        """Write the model to a file that holds arrays and JSON only."""
        storage.save(path, self._content, CLASSES)

    def _seeded(self, drawn: Shard, rows: int) -> ExternalModel:
        """Return the model that draws unique values for a seed; raises InputError where there are too few for the rows."""
        seeded = copy(self)
        seeded._content = replace(self._content, generated=seeded_columns(self._content.generated, drawn, rows))
        return seeded

    def _batch(self, index: Ints, rng: np.random.Generator, conditions: Mapping[str, Condition]) -> pa.RecordBatch:
        if not self._checked and not conditions:
            return self._rows(index, self._learned(len(index), rng), rng)
        parts: list[pa.RecordBatch] = []
        missing, ask = len(index), len(index)
        hopeless = 0
        for _ in range(TRIES):
            if hopeless > MOST_IN_VAIN:
                break
            at = len(index) - missing
            # Only the learned columns decide; the others are made for the rows that are kept.
            drawn = self._rows(np.resize(index[at:], ask) if missing else index[:0], self._learned(ask, rng), rng)
            keep = np.ones(drawn.num_rows, np.bool_)
            for constraint in self._checked:
                keep &= ~broken(drawn, constraint)
            for name, condition in conditions.items():
                keep &= meets(drawn.column(name), condition)
            kept = np.flatnonzero(keep)[:missing]
            hopeless = 0 if len(kept) else hopeless + drawn.num_rows
            rows = drawn.take(pa.array(kept))
            parts.append(self._renumbered(rows, index[at : at + len(kept)], rng))
            missing -= len(kept)
            if not missing:
                return pa.Table.from_batches(parts).combine_chunks().to_batches()[0] if len(parts) > 1 else parts[0]
            ask = int(np.clip(missing / max(len(kept) / ask, 1e-3) * 1.1, 1024, self._batch_rows))
        wanted = [describe(c) for c in self._checked] + [f"a condition on {name}" for name in conditions]
        raise ConstraintError(
            f"{missing:,} of {len(index):,} rows are still missing when giving up: engine {self._content.engine} hardly "
            f"ever draws rows with {' and '.join(wanted)}; engine tabular draws them directly"
        )

    def _renumbered(self, rows: pa.RecordBatch, index: Ints, rng: np.random.Generator) -> pa.RecordBatch:
        for column in self._content.generated:
            unique = isinstance(column.generator, DistinctGenerator)
            if unique or self.schema.column(column.name).kind is Kind.identifier:
                at = rows.schema.get_field_index(column.name)
                rows = rows.set_column(at, column.name, _generated(column, index, rng))
        return rows

    def _learned(self, rows: int, rng: np.random.Generator) -> dict[str, pa.Array]:
        learned = self._content.learned
        if learned is None:
            return {}
        frame = learned.draw(-(-rows // learned.block), rng)
        return {name: array.slice(0, rows) for name, array in as_columns(self._content.columns, frame, rng).items()}

    def _rows(self, index: Ints, columns: dict[str, pa.Array], rng: np.random.Generator) -> pa.RecordBatch:
        for column in self._content.generated:
            columns[column.name] = _generated(column, index, rng)
        for name, expression, whole in self._content.computed:
            value = evaluate(expression, columns)
            columns[name] = pa.compute.round(value).cast(pa.int64()) if whole else value
        names = [column.name for column in self.schema.columns]
        return pa.RecordBatch.from_arrays([columns[name] for name in names], names)


def _generated(column: GeneratedColumn, index: Ints, rng: np.random.Generator) -> pa.Array:
    values = column.generator.values(index, rng)
    typed = pa.types.is_dictionary(values.type) or isinstance(column.generator, DistinctGenerator)
    if not typed:
        values = values.cast(pa.int64() if column.whole else pa.string())
    if column.missing > 0:
        values = pa.compute.if_else(pa.array(rng.random(len(index)) >= column.missing), values, pa.scalar(None, values.type))
    return values


def load_model(path: Path, engine: str) -> ExternalModel:
    """Read a model file of one engine; raises ModelFileError for anything else or an altered file."""
    content = storage.load(path, CLASSES)
    if not isinstance(content, ExternalContent) or content.engine != engine:
        other = f", but of engine {content.engine}" if isinstance(content, ExternalContent) else ""
        raise ModelFileError(f"{path}: not a model of engine {engine}{other}")
    return ExternalModel(content)
