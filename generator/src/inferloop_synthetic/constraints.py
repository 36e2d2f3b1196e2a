"""Which rows of a table break a constraint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.formulas import evaluate
from inferloop_synthetic.schema import Constraint, FixedCombinations, Formula, Inequality, Range, Regex, Unique
from inferloop_synthetic.tabular.arrays import Bools

Rows: TypeAlias = pa.Table | pa.RecordBatch


def describe(constraint: Constraint) -> str:
    """Return the constraint in a few words."""
    match constraint:
        case Inequality():
            return f"{constraint.left} <= {constraint.right}"
        case FixedCombinations():
            return "combinations of " + ", ".join(constraint.columns)
        case Range():
            low = "" if constraint.min is None else f"{constraint.min} <= "
            return low + constraint.column + ("" if constraint.max is None else f" <= {constraint.max}")
        case Unique():
            return f"{constraint.column} unique"
        case Regex():
            return f"{constraint.column} matches {constraint.pattern}"
        case Formula():
            return f"{constraint.column} = {constraint.expression}"


def broken(rows: Rows, constraint: Constraint, real: pa.Table | None = None) -> Bools:
    """Return which rows break the constraint; missing values break none.

    Fixed combinations are those of `real`; without it they are not checked.
    """
    match constraint:
        case Inequality():
            return _truth(pc.greater(rows[constraint.left], rows[constraint.right]), rows.num_rows)
        case Range():
            values = rows[constraint.column].cast(pa.float64(), safe=False)
            bad = np.zeros(rows.num_rows, np.bool_)
            if constraint.min is not None:
                bad |= _truth(pc.less(values, constraint.min), rows.num_rows)
            if constraint.max is not None:
                bad |= _truth(pc.greater(values, constraint.max), rows.num_rows)
            return bad
        case Regex():
            texts = rows[constraint.column].cast(pa.string())
            fits = pc.match_substring_regex(texts, f"^(?:{constraint.pattern})$")
            return _truth(pc.invert(fits), rows.num_rows)
        case Unique():
            seen = pc.value_counts(_flat(rows[constraint.column]))
            repeated = seen.field("values").filter(pc.greater(seen.field("counts"), 1)).drop_null()
            return _truth(pc.is_in(_flat(rows[constraint.column]), value_set=repeated), rows.num_rows)
        case Formula():
            names = rows.schema.names
            computed = evaluate(constraint.expression, {n: _flat(rows[n]) for n in names if _is_numeric(rows[n].type)})
            actual = _flat(rows[constraint.column]).cast(pa.float64(), safe=False)
            tolerance = 0.5 if pa.types.is_integer(rows[constraint.column].type) else 1e-6
            away = pc.abs(pc.subtract(computed, actual))
            return _truth(pc.greater(away, pc.add(tolerance, pc.multiply(pc.abs(actual), 1e-9))), rows.num_rows)
        case FixedCombinations():
            if real is None:
                return np.zeros(rows.num_rows, np.bool_)
            return ~np.isin(_keys(rows, constraint.columns), _keys(real, constraint.columns))


def _truth(mask: pa.Array | pa.ChunkedArray, rows: int) -> Bools:
    result = np.zeros(rows, np.bool_)
    result[:] = _flat(pc.fill_null(mask, fill_value=False)).to_numpy(zero_copy_only=False)
    return result


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _keys(rows: Rows, columns: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    texts = [_flat(rows[name]).cast(pa.string()) for name in columns]
    joined = pc.binary_join_element_wise(*texts, "\x1f", null_handling="replace", null_replacement="\x00")
    return np.asarray(joined.to_numpy(zero_copy_only=False))
