"""The benchmark's page: what was measured, how, and the ratios."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from results import ALONE, HOLDOUT, OURS, Result
from speed import ROWS, Speed

HOW = """
- **Command**: `generator/bench/run.py {command}`, as `make bench-generator` starts it.
- **Tables**: {tables} public ones, {unseen} of which were never looked at while the engine was designed, but for how long they
  take to fit (`counties` was profiled when fitting was made faster, and its quality compared before and after).
- **Networks** (CTGAN, TVAE, ARGN) train for at most {minutes} minutes a table, on the processor, and are otherwise left at their
  defaults; the epochs done are given. More time makes them better: what stands here is what they reach in that time, on a
  machine as busy as the load average says, and no measure of what they can do.
- **Hold-out**: one half of the rows held out stands in for drawn rows, the other half judges. Its downstream models thus
  learn from a quarter as many rows as those of the engines, and lose more than an equal sample would.
- **Quality** is sdmetrics' quality report over all columns and all pairs, both thresholds 0, and its distance to what the
  hold-out scores. **Classifier AUC**: gradient-boosted trees, cross-validated, tell drawn rows from held-out ones; .5 is a
  coin toss. **Downstream lost**: AUC of a model trained on real rows minus that of one trained on drawn rows.
  **Membership**: AUC of telling rows learned from and held-out ones apart by how near a drawn row is; calibrated, minus how
  near other real rows are. **Orders broken**: rows in which a column exceeds another that it exceeds in no real row; our
  engine is told of these orders as constraints, the others were run without. Membership is attacked on at most 2,000 rows
  of either kind: the standard error of that AUC is about .009.
- **Machine**: {machine};
  niceness {nice}, load average {load} at the end; {took} minutes in all. Clock times suffer when others use the machine,
  so processor seconds stand beside them. Our engine draws {rows} rows as Arrow batches with two threads.
"""
ROWS_AIM, SCHEMA_AIM, FIT_AIM = 5e6, 2e6, 5.0
HEAD = (
    "| table | engine | fit s (processor s) | rows/s (per core second) | quality, to hold-out | classifier AUC | downstream lost "
    "| membership AUC (calibrated) | copies (by chance) | orders broken |",
    "|---|---|---|---|---|---|---|---|---|---|",
)
SUMMARY = (
    "| engine | tables | fit s | x ours | rows/s | ours x | quality to hold-out | classifier AUC | downstream lost "
    "| membership AUC (calibrated) | copies above chance | orders broken |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def row(result: Result) -> str:
    """Return one engine's figures on one table."""
    figures, took = result.figures, result.took
    fit = speed = ""
    if took is not None:
        epochs = f", {took.epochs} epochs" if took.epochs else ""
        fit = f"{took.fit_seconds:.1f} ({took.fit_processor_seconds:.1f}{epochs})"
        core = took.speed.rows_per_core_second
        speed = _rows(took.speed.rows_per_second) + (f" ({_rows(core)})" if core else "")
    broken = "" if figures.violations is None else f"{figures.violations:.2%}"
    return (
        f"| {result.table.name} | {result.engine} | {fit} | {speed} | {figures.quality:.3f}, "
        f"{figures.quality - figures.quality_holdout:+.3f} | {figures.classifier:.3f} | {figures.downstream_lost:+.3f} "
        f"| {figures.membership:.3f} ({figures.membership_calibrated:.3f}) | {figures.copies:.2%} "
        f"({figures.copies_by_chance:.2%}) | {broken} |"
    )


def page(results: Sequence[Result], schemas: Speed, minutes: float, seconds: float) -> str:
    """Return the whole page in Markdown."""
    tables = list(dict.fromkeys(r.table.name for r in results))
    seen = sum(any(r.table.name == name and r.table.looked_at for r in results) for name in tables)
    return "\n".join(
        [
            "# Benchmark of the tabular engines",
            "",
            "Written by `make bench-generator`; do not edit. Every engine learns the same rows of the same table, draws as many,",
            "and is judged by the same rows that were held out. `hold-out` is what real rows that were not learned from reach:",
            "the best that can be hoped for. `columns alone` draws every column by itself: what must be beaten.",
            "",
            *_how(minutes, seconds, len(tables), seen),
            "",
            "## Aims of our own engine",
            "",
            *_aims([r for r in results if r.engine == OURS], schemas),
            "",
            "## Engines side by side",
            "",
            "Means over the tables that an engine was measured on; times are medians, ratios are to ours on the same tables.",
            "",
            *SUMMARY,
            *(_summary(engine, results) for engine in dict.fromkeys(r.engine for r in results)),
            "",
            "## Tables",
            "",
            *_tables(results),
            "",
            "## Every figure",
            "",
            *HEAD,
            *map(row, results),
            "",
        ]
    )


def _how(minutes: float, seconds: float, tables: int, seen: int) -> list[str]:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "pyarrow", "sdmetrics"))
    text = HOW.format(
        command=" ".join(_without_paths(sys.argv[1:])),
        tables=tables,
        unseen=tables - seen,
        minutes=f"{minutes:g}",
        machine=f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}",
        load=load,
        nice=os.nice(0),
        took=f"{seconds / 60:.0f}",
        rows=f"{ROWS:,}",
    )
    return text.strip().splitlines()


