"""Conditions on rows that are drawn without them: which are possible, and which rows keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.engine import Condition
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.external.frames import LevelColumn
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.tabular.arrays import Bools


def check_conditions(
    given: Mapping[str, Condition], schema: TableSchema, learned: set[str], levels: Sequence[LevelColumn]
) -> None:
    """Raise InputError for a column that is unknown or generated, and for a category that no row can have."""
    known = {column.name for column in schema.columns}
    for name, condition in given.items():
        if name not in known:
            raise InputError(f"there is no column {name!r} to condition on")
        if name not in learned:
            raise InputError(f"column {name!r} is generated, not learned, and cannot be conditioned on")
        held = next((values for c in levels for n, values in zip(c.names, c.levels, strict=True) if n == name), None)
        if held is None:
            continue
        texts = {_text(value) for value in held.to_pylist()}
        unknown = [_text(value) for value in condition.values if _text(value) not in texts]
        if unknown and (pa.types.is_string(held.type) or pa.types.is_boolean(held.type)):
            raise InputError(f"column {name!r} has no value {', '.join(unknown)}")


def meets(column: pa.Array, condition: Condition) -> Bools:
    """Return which rows keep the condition; missing values never do."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
        fits = pc.is_in(column.cast(pa.string()), value_set=pa.array([_text(value) for value in condition.values], pa.string()))
    elif condition.values:
        fits = pc.is_in(
            column, value_set=pa.array([scalar(value, column.type).as_py() for value in condition.values], column.type)
        )
    else:
        fits = pc.is_valid(column)
        for bound, compare in ((condition.low, pc.greater_equal), (condition.high, pc.less_equal)):
            if bound is not None:
                fits = pc.and_(fits, pc.fill_null(compare(column, scalar(bound, column.type)), fill_value=False))
    return np.asarray(fits.to_numpy(zero_copy_only=False), np.bool_)


def scalar(value: object, kind: pa.DataType) -> pa.Scalar:
    """Return a value as a column's type; raises InputError where it is none."""
    try:
        if isinstance(value, float) and pa.types.is_integer(kind):
            # 2.5 is a bound for whole numbers too.
            return pa.scalar(value, pa.float64()) if not value.is_integer() else pa.scalar(int(value), kind)
        return pa.scalar(value).cast(kind) if isinstance(value, str) else pa.scalar(value, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"{value!r} is not of type {kind}") from error


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
