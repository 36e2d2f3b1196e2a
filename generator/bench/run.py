"""Measure every installed engine on real tables and print a table of figures and ratios.

    OMP_NUM_THREADS=1 python generator/bench/run.py --output docs/generator/benchmark.md

Two baselines stand beside the engines: `hold-out`, real rows that were not learned from (the best that can be reached), and
`columns alone`, which draws every column by itself (what must be beaten).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from tables import TABLES, BenchTable, load

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import installed_engines
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.run import validate

SPEED_ROWS = 3_000_000


@dataclass(frozen=True)
class Result:
    """What one engine reached on one table."""

    table: BenchTable
    engine: str
    fit_seconds: float | None
    rows_per_second: float | None
    quality: float
    quality_holdout: float
    classifier: float
    downstream_lost: float
    membership: float
    membership_calibrated: float
    copies: float
    copies_by_chance: float


def measure(table: BenchTable, engine: str) -> Result:
    """Fit, draw and judge one engine (or baseline) on one table."""
    learned, holdout = load(table)
    schema = detect_schema(learned)
    fit_seconds = speed = None
    if engine == "hold-out":
        half = holdout.num_rows // 2
        synthetic, holdout = holdout.slice(0, half), holdout.slice(half)
    elif engine == "columns alone":
        synthetic = _shuffled(learned)
    else:
        start = time.perf_counter()
        model = installed_engines()[engine].fit(learned, schema, seed=0)
        fit_seconds = time.perf_counter() - start
        synthetic = pa.Table.from_batches(model.sample(learned.num_rows, 1))
        start = time.perf_counter()
        rows = sum(batch.num_rows for batch in model.sample(SPEED_ROWS, 2))
        speed = rows / (time.perf_counter() - start)
    found = validate(learned, synthetic, schema, holdout=holdout)
    assert found.privacy is not None
    lost = found.downstream.real.value - found.downstream.synthetic.value if found.downstream else float("nan")
    return Result(
        table,
        engine,
        fit_seconds,
        speed,
        _quality(learned, synthetic, schema),
        _quality(learned, holdout, schema),
        found.classifier.value,
        lost,
        found.privacy.membership.value,
        found.privacy.membership_calibrated.value,
        found.privacy.copies.value,
        found.privacy.copies_by_chance.value,
    )


def _shuffled(table: pa.Table) -> pa.Table:
    rng = np.random.default_rng(3)
    return pa.table({n: table.column(n).take(pa.array(rng.permutation(table.num_rows))) for n in table.column_names})


def _quality(real: pa.Table, other: pa.Table, schema: TableSchema, rows: int = 10_000) -> float:
    """Return sdmetrics' quality score over all pairs of columns (both thresholds 0)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sdmetrics announces that this report will move
        from sdmetrics.reports.single_table import QualityReport

    kinds = {"integer": "numerical", "float": "numerical", "date": "datetime", "datetime": "datetime"}
    learned = [c for c in schema.columns if c.kind.value not in {"identifier", "text", "personal"}]
    names = [c.name for c in learned]
    frames = []
    for table in (real, other):
        order = np.random.default_rng(1).permutation(table.num_rows)[:rows]
        frames.append(table.select(names).take(pa.array(order)).to_pandas(strings_to_categorical=False))
        for column in learned:
            if column.kind.value in {"category", "boolean", "time"}:
                frames[-1][column.name] = frames[-1][column.name].astype(object)
    report = QualityReport()
    report.real_correlation_threshold = report.real_association_threshold = 0
    metadata = {"columns": {c.name: {"sdtype": kinds.get(c.kind.value, "categorical")} for c in learned}}
    report.generate(*frames, metadata, verbose=False)
    return float(report.get_score())


def markdown(results: Sequence[Result]) -> str:
    """Return the figures as a table, with the ratios to the aims."""
    lines = [
        "| table | looked at | engine | fit s | M rows/s | of 5 M/s | quality | to hold-out | classifier AUC | downstream lost "
        "| membership AUC (calibrated) | copies / by chance |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        fit = "" if r.fit_seconds is None else f"{r.fit_seconds:.2f}"
        speed = ("", "") if r.rows_per_second is None else (f"{r.rows_per_second / 1e6:.1f}", f"{r.rows_per_second / 5e6:.2f} x")
        lines.append(
            f"| {r.table.name} ({r.table.nature}) | {'yes' if r.table.looked_at else 'no'} | {r.engine} | {fit} | {speed[0]} "
            f"| {speed[1]} | {r.quality:.3f} | {r.quality - r.quality_holdout:+.3f} | {r.classifier:.3f} "
            f"| {r.downstream_lost:+.3f} | {r.membership:.3f} ({r.membership_calibrated:.3f}) "
            f"| {r.copies:.2%} / {r.copies_by_chance:.2%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", help="names, with commas between; all by default")
    parser.add_argument("--engines", help="names, with commas between; all installed and the baselines by default")
    parser.add_argument("--output", type=Path, help="also write the table to this Markdown file")
    arguments = parser.parse_args()
    wanted = arguments.tables.split(",") if arguments.tables else [t.name for t in TABLES]
    engines = arguments.engines.split(",") if arguments.engines else [*installed_engines(), "hold-out", "columns alone"]
    results = []
    for table in (t for t in TABLES if t.name in wanted):
        for engine in engines:
            results.append(measure(table, engine))
            sys.stdout.write(markdown(results[-1:]).splitlines()[-1] + "\n")
            sys.stdout.flush()
    load_now = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    text = markdown(results) + f"\n{os.cpu_count()} cores; load average {load_now} at the end.\n"
    sys.stdout.write("\n" + text)
    if arguments.output is not None:
        heading = "# Benchmark of the tabular engines\n\nWritten by `make bench-generator`.\n\n"
        arguments.output.write_text(heading + text, "utf-8")


if __name__ == "__main__":
    main()
