"""What an engine is, and the engines that are installed.

An engine learns a model from a table; the model makes as many rows as wanted. Engines are found by entry point in the group
`inferloop_synthetic.engines`, so that another distribution can add one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema

ENGINE_GROUP = "inferloop_synthetic.engines"
SHARD_ROWS = 2**32
"""A shard has at most this many rows; row numbers (of identifiers) of different shards never meet."""


@dataclass(frozen=True)
class Shard:
    """Which rows an engine draws: the random streams and the row numbers of one shard of one seed."""

    seed: int
    number: int
    first_row: int

    @classmethod
    def of(cls, rows: int, seed: int, number: int, first_row: int | None) -> Shard:
        """Return the shard that `Model.sample` is asked for.

        Raises:
            InputError: it would have more rows than a shard can have, or fewer than none.
        """
        if rows < 0 or rows > SHARD_ROWS:
            raise InputError(f"a shard has 0 to {SHARD_ROWS:,} rows, not {rows:,}")
        return cls(seed, number, number * SHARD_ROWS if first_row is None else first_row)

    def stream(self, batch: int) -> np.random.Generator:
        """Return a batch's random stream, which follows from seed, shard and batch alone and meets no other."""
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence([self.seed, self.number, batch])))

    def rows(self, start: int, end: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the numbers of rows, counted from the shard's first."""
        return np.arange(start, end) + self.first_row


@dataclass(frozen=True)
class Condition:
    """What the rows drawn must hold in one column: one of `values`, or a number, date or time from `low` to `high`."""

    values: tuple[object, ...] = ()
    low: object | None = None
    high: object | None = None


class Model(Protocol):
    """A fitted model."""

    schema: TableSchema
    notes: Sequence[str]

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
        """Yield `rows` rows; the same for the same seed, shard and first row, whatever the number of threads.

        Rows are numbered from `first_row` (shard * SHARD_ROWS where it is not given); identifiers that are generated follow the
        numbers, so that shards whose numbers do not overlap share none.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        ...


class Engine(Protocol):
    """A way to learn a model from a table."""

    name: str
    description: str

    def fit(self, table: pa.Table, schema: TableSchema, *, seed: int = 0, first: Sequence[str] = ()) -> Model:
        """Learn a model; sampling will be conditioned on the columns `first` at no cost."""
        ...

    def load(self, path: Path) -> Model:
        """Read a model that this engine wrote; raises ModelFileError for any other file."""
        ...


def installed_engines() -> dict[str, Engine]:
    """Return the engines by name."""
    points = sorted(entry_points(group=ENGINE_GROUP), key=lambda point: point.name)
    return {point.name: point.load()() for point in points}


@runtime_checkable
class ConfigurableEngine(Protocol):
    """An engine with hyper-parameters."""

    def configured(self, given: Mapping[str, Any]) -> Engine:
        """Return the engine with these hyper-parameters; raises InputError naming one that is wrong."""
        ...


def find_engine(name: str, options: Mapping[str, Any] | None = None) -> Engine:
    """Return the engine of that name, with hyper-parameters where given; raises InputError naming what there is."""
    engines = installed_engines()
    if name not in engines:
        raise InputError(f"there is no engine {name!r}; installed are {', '.join(engines) or 'none'}")
    engine = engines[name]
    if not options:
        return engine
    if not isinstance(engine, ConfigurableEngine):
        raise InputError(f"engine {name} takes no options, so {', '.join(options)} cannot be set")
    return engine.configured(options)
