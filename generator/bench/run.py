"""Measure our own engine on real tables beside others, and print figures and ratios: `make bench-generator`.

    make bench-generator ARGS='--minutes 1 --neural wages,loans --output docs/generator/benchmark.md'

Two baselines stand beside the engines: `hold-out`, real rows that were not learned from (the best that can be reached), and
`columns alone`, which draws every column by itself (what must be beaten).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from judging import judge, kept_orders, quality
from page import page, row
from results import ALONE, ARGN, HOLDOUT, NEURAL, OURS, SDV, Result, Took
from speed import Speed, sampling_speed, schema_speed
from tables import TABLES, BenchTable, load

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.schema import Inequality, Kind, TableSchema
from inferloop_synthetic.tabular.engine import TabularEngine

UNLEARNED = {Kind.identifier, Kind.text, Kind.personal}


@dataclass(frozen=True)
class Prepared:
    """One table, ready to be learned from."""

    table: BenchTable
    learned: pa.Table
    holdout: pa.Table
    schema: TableSchema
    orders: tuple[Inequality, ...]
    quality_holdout: float


def prepare(table: BenchTable) -> Prepared:
    """Read a table; columns that no engine learns (identifiers, texts) are left out, so that all learn the same."""
    learned, holdout = load(table)
    schema = detect_schema(learned)
    schema = schema.model_copy(update={"columns": [c for c in schema.columns if c.kind not in UNLEARNED]})
    names = [c.name for c in schema.columns]
    learned, holdout = learned.select(names), holdout.select(names)
    orders = kept_orders(learned, holdout, schema)
    best = quality(learned, holdout, schema)
    return Prepared(table, learned, holdout, schema.model_copy(update={"constraints": orders}), tuple(orders), best)


def measure(prepared: Prepared, engine: str, pythons: dict[str, str], minutes: float) -> Result:
    """Fit, draw and judge one engine (or baseline) on one table."""
    learned, holdout, took = prepared.learned, prepared.holdout, None
    if engine == HOLDOUT:
        half = holdout.num_rows // 2
        synthetic, holdout = holdout.slice(0, half), holdout.slice(half)
    elif engine == ALONE:
        rng = np.random.default_rng(3)
        synthetic = pa.table(
            {n: learned.column(n).take(pa.array(rng.permutation(learned.num_rows))) for n in learned.column_names}
        )
    elif engine == OURS:
        synthetic, took = ours(prepared)
    else:
        synthetic, took = others(prepared, engine, pythons[engine], minutes)
    figures = judge(learned, synthetic, holdout, prepared.schema, prepared.orders, prepared.quality_holdout)
    orders = tuple(f"{order.left} <= {order.right}" for order in prepared.orders)
    return Result(prepared.table, (learned.num_rows, learned.num_columns), engine, took, figures, orders)


def ours(prepared: Prepared) -> tuple[pa.Table, Took]:
    """Learn and draw with our own engine."""
    start, worked = time.perf_counter(), time.process_time()
    model = TabularEngine().fit(prepared.learned, prepared.schema, seed=0)
    fit, processor = time.perf_counter() - start, time.process_time() - worked
    synthetic = pa.Table.from_batches(model.sample(prepared.learned.num_rows, 1))
    return synthetic, Took(fit, processor, sampling_speed(model))


def others(prepared: Prepared, engine: str, python: str, minutes: float) -> tuple[pa.Table, Took]:
    """Learn and draw with an engine of another house, in its own environment."""
    names = SDV | ARGN
    kinds = {c.name: _kind(c.kind) for c in prepared.schema.columns}
    with tempfile.TemporaryDirectory() as folder:
        request, learned, synthetic = (Path(folder) / name for name in ("request.json", "learned.csv", "synthetic.csv"))
        request.write_text(json.dumps({"kinds": kinds, "rows": prepared.learned.num_rows, "minutes": minutes}), "utf-8")
        prepared.learned.to_pandas(strings_to_categorical=False).to_csv(learned, index=False)
        command = [python, str(Path(__file__).with_name("others.py")), names[engine], *map(str, (request, learned, synthetic))]
        threads = {"OMP_NUM_THREADS": str(os.cpu_count())}
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
        if done.returncode:
            raise SystemExit(f"{engine} on {prepared.table.name} failed:\n{done.stderr[-3000:]}")
        answer = json.loads(done.stdout.splitlines()[-1])
        table = _as_learned(synthetic, prepared.learned.schema)
    speed = Speed(answer["rows_per_second"], None)
    return table, Took(answer["fit_seconds"], answer["fit_processor_seconds"], speed, answer["epochs"])


def _kind(kind: Kind) -> str:
    if kind in {Kind.integer, Kind.float}:
        return "number"
    return "time" if kind in {Kind.date, Kind.datetime} else "category"


def _as_learned(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a table of texts as the types of the table learned from; what a number's type cannot hold is rounded."""
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    columns = {}
    for field in schema:
        texts = pa.array(frame[field.name], pa.string(), from_pandas=True)
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_integer(kind):
            limits = np.iinfo(kind.to_pandas_dtype())
            low, high = max(float(limits.min), -(2.0**53)), min(float(limits.max), 2.0**53)
            number = pc.round(pc.cast(texts, pa.float64()))
            number = pc.if_else(pc.greater(number, high), high, number)
            columns[field.name] = pc.cast(pc.if_else(pc.less(number, low), low, number), kind)
        elif pa.types.is_temporal(kind) and not pa.types.is_time(kind):
            moments = pa.Array.from_pandas(pd.to_datetime(frame[field.name], format="mixed"))
            columns[field.name] = pc.cast(moments, kind, safe=False)
        else:
            columns[field.name] = pc.cast(texts, kind)
    return pa.table(columns)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", help="names, with commas between, in the order to measure them; all by default")
    parser.add_argument("--neural", help="tables on which the networks (CTGAN, TVAE, ARGN) are measured too; all by default")
    parser.add_argument("--minutes", type=float, default=1.0, help="the most that a network may train on one table")
    parser.add_argument("--sdv", help="the Python that has SDV and CTGAN; without it they are left out")
    parser.add_argument("--argn", help="the Python that has mostlyai-engine; without it it is left out")
    parser.add_argument("--output", type=Path, help="also write the page to this Markdown file")
    arguments = parser.parse_args()
    by_name = {table.name: table for table in TABLES}
    wanted = [by_name[name] for name in arguments.tables.split(",")] if arguments.tables else list(TABLES)
    neural = [t.name for t in wanted] if arguments.neural is None else arguments.neural.split(",")
    pythons = {name: arguments.sdv for name in SDV if arguments.sdv} | {name: arguments.argn for name in ARGN if arguments.argn}
    start = time.perf_counter()
    results: list[Result] = []
    schemas = schema_speed()
    tables = [prepare(table) for table in wanted]

    def written() -> str:
        order = sorted(results, key=lambda result: wanted.index(result.table))
        return page(order, schemas, arguments.minutes, time.perf_counter() - start)

    # Engine by engine, and written at once, so that a run that is stopped leaves what it found about all tables.
    for engine in (OURS, HOLDOUT, ALONE, *pythons):
        for prepared in tables:
            if engine in NEURAL and prepared.table.name not in neural:
                continue
            results.append(measure(prepared, engine, pythons, arguments.minutes))
            sys.stdout.write(row(results[-1]) + "\n")
            sys.stdout.flush()
            if arguments.output is not None:
                arguments.output.write_text(written(), "utf-8")
    sys.stdout.write("\n" + written())


if __name__ == "__main__":
    main()
