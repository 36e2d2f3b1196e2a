"""Whether a synthetic table keeps the rules of the real one: constraints, shares of missing values, ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.constraints import broken, describe
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.encoding import Encoded
from inferloop_synthetic.validation.measures import Estimate, difference, joint_z, share


@dataclass(frozen=True)
class ConstraintCheck:
    """How many rows break a constraint, and the share of the synthetic ones."""

    constraint: str
    real: int
    synthetic: int
    broken: Estimate


@dataclass(frozen=True)
class MissingCheck:
    """The share of missing values in both tables; the intervals of all columns hold together with 95 %."""

    column: str
    real: Estimate
    synthetic: Estimate
    shift: Estimate
    """Synthetic minus real."""


@dataclass(frozen=True)
class RangeCheck:
    """How many synthetic values lie outside the real ones: beyond the range, or levels that never occur."""

    column: str
    outside: int
    share: Estimate
    """Of the synthetic values that are present."""


def check_constraints(real: pa.Table, synthetic: pa.Table, schema: TableSchema) -> tuple[ConstraintCheck, ...]:
    """Count the rows that break each constraint of the schema."""
    checks = []
    for constraint in schema.constraints:
        before, after = int(broken(real, constraint).sum()), int(broken(synthetic, constraint, real).sum())
        checks.append(ConstraintCheck(describe(constraint), before, after, share(after, synthetic.num_rows)))
    return tuple(checks)


def check_missing(real: pa.Table, synthetic: pa.Table, schema: TableSchema) -> tuple[MissingCheck, ...]:
    """Compare the shares of missing values of every column that both tables have, generated ones included.

    What is not finite counts as missing, as it does in learning.
    """
    names = [c.name for c in schema.columns if c.name in real.column_names and c.name in synthetic.column_names]
    z = joint_z(len(names))
    checks = []
    for name in names:
        before, after = (share(_absent(t.column(name)), t.num_rows, z) for t in (real, synthetic))
        checks.append(MissingCheck(name, before, after, difference(after, before)))
    return tuple(checks)


def _absent(column: pa.ChunkedArray) -> int:
    if not pa.types.is_floating(column.type):
        return int(column.null_count)
    return len(column) - int(pc.sum(pc.is_finite(column)).as_py() or 0)


def check_ranges(encoded: Encoded) -> tuple[RangeCheck, ...]:
    """Count the synthetic values outside the real ones."""
    checks = []
    for j, name in enumerate(encoded.names):
        real, synthetic = (t[:, j][~np.isnan(t[:, j])] for t in encoded.tables[:2])
        if encoded.categorical[j]:
            outside = ~np.isin(synthetic, real)
        elif len(real):
            outside = (synthetic < real.min()) | (synthetic > real.max())
        else:
            outside = np.ones(len(synthetic), np.bool_)
        checks.append(RangeCheck(name, int(outside.sum()), share(int(outside.sum()), len(synthetic))))
    return tuple(checks)
