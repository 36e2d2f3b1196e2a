"""Whether real values of columns about people are in the synthetic table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.detect import detect_column
from inferloop_synthetic.generators import PersonalData
from inferloop_synthetic.schema import ColumnSchema, Kind, Personal, TableSchema
from inferloop_synthetic.validation.measures import Estimate, difference, joint_z, share

MADE_UP = 5000
"""So many values are made up for the control."""


@dataclass(frozen=True)
class Disclosure:
    """The share of a column's synthetic values that are some real person's.

    The intervals of all columns hold together with 95 %.
    """

    column: str
    holds: Personal
    released: Estimate
    chance: Estimate
    """The same of values that are made up without the data: first names and streets coincide."""
    excess: Estimate
    """Released minus chance."""


def check_disclosure(real: pa.Table, synthetic: pa.Table, schema: TableSchema) -> tuple[Disclosure, ...]:
    """Count real values in the columns that are about people: as the schema says, or as the real values do where it does not."""
    found = [(c.name, h) for c in schema.columns if c.name in synthetic.column_names and (h := _holds(c, real)) is not None]
    z = joint_z(len(found))
    checks = []
    for name, holds in found:
        known = pc.unique(_texts(real.column(name)))
        invented = pa.chunked_array([PersonalData(holds).values(np.arange(MADE_UP), np.random.default_rng(0))])
        released, chance = (_share_known(values, known, z) for values in (_texts(synthetic.column(name)), invented))
        checks.append(Disclosure(name, holds, released, chance, difference(released, chance)))
    return tuple(checks)


def _holds(column: ColumnSchema, real: pa.Table) -> Personal | None:
    if column.kind is Kind.personal or column.name not in real.column_names:
        return column.personal if column.name in real.column_names else None
    return detect_column(column.name, real.column(column.name)).personal


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = pc.round(column).cast(pa.int64(), safe=False)
    return column.drop_null().cast(pa.string())


def _share_known(values: pa.ChunkedArray, known: pa.Array, z: float) -> Estimate:
    return share(int(pc.sum(pc.is_in(values, value_set=known)).as_py() or 0), len(values), z)
