"""The default engine: `fit` splits a table into learned and generated columns, `sample` puts them together again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from inferloop_synthetic import generators
from inferloop_synthetic.constraints import broken, describe
from inferloop_synthetic.distinct import (
    Distinct,
    DistinctGenerator,
    DistinctPersonal,
    DistinctTexts,
    distinct_generators,
    seeded_columns,
    with_identifiers,
)
from inferloop_synthetic.engine import Condition, Shard
from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError
from inferloop_synthetic.formulas import evaluate, formula_inputs, formula_notes
from inferloop_synthetic.schema import (
    Constraint,
    FixedCombinations,
    Formula,
    Inequality,
    Kind,
    Personal,
    TableSchema,
    Unique,
    parse_schema,
    schema_yaml,
)
from inferloop_synthetic.tabular import storage
from inferloop_synthetic.tabular.additive import Index
from inferloop_synthetic.tabular.arrays import Bools, Floats, Ints
from inferloop_synthetic.tabular.chain import Chain, Part
from inferloop_synthetic.tabular.codecs import Codec
from inferloop_synthetic.tabular.conditions import Allowed, Together, allow_levels
from inferloop_synthetic.tabular.forms import NumberForm, arrow_type, infinity_notes
from inferloop_synthetic.tabular.learning import fit_chain
from inferloop_synthetic.tabular.pieces import Column, Rules
from inferloop_synthetic.tabular.relations import Relation
from inferloop_synthetic.tabular.stages import Input, Stage
from inferloop_synthetic.tabular.telling import text_notes

BATCH_ROWS = 131_072
CHUNK_ROWS = 65_536
TRIES = 300
MOST_COLUMNS = 300
GENERATED = {Kind.identifier, Kind.text, Kind.personal}
CLASSES: dict[str, type] = {
    c.__name__: c
    for c in (
        Chain, Codec, Column, Distinct, DistinctPersonal, DistinctTexts, Index, Input, NumberForm, Part, Personal, Relation,
        Stage,
        generators.Moment, generators.Numbering, generators.PersonalData, generators.Pool, generators.Real, generators.Template,
        generators.Truth, generators.Uuid, generators.Whole,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A column whose values are generated: missing as often as in the data, and related to no other column."""

    name: str
    generator: generators.Generator
    missing: float
    arrow: str


@dataclass(frozen=True)
class Combination:
    """Columns that are drawn as one, so that only combinations in the data occur."""

    stand_in: str
    names: tuple[str, ...]
    values: tuple[pa.Array, ...]


@dataclass(frozen=True)
class _Content:
    """What a model file holds."""

    schema: str
    notes: tuple[str, ...]
    chain: Chain | None
    filled: tuple[Filled, ...]
    combinations: tuple[Combination, ...]
    computed: tuple[tuple[str, str, str], ...]
    """Column, formula and Arrow type of each computed column."""


CLASSES |= {c.__name__: c for c in (Filled, Combination, _Content)}


