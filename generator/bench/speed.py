"""How many rows a second are drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from inferloop_synthetic.engine import Model
from inferloop_synthetic.schema import parse_schema
from inferloop_synthetic.tabular.engine import model_from_schema

ROWS = 2_000_000
SCHEMA = """
columns:
- {name: visits, kind: integer, min: 0, max: 100000}
- {name: score, kind: float, min: 0, max: 1}
- {name: plan, kind: category, values: [free, team, company], weights: [6, 3, 1]}
- {name: since, kind: date, min: 2015-01-01, max: 2024-12-31}
- {name: name, kind: personal, personal: name}
"""


@dataclass(frozen=True)
class Speed:
    """Rows a second by the clock, and what they took of the processor: the second does not depend on how busy a machine is."""

    rows_per_second: float
    rows_per_core_second: float | None


def sampling_speed(model: Model, rows: int = ROWS, threads: int = 2) -> Speed:
    """Draw rows as Arrow batches, which are thrown away."""
    _count(model.sample(200_000, 3, threads=threads))
    start, worked = time.perf_counter(), time.process_time()
    count = _count(model.sample(rows, 2, threads=threads))
    return Speed(count / (time.perf_counter() - start), count / (time.process_time() - worked))


def schema_speed() -> Speed:
    """Draw from a schema alone: a whole number, a number, a category, a date and a name."""
    return sampling_speed(model_from_schema(parse_schema(SCHEMA, "bench")))


def _count(batches: Iterator[pa.RecordBatch]) -> int:
    return sum(batch.num_rows for batch in batches)