def _without_paths(arguments: Sequence[str]) -> list[str]:
    """Return the options that say what is measured."""
    pairs = zip(arguments[::2], arguments[1::2], strict=False)
    return [word for option, value in pairs if option in {"--tables", "--neural", "--minutes"} for word in (option, value)]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _aims(results: Sequence[Result], schemas: Speed) -> list[str]:
    """Return, aim by aim, on how many tables it is met and where it is not."""
    lines = ["| aim | met on | missed on |", "|---|---|---|"]

    def line(aim: str, figure: Callable[[Result], float], met: Callable[[Result], bool], digits: int = 3) -> None:
        missed = [f"{r.table.name} {figure(r):.{digits}f}" for r in results if not met(r)]
        lines.append(f"| {aim} | {len(results) - len(missed)} of {len(results)} | {', '.join(missed)} |")

    def bar(r: Result) -> float:
        return 0.65 if r.table.continuous else 0.60

    line("fit under 5 s", lambda r: _took(r)[0], lambda r: _took(r)[0] <= FIT_AIM, 1)
    line(
        "no aim, but what bounds fit: 10 processor s (5 s on two cores of one's own)",
        lambda r: _took(r)[1],
        lambda r: _took(r)[1] <= 2 * FIT_AIM,
        1,
    )
    line("5 million rows/s", lambda r: _took(r)[2] / 1e6, lambda r: _took(r)[2] >= ROWS_AIM, 1)
    line(
        "no aim, but what bounds rows/s: 2.5 million per core second",
        lambda r: _took(r)[3] / 1e6,
        lambda r: _took(r)[3] >= ROWS_AIM / 2,
        1,
    )
    line(
        "quality within .01 of the hold-out's",
        lambda r: r.figures.quality - r.figures.quality_holdout,
        lambda r: r.figures.quality >= r.figures.quality_holdout - 0.01,
    )
    line("classifier AUC <= .60, mostly continuous .65", lambda r: r.figures.classifier, lambda r: r.figures.classifier <= bar(r))
    line("downstream within .01", lambda r: r.figures.downstream_lost, lambda r: not r.figures.downstream_lost > 0.01)
    line("membership <= .52", lambda r: r.figures.membership, lambda r: r.figures.membership <= 0.52)
    line(
        "membership, calibrated, <= .52",
        lambda r: r.figures.membership_calibrated,
        lambda r: r.figures.membership_calibrated <= 0.52,
    )
    line(
        "no more copies than the hold-out",
        lambda r: r.figures.copies,
        lambda r: r.figures.copies <= r.figures.copies_by_chance,
        4,
    )
    line("no order broken", lambda r: r.figures.violations or 0, lambda r: not r.figures.violations, 4)
    core = schemas.rows_per_core_second or math.nan
    return [
        *lines,
        "",
        "From a schema alone (a whole number, a number, a category, a date and a name): "
        f"{_rows(schemas.rows_per_second)} records/s, "
        f"{schemas.rows_per_second / SCHEMA_AIM:.1f} times the aim of 2 M; {_rows(core)} per core second.",
    ]


def _took(result: Result) -> tuple[float, float, float, float]:
    took = result.took
    assert took is not None
    return took.fit_seconds, took.fit_processor_seconds, took.speed.rows_per_second, took.speed.rows_per_core_second or math.nan


def _summary(engine: str, results: Sequence[Result]) -> str:
    own = [r for r in results if r.engine == engine]
    figures = [r.figures for r in own]
    lost = [f.downstream_lost for f in figures if not math.isnan(f.downstream_lost)]
    broken = [f.violations for f in figures if f.violations is not None]
    took = ["", "", "", ""]
    if engine not in (HOLDOUT, ALONE):
        ours = {r.table.name: r for r in results if r.engine == OURS}
        pairs = [(_took(r), _took(ours[r.table.name])) for r in own]
        fit, speed = (statistics.median(a[k] for a, _ in pairs) for k in (0, 2))
        slower, faster = (statistics.median(t) for t in ([a[0] / b[0] for a, b in pairs], [b[2] / a[2] for a, b in pairs]))
        took = [f"{fit:.1f}", f"{slower:.1f}", _rows(speed), f"{faster:,.0f}"]
    cells = [
        engine,
        str(len(own)),
        *took,
        f"{statistics.mean(f.quality - f.quality_holdout for f in figures):+.3f}",
        f"{statistics.mean(f.classifier for f in figures):.3f}",
        f"{statistics.mean(lost):+.3f}" if lost else "",
        f"{statistics.mean(f.membership for f in figures):.3f} ({statistics.mean(f.membership_calibrated for f in figures):.3f})",
        f"{statistics.mean(f.copies - f.copies_by_chance for f in figures):+.2%}",
        f"{statistics.mean(broken):.2%}" if broken else "",
    ]
    return "| " + " | ".join(cells) + " |"


def _tables(results: Sequence[Result]) -> list[str]:
    lines = [
        "| table | from | rows learned from | columns | nature | looked at | orders kept by all real rows |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in {r.table.name: r for r in results}.values():
        orders = ", ".join(f"`{order}`" for order in r.orders)
        lines.append(
            f"| {r.table.name} | {r.table.package}::{r.table.item} | {r.shape[0]:,} | {r.shape[1]} | {r.table.nature} "
            f"| {'yes' if r.table.looked_at else 'no'} | {orders} |"
        )
    return lines


def _rows(count: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f}"
