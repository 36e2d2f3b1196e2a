"""`advise`: what each engine would cost on a table, and how like the result would be."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from inferloop_synthetic.advisor.advice import Advice, choose
from inferloop_synthetic.advisor.advice import advise as compare
from inferloop_synthetic.advisor.costs import ENGINES, CostLimits, on_gpu
from inferloop_synthetic.advisor.predict import Range
from inferloop_synthetic.cli.info import Output
from inferloop_synthetic.cli.options import engine_options
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.sources import read_sample
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import find_engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.spec import GenerationSpec
from inferloop_synthetic.schema import read_schema

REFUSED = 4
SAMPLE_ROWS = 100_000


def advise(
    source: Annotated[str, typer.Argument(help="A table, or a sample of its rows: whatever `generate` can learn from.")],
    rows: Annotated[int | None, typer.Option(min=2, help="Rows of the whole table, where SOURCE is a sample.")] = None,
    engine: Annotated[str | None, typer.Option(help="Ask for this engine only; exit code 4 when it does not fit.")] = None,
    engine_option: Annotated[
        list[str] | None, typer.Option(help="What the engine alone understands, such as epochs=50; may be repeated.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="Schema to use instead of the one detected.")] = None,
    table: Annotated[str | None, typer.Option(help="Databases: the table to read.")] = None,
    query: Annotated[str | None, typer.Option(help="Databases: the SELECT to read, instead of --table.")] = None,
    fit_rows: Annotated[int, typer.Option(min=2, help="Learn from at most so many rows, as `generate` does.")] = 1_000_000,
    memory_mb: Annotated[
        int | None, typer.Option(min=1, help="Memory there is; GUARDIAN_MAX_MEMORY_USAGE_MB or what is free by default.")
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(min=0.001, help="Time that learning may take, on all processors of this machine.")
    ] = None,
    output: Annotated[Output, typer.Option(help="text for people, json for machines.")] = Output.text,
) -> None:
    """Predict time, memory and likeness of each engine, and say what would not fit.

    Example: inferloop-synthetic advise data.csv --memory-mb 4000
    """
    if engine is not None and engine not in ENGINES:
        raise InputError(f"engine {engine!r} was not measured; measured are {', '.join(ENGINES)}")
    if engine_option and engine is None:
        raise InputError("--engine-option belongs to one engine; name it with --engine")
    given = engine_options(engine_option or [])
    if engine is not None:
        find_engine(engine, given)  # raises where there is no such option
    spec = GenerationSpec(source=source, table=table, query=query, fit_rows=SAMPLE_ROWS)
    sample = read_sample(spec, SourcePolicy.anything(), Limits(), lambda rows: None)
    whole = sample.rows if rows is None else rows
    found = compare(
        sample.table,
        read_schema(schema) if schema is not None else detect_schema(sample.table),
        CostLimits.here(None if memory_mb is None else memory_mb * 2**20, max_seconds),
        rows=min(whole, fit_rows),
        options={engine: given} if engine is not None else None,
        engines=ENGINES if engine is None else (engine,),
    )
    chosen, why = choose(found)
    if output is Output.json:
        tree = {
            "rows": whole,
            "fit_rows": min(whole, fit_rows),
            "advised": None if chosen is None else chosen.engine,
            "because": why,
            "engines": [asdict(advice) for advice in found],
        }
        typer.echo(json.dumps(tree))
    else:
        _show(found, min(whole, fit_rows), whole)
        typer.echo(f"Take {chosen.engine}: {why}." if chosen else "None of them fits.")
    if chosen is None:
        raise typer.Exit(REFUSED)


def _show(found: list[Advice], learned: int, rows: int) -> None:
    typer.echo(f"Learning {learned:,} rows" if learned == rows else f"Learning {learned:,} of {rows:,} rows")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("engine", "processor time", "memory", "likeness", "fits"):
        table.add_column(heading, no_wrap=True)
    for advice in found:
        unit, one = _unit(advice.seconds.value)
        memory = Range(*(bytes_ / 2**20 for bytes_ in (advice.memory.value, advice.memory.low, advice.memory.high)))
        like = advice.likeness
        table.add_row(
            advice.engine,
            _span(Range(*(s / one for s in (advice.seconds.value, advice.seconds.low, advice.seconds.high))), unit),
            _span(memory, "MB"),
            "unknown"
            if like is None
            else f"{like.value:.2f}" + (f" ({like.low:.2f} to {like.high:.2f})" if like.low < like.high else ""),
            "no" if advice.refused else "yes",
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    if any(on_gpu(advice.engine, {}) for advice in found):
        typer.echo("There is a GPU: networks take less time on it than is said here.")
    remedy = ""
    for advice in found:
        if advice.refused:
            what, _, remedy = advice.refused.partition(": ")
            typer.echo(what)
    if remedy:
        typer.echo(f"What helps: {remedy}")


def _unit(seconds: float) -> tuple[str, float]:
    return ("s", 1) if seconds < 100 else ("min", 60) if seconds < 6000 else ("h", 3600)


def _span(span: Range, unit: str) -> str:
    digits = 1 if span.low < 10 else 0
    return f"{span.value:,.{digits}f} {unit} ({span.low:,.{digits}f} to {span.high:,.{digits}f})"