class TabularModel:
    """A fitted table."""

    def __init__(self, content: _Content) -> None:
        self._content = content
        self.schema: TableSchema = parse_schema(content.schema, "model")
        self.notes: Sequence[str] = content.notes
        names = {c.name for c in content.chain.columns} if content.chain else set()
        # Columns drawn as one keep their combinations, generated identifiers are unique, formulas are computed.
        self._checked = [c for c in self.schema.constraints if not isinstance(c, (FixedCombinations, Unique, Formula))]
        self._learned = names

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
        """Yield `rows` rows in batches; the same for the same seed, shard and first row, whatever the number of threads."""
        drawn = Shard.of(rows, seed, shard, first_row)
        seeded = self._seeded(drawn, rows)
        conditions = self._conditions(given or {})
        chain = self._content.chain
        together = chain.together(conditions) if chain is not None and conditions else None
        if together is not None and not len(together.ends):
            raise ConstraintError(
                "the model never draws rows with " + " and ".join(f"a condition on {name}" for name in given or {})
            )

        def make(batch: int) -> list[pa.RecordBatch]:
            rng = drawn.stream(batch)
            start, end = batch * BATCH_ROWS, min((batch + 1) * BATCH_ROWS, rows)
            return [
                seeded._chunk(drawn.rows(at, min(at + CHUNK_ROWS, end)), rng, conditions, together, given or {})
                for at in range(start, max(end, start + 1), CHUNK_ROWS)
            ]

        yield from _in_order(make, max(-(-rows // BATCH_ROWS), 1), threads)

    def save(self, path: Path) -> None:
        """Write the model to a file that holds arrays and JSON only."""
        storage.save(path, self._content, CLASSES)

    # ------------------------------------------------------------------------------------------------------------ drawing

    def _seeded(self, drawn: Shard, rows: int) -> TabularModel:
        """Return the model that draws unique values for a seed; raises InputError where there are too few for the rows."""
        seeded = copy(self)
        seeded._content = replace(self._content, filled=seeded_columns(self._content.filled, drawn, rows))
        return seeded

    def _chunk(
        self,
        index: Ints,
        rng: np.random.Generator,
        conditions: Mapping[int, Allowed],
        together: Together | None,
        given: Mapping[str, Condition],
    ) -> pa.RecordBatch:
        if not self._checked and not given:
            return self._rows(index, rng, {}, None)[0]
        parts: list[pa.RecordBatch] = []
        missing = len(index)
        ask = missing
        for _ in range(TRIES):
            at = len(index) - missing
            numbers = np.resize(index[at:], ask) if missing else index[:0]
            batch, chance = self._rows(numbers, rng, conditions, together)
            keep = np.ones(batch.num_rows, np.bool_) if chance is None else rng.random(batch.num_rows) < chance
            for constraint in self._checked:
                keep &= ~broken(batch, constraint)
            for name, condition in given.items():
                keep &= _meets(batch.column(name), condition)
            kept = np.flatnonzero(keep)[:missing]
            if len(kept):
                batch = batch if len(kept) == batch.num_rows else batch.take(pa.array(kept))
                parts.append(self._renumber(batch, index[at : at + len(kept)], rng))
                missing -= len(kept)
            if not missing:
                return pa.Table.from_batches(parts).combine_chunks().to_batches()[0] if len(parts) > 1 else parts[0]
            rate = max(len(kept) / ask, 1e-3)
            ask = int(min(max(missing / rate * 1.1, 1024), 16_384 if given else CHUNK_ROWS))
        wanted = [describe(c) for c in self._checked] + [f"a condition on {name}" for name in given]
        raise ConstraintError(
            f"after {TRIES} tries {missing:,} of {len(index):,} rows are still missing: the model hardly ever draws rows with "
            + " and ".join(wanted)
        )

    def _renumber(self, batch: pa.RecordBatch, index: Ints, rng: np.random.Generator) -> pa.RecordBatch:
        """Give the rows kept their own row numbers, so that identifiers stay unique, and compute anew what is read from them."""
        renumbered: set[str] = set()
        for column in self._content.filled:
            unique = isinstance(column.generator, DistinctGenerator)
            if unique or self.schema.column(column.name).kind is Kind.identifier:
                at = batch.schema.get_field_index(column.name)
                batch = batch.set_column(at, column.name, _fill(column, index, rng))
                renumbered.add(column.name)
        for name, expression, kind in self._content.computed:
            if renumbered & set(formula_inputs(expression)):
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                value = _cast(evaluate(expression, columns), kind)
                batch = batch.set_column(batch.schema.get_field_index(name), name, value)
        return batch

    def _rows(
        self, index: Ints, rng: np.random.Generator, conditions: Mapping[int, Allowed], together: Together | None
    ) -> tuple[pa.RecordBatch, Floats | None]:
        content = self._content
        columns: dict[str, pa.Array] = {}
        chance = None
        if content.chain is not None:
            if conditions:
                arrays, chance = content.chain.draw_given(len(index), rng, conditions, together)
            else:
                arrays = content.chain.draw(len(index), rng)
            columns = {spec.name: array for spec, array in zip(content.chain.columns, arrays, strict=True)}
        for combination in content.combinations:
            drawn = columns.pop(combination.stand_in)
            number = drawn.dictionary.cast(pa.int64()).take(drawn.indices)
            columns |= {n: v.take(number) for n, v in zip(combination.names, combination.values, strict=True)}
        for column in content.filled:
            columns[column.name] = _fill(column, index, rng)
        for name, expression, kind in content.computed:
            columns[name] = _cast(evaluate(expression, columns), kind)
        names = [column.name for column in self.schema.columns]
        return pa.RecordBatch.from_arrays([columns[name] for name in names], names), chance

    def _conditions(self, given: Mapping[str, Condition]) -> dict[int, Allowed]:
        chain = self._content.chain
        found: dict[int, Allowed] = {}
        for name, condition in given.items():
            if name not in self._learned or chain is None:
                if name not in {c.name for c in self.schema.columns}:
                    raise InputError(f"there is no column {name!r} to condition on")
                raise InputError(f"column {name!r} is generated, not learned, and cannot be conditioned on")
            at = next(i for i, c in enumerate(chain.columns) if c.name == name)
            column = chain.columns[at]
            if column.levels is not None:
                levels = [str(v) for v in column.levels.cast(pa.string()).to_pylist()]
                wanted = [_text(v) for v in condition.values]
                unknown = [v for v in wanted if v not in levels]
                if unknown or not wanted:
                    raise InputError(f"column {name!r} has no value {', '.join(unknown) or 'range'}; it is a category")
                part = next(i for i, p in enumerate(chain.parts) if p.column == at)
                found[part] = allow_levels(chain.parts[part].codec, [levels.index(v) for v in wanted])
                continue
            low, high = _number_range(column, condition)
            found |= chain.allowed(at, low, high)
        return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number_range(column: Column, condition: Condition) -> tuple[float, float]:
    assert column.form is not None  # noqa: S101
    if len(condition.values) > 1:
        raise InputError(f"column {column.name!r} is a number: give one value or a range")
    bounds = condition.values * 2 if condition.values else (condition.low, condition.high)
    units = []
    for bound, open_end in zip(bounds, (-np.inf, np.inf), strict=True):
        units.append(open_end if bound is None else in_units(column, bound))
    if units[0] > units[1]:
        raise InputError(f"column {column.name!r}: {bounds[0]} is greater than {bounds[1]}")
    return units[0], units[1]


def in_units(column: Column, value: object) -> float:
    """Return a value of a number column in the units of its form; raises InputError where it is none."""
    form = column.form
    assert form is not None  # noqa: S101
    try:
        scalar = (
            pa.scalar(str(value)).cast(arrow_type(form.arrow))
            if isinstance(value, str)
            else pa.scalar(value, arrow_type(form.arrow))
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(f"column {column.name!r}: {value!r} is not of type {form.arrow}") from error
    width = pa.float64() if pa.types.is_floating(scalar.type) else pa.int32() if scalar.type.bit_width == 32 else pa.int64()
    exact = scalar.cast(pa.uint64() if pa.types.is_uint64(scalar.type) else width).as_py()
    if form.most is not None:
        return float((exact - form.origin) / form.unit)
    raw = float(exact)
    if form.clock:
        return raw // 100 * 60 + raw % 100
    return raw * form.divisor / form.unit


def _meets(column: pa.Array, condition: Condition) -> Bools:
    if pa.types.is_dictionary(column.type) or pa.types.is_boolean(column.type):
        wanted = pa.array([_text(v) for v in condition.values])
        fits = pc.is_in(column.cast(pa.string()), value_set=wanted)
    else:
        low, high = (condition.values * 2) if condition.values else (condition.low, condition.high)
        fits = pc.is_valid(column)
        for bound, compare in ((low, pc.greater_equal), (high, pc.less_equal)):
            if bound is not None:
                scalar = pa.scalar(bound).cast(column.type) if isinstance(bound, str) else pa.scalar(bound, column.type)
                fits = pc.and_(fits, pc.fill_null(compare(column, scalar), fill_value=False))
    return np.asarray(fits.to_numpy(zero_copy_only=False), np.bool_)


def _fill(column: Filled, index: Ints, rng: np.random.Generator) -> pa.Array:
    values = _cast(column.generator.values(index, rng), column.arrow)
    if column.missing > 0:
        values = pc.if_else(pa.array(rng.random(len(index)) >= column.missing), values, pa.scalar(None, values.type))
    return values


def _cast(values: pa.Array, kind: str) -> pa.Array:
    if not kind:
        return values
    if kind == "string":
        return values if pa.types.is_dictionary(values.type) else values.cast(pa.string())
    target = pa.type_for_alias(kind)
    if pa.types.is_integer(target) and pa.types.is_floating(values.type):
        values = pc.round(values)
    return values.cast(target, safe=False)


def _in_order(make: Callable[[int], list[pa.RecordBatch]], count: int, threads: int) -> Iterator[pa.RecordBatch]:
    """Yield what `make(0)`, `make(1)`, ... return, made by threads, at most a few ahead of the reader."""
    if threads == 1 or count == 1:
        for batch in range(count):
            yield from make(batch)
        return
    with ThreadPoolExecutor(threads) as pool:
        window = deque(pool.submit(make, b) for b in range(min(2 * threads, count)))
        following = len(window)
        try:
            while window:
                yield from window.popleft().result()
                if following < count:
                    window.append(pool.submit(make, following))
                    following += 1
        finally:
            for job in window:
                job.cancel()


def model_from_schema(schema: TableSchema) -> TabularModel:
    """Return a model of a schema alone: columns are independent, constraints are kept."""
    computed = {c.column: c.expression for c in schema.constraints if isinstance(c, Formula)}
    _check_formulas(computed, schema)
    for constraint in schema.constraints:
        if isinstance(constraint, FixedCombinations):
            raise InputError("fixed_combinations: without data there are no combinations to keep")
    distinct = distinct_generators(schema, None)
    schema = with_identifiers(schema, distinct)
    filled = tuple(
        Filled(c.name, distinct.get(c.name) or generators.schema_generator(c), c.missing, "")
        for c in schema.columns
        if c.name not in computed
    )
    types = tuple((name, e, "int64" if schema.column(name).kind is Kind.integer else "double") for name, e in computed.items())
    return TabularModel(_Content(schema_yaml(schema), tuple(formula_notes(computed)), None, filled, (), types))


class TabularEngine:
    """Learns any table of numbers, categories, dates and times; the engine used when none is named."""

    name = "tabular"
    description = "Chain of trees compiled to look-up tables: mixed columns, constraints, conditions, millions of rows a second."

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()

    def fit(self, table: pa.Table, schema: TableSchema, *, seed: int = 0, first: Sequence[str] = ()) -> TabularModel:
        """Learn a model; raises InputError naming the column that cannot be learned."""
        check_table(table, schema)
        computed = {c.column: c.expression for c in schema.constraints if isinstance(c, Formula)}
        _check_formulas(computed, schema)
        distinct = distinct_generators(schema, table)
        schema = with_identifiers(schema, distinct)
        filled = tuple(self._filled(table, schema, seed, distinct))
        learned = [c.name for c in schema.columns if c.name not in computed and c.name not in {f.name for f in filled}]
        for name in first:
            if name not in learned:
                raise InputError(f"column {name!r} is generated or computed, and cannot be conditioned on")
        data = _plain(table.select(learned))
        data, combinations = _combined(data, [c.columns for c in schema.constraints if isinstance(c, FixedCombinations)], first)
        gaps = _gaps(schema.constraints, data)
        # The chain's own two threads fit a column each; if their many small matrices were spread over threads as well, these
        # would wait for each other by spinning, and learning take five times the processor time.
        with threadpool_limits(1):
            chain = fit_chain(data, self._rules, seed, first, gaps) if data.num_columns else None
        types = tuple((name, expression, str(table.schema.field(name).type)) for name, expression in computed.items())
        notes = (*text_notes(table, schema), *(chain.notes if chain else ()), *infinity_notes(data), *formula_notes(computed))
        return TabularModel(_Content(schema_yaml(schema), notes, chain, filled, combinations, types))

    def load(self, path: Path) -> TabularModel:
        """Read a model file; raises ModelFileError when it is anything else or was altered."""
        content = storage.load(path, CLASSES)
        if not isinstance(content, _Content):
            raise ModelFileError(f"{path}: not a model of engine {self.name}")
        return TabularModel(content)

    def _filled(
        self, table: pa.Table, schema: TableSchema, seed: int, distinct: Mapping[str, DistinctGenerator | None]
    ) -> Iterator[Filled]:
        for column in schema.columns:
            unique = distinct.get(column.name)
            if column.kind not in GENERATED and unique is None:
                continue
            data = table.column(column.name)
            if unique is not None:
                arrow = "int64" if generators.is_whole(unique, data) else ""
                yield Filled(column.name, unique, data.null_count / max(len(data), 1), arrow)
                continue
            if pa.types.is_dictionary(data.type):
                data = data.cast(data.type.value_type)
            missing = data.null_count / max(len(data), 1)
            made = generators.learned_generator(column, data, seed)
            numeric = pa.types.is_integer(data.type) and isinstance(made, generators.Numbering)
            arrow = str(data.type) if numeric else "int64" if generators.is_whole(made, data) else "string"
            yield Filled(column.name, made, missing, arrow)


def check_table(table: pa.Table, schema: TableSchema) -> None:
    """Raise InputError where the table has too few rows or does not have the schema's columns."""
    names = [column.name for column in schema.columns]
    if len(set(table.column_names)) < len(table.column_names):
        twice = sorted({n for n in table.column_names if table.column_names.count(n) > 1})
        raise InputError(f"column {twice[0]!r} occurs twice")
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise InputError(f"column {absent[0]!r} of the schema is not in the table")
    if len(names) > MOST_COLUMNS:
        raise InputError(f"{len(names):,} columns; at most {MOST_COLUMNS} can be learned: leave some out of the schema")
    if table.num_rows < 2:
        raise InputError(f"a table of {table.num_rows} rows is too small to learn from; at least 2 are needed")


def _check_formulas(computed: Mapping[str, str], schema: TableSchema) -> None:
    names = {column.name for column in schema.columns}
    for name, expression in computed.items():
        for read in formula_inputs(expression):
            if read not in names:
                raise InputError(f"formula of {name!r}: there is no column {read!r}")
            if read in computed:
                raise InputError(f"formula of {name!r}: {read!r} is itself computed")


def _plain(table: pa.Table) -> pa.Table:
    """Turn columns that are neither numbers nor texts (lists, structures, bytes) into texts, or say that they cannot be."""
    for i, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise InputError(f"column {field.name!r} holds {kind}; only numbers, texts, booleans, dates and times can be learned")
        if pa.types.is_null(kind):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table


def _combined(table: pa.Table, groups: Sequence[Sequence[str]], first: Sequence[str]) -> tuple[pa.Table, tuple[Combination, ...]]:
    """Replace each group of columns by one category that numbers their combinations."""
    found = []
    for k, names in enumerate(groups):
        for name in names:
            if name not in table.column_names:
                raise InputError(f"fixed_combinations: column {name!r} is generated, computed or in another combination")
            if name in first:
                raise InputError(f"column {name!r} is part of fixed combinations and cannot be conditioned on")
        kinds = table.group_by(list(names), use_threads=False).aggregate([([], "count_all")]).select(list(names))
        lookup = kinds.append_column("combination", pa.array(np.arange(kinds.num_rows)))
        keys = [f"k{i}" for i in range(len(names))]
        left = pa.table([_coded(table.column(n), kinds.column(n)) for n in names], keys).append_column(
            "row", pa.array(np.arange(table.num_rows))
        )
        right = pa.table([_coded(lookup.column(n), kinds.column(n)) for n in names], keys).append_column(
            "combination", lookup.column("combination")
        )
        joined = left.join(right, keys, join_type="left outer").sort_by("row")
        stand_in = f"\x00combination {k}"
        table = table.drop_columns(list(names)).append_column(stand_in, joined.column("combination").cast(pa.string()))
        found.append(Combination(stand_in, tuple(names), tuple(kinds.column(n).combine_chunks() for n in names)))
    return table, tuple(found)


def _coded(column: pa.ChunkedArray, kinds: pa.ChunkedArray) -> pa.Array:
    """Return each value's place among the different values of `kinds`; missing is -1."""
    different = pc.unique(kinds.combine_chunks().cast(pa.string())).drop_null()
    return pc.fill_null(pc.index_in(column.combine_chunks().cast(pa.string()), value_set=different), -1)


def _gaps(constraints: Sequence[Constraint], data: pa.Table) -> list[tuple[str, str]]:
    """Return the inequalities that can be kept by drawing the distance between the two columns."""
    gaps = []
    for constraint in constraints:
        if not isinstance(constraint, Inequality) or not {constraint.left, constraint.right} <= set(data.column_names):
            continue
        left, right = (data.schema.field(n).type for n in (constraint.left, constraint.right))
        if left == right and not broken(data, constraint).any():
            gaps.append((constraint.left, constraint.right))
    return gaps
