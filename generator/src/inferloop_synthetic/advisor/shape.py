"""What a table's size is to an engine: rows, columns of each kind, and how wide it becomes for a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.schema import Kind, TableSchema

LOOK_AT = 20_000
NUMBER_WIDTH = 11
"""A number becomes a place within one of at most ten normals."""
DISCRETE_UP_TO, MOST_CATEGORIES = 10, 200
LEARNED = {Kind.integer, Kind.float, Kind.boolean, Kind.category, Kind.date, Kind.datetime, Kind.time}


@dataclass(frozen=True)
class TableShape:
    """A table as the cost of learning it sees it."""

    rows: int
    numbers: int
    """Columns learned as numbers."""
    categories: int
    """Columns learned as categories."""
    width: int
    """Inputs of a network: one for each category, eleven for each number."""

    @property
    def columns(self) -> int:
        """Columns that are learned."""
        return self.numbers + self.categories


def shape_of(
    sample: pa.Table,
    schema: TableSchema,
    rows: int | None = None,
    *,
    discrete_up_to: int = DISCRETE_UP_TO,
    most_categories: int = MOST_CATEGORIES,
) -> TableShape:
    """Return the shape of a table of `rows` rows (the sample's, where it is not given) of which a sample is seen."""
    whole = sample.num_rows if rows is None else rows
    numbers = categories = width = 0
    for column in schema.columns:
        if column.kind not in LEARNED or column.name not in sample.column_names:
            continue
        values = sample[column.name].slice(0, LOOK_AT)
        values = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
        different = _different(values, whole)
        text = pa.types.is_string(values.type) or pa.types.is_boolean(values.type) or pa.types.is_null(values.type)
        if text or different <= discrete_up_to:
            categories += 1
            width += min(different, most_categories)
        else:
            numbers += 1
            width += NUMBER_WIDTH + 2 * (values.null_count > 0)
    return TableShape(whole, numbers, categories, max(width, 1))


def _different(values: pa.ChunkedArray, whole: int) -> int:
    """Return how many different values a table of `whole` rows has (Chao's estimate of 1984, from those seen once and twice)."""
    counts = pc.value_counts(values.combine_chunks()).field("counts").to_numpy()
    seen = len(counts)
    if whole <= len(values):
        return seen
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    unseen = once * (once - 1) / (2 * (twice + 1))
    return int(min(seen + unseen, seen + once * (whole - len(values)) / max(len(values), 1), np.iinfo(np.int32).max))
