"""For notebooks and programs: tables in, tables out. Pandas and polars frames and Arrow tables are taken and given back alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from inferloop_synthetic.advisor.costs import CostLimits, check_fits
from inferloop_synthetic.data.reading import tidy
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import Condition, Model, find_engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema

if TYPE_CHECKING:
    from inferloop_synthetic.reporting.files import Report


CATEGORIES = ("categor", "dictionary", "enum")
"""How the types of categories begin in pandas, Arrow and polars."""


def to_arrow(frame: Any) -> pa.Table:
    """Return an Arrow table of an Arrow table, or a pandas or polars frame."""
    if isinstance(frame, pa.Table):
        return tidy(frame)
    if isinstance(frame, pa.RecordBatch):
        return tidy(pa.Table.from_batches([frame]))
    if type(frame).__module__.startswith("pandas"):
        return tidy(_from_pandas(frame))
    if hasattr(frame, "to_arrow"):
        return tidy(frame.to_arrow())
    raise InputError(f"a {type(frame).__name__} is no table; pandas, polars and Arrow tables are")


def _from_pandas(frame: Any) -> pa.Table:
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"column {twice!r} occurs twice")
    arrays = []
    for name, (_, column) in zip(names, frame.items(), strict=True):
        try:
            arrays.append(pa.chunked_array([pa.Array.from_pandas(column)]) if len(column) else pa.chunked_array([pa.array([])]))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(f"column {name!r} mixes kinds of values: {str(error).splitlines()[0]}") from error
    return pa.Table.from_arrays(arrays, names)


def like(table: pa.Table, frame: Any) -> pa.Table | Any:
    """Return an Arrow table as the kind of frame that `frame` is; only its categories are categories again."""
    kinds = {str(name): str(kind) for name, kind in _kinds(frame)}
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and not kinds.get(field.name, "").lower().startswith(CATEGORIES):
            table = table.set_column(i, field.name, table[field.name].cast(field.type.value_type))
    if type(frame).__module__.startswith("pandas"):
        return table.to_pandas()
    if type(frame).__module__.startswith("polars"):
        import polars  # type: ignore[import-not-found,unused-ignore]

        return polars.from_arrow(table)
    return table


def _kinds(frame: Any) -> list[tuple[Any, Any]]:
    """Return names and types of a frame's columns, in the words of its library."""
    if isinstance(frame, pa.Table | pa.RecordBatch):
        return [(field.name, field.type) for field in frame.schema]
    return list(zip(frame.columns, frame.dtypes, strict=True))


def fit(
    frame: Any, *, schema: TableSchema | None = None, engine: str = "tabular", seed: int = 0, first: Sequence[str] = ()
) -> Model:
    """Learn a model of a table; `first` names columns that sampling will be conditioned on.

    Raises WillNotFit, before anything is started, where the engine would need more memory than there is.
    """
    table = to_arrow(frame)
    schema = schema or detect_schema(table)
    check_fits(table, schema, engine, CostLimits.here())
    return find_engine(engine).fit(table, schema, seed=seed, first=first)


def sample(model: Model, rows: int, *, seed: int = 0, given: Mapping[str, Condition] | None = None) -> pa.Table:
    """Draw rows as an Arrow table."""
    return pa.Table.from_batches(model.sample(rows, seed, given=given))


def synthesize(frame: Any, rows: int | None = None, *, schema: TableSchema | None = None, seed: int = 0) -> Any:
    """Return a synthetic frame of the same kind, with as many rows as the real one unless `rows` says otherwise."""
    model = fit(frame, schema=schema, seed=seed)
    return like(sample(model, len(frame) if rows is None else rows, seed=seed), frame)


def validate(
    real: Any, synthetic: Any, *, holdout: Any = None, schema: TableSchema | None = None, target: str | None = None, seed: int = 0
) -> Report:
    """Compare a synthetic table with the real one that it was learned from.

    `holdout` holds real rows that were not learned from; only with them privacy is attacked and a model for the column `target`
    (the likeliest one where none is named) trained on either table and compared.

    Raises:
        InputError: a table lacks a column that the real one has, or `target` is none.
    """
    from inferloop_synthetic.reporting.files import make_report
    from inferloop_synthetic.validation.run import validate as run

    learned, made = to_arrow(real), to_arrow(synthetic)
    held = None if holdout is None else to_arrow(holdout)
    found = run(learned, made, schema or detect_schema(learned), holdout=held, target=target, seed=seed)
    return make_report(found, f"{made.num_rows:,} synthetic rows")
