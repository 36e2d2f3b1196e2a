"""`generate`: a synthetic table from a real one, or from a schema alone."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer
from rich.console import Console

from inferloop_synthetic.cli.options import is_schema, parse_where
from inferloop_synthetic.cli.progress import with_progress
from inferloop_synthetic.data.reading import format_of, read_table
from inferloop_synthetic.data.writing import WriteOptions, whole_or_nothing, write_batches
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import Condition, Model, find_engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.reporting.page import render
from inferloop_synthetic.schema import TableSchema, read_schema
from inferloop_synthetic.tabular.engine import model_from_schema
from inferloop_synthetic.validation.run import Validation, validate

LARGEST_COMPARED = 50_000


def generate(
    source: Annotated[Path, typer.Argument(help="A table (.csv, .tsv, .parquet, .jsonl, .arrow) or a schema (.yaml, .json).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write; the extension says the format.")],
    rows: Annotated[int | None, typer.Option(min=0, help="Rows to draw; as many as the real table has by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same rows.")] = 0,
    engine: Annotated[str, typer.Option(help="One of those that `info` lists.")] = "tabular",
    schema: Annotated[Path | None, typer.Option(help="Schema to use instead of the one detected.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Condition such as age>=40 or city=Rome|Paris; may be repeated.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report on quality and privacy here (.html, and .json beside).")
    ] = None,
    holdout: Annotated[float, typer.Option(min=0.05, max=0.5, help="With --report: share of rows not learned from.")] = 0.2,
    save_model: Annotated[Path | None, typer.Option(help="Write the fitted model here.")] = None,
    part_rows: Annotated[
        int | None, typer.Option(min=1, help="Write a folder of parts of so many rows, with a manifest.")
    ] = None,
    guard_spreadsheets: Annotated[bool, typer.Option(help="CSV: defuse texts that a spreadsheet would run.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads to draw with; the rows are the same.")] = 2,
) -> None:
    """Make a synthetic table.

    Example: inferloop-synthetic generate data.csv --rows 100000 --seed 7 --output out.parquet --report report.html
    """
    console = Console(stderr=True)
    format_of(output)
    if report is not None and is_schema(source):
        raise InputError("--report compares with a real table; from a schema alone there is none")
    real = kept = None
    if is_schema(source):
        model: Model = model_from_schema(read_schema(source))
        rows = 1000 if rows is None else rows
        given = parse_where(where or [], model.schema)
    else:
        real = read_table(source)
        rows = real.num_rows if rows is None else rows
        learned, kept = _split(real, holdout, seed) if report is not None else (real, None)
        table_schema = read_schema(schema) if schema is not None else detect_schema(real)
        given = parse_where(where or [], table_schema)
        model = _fit(console, engine, learned, table_schema, seed, given)
        real = learned
    if save_model is not None:
        model.save(save_model)
    batches = model.sample(rows, seed, given=given, threads=threads)
    first = next(batches)
    stream = with_progress(itertools.chain([first], batches), rows, console)
    written = write_batches(stream, first.schema, output, WriteOptions(part_rows, guard_spreadsheets))
    typer.echo(f"{output}: {written:,} rows")
    if report is not None and real is not None:
        found = _validate(model, real, kept, seed)
        write_report(report, found, f"{output.name} from {source.name}", list(model.notes))
        typer.echo(f"{report}: likeness {found.score:.3f}" + _privacy_words(found))


def _fit(console: Console, engine: str, table: pa.Table, schema: TableSchema, seed: int, given: dict[str, Condition]) -> Model:
    start = time.perf_counter()
    console.print(f"learning from {table.num_rows:,} rows, {len(schema.columns)} columns", highlight=False)
    model = find_engine(engine).fit(table, schema, seed=seed, first=list(given))
    console.print(f"learned in {time.perf_counter() - start:.2f} s", highlight=False)
    for note in model.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    return model


def _split(table: pa.Table, share: float, seed: int) -> tuple[pa.Table, pa.Table]:
    order = np.random.default_rng([seed, 30]).permutation(table.num_rows)
    cut = round(table.num_rows * share)
    if cut < 20:
        raise InputError(f"a report needs at least 20 rows to hold out; {share:.0%} of {table.num_rows} rows are {cut}")
    return table.take(pa.array(np.sort(order[cut:]))), table.take(pa.array(np.sort(order[:cut])))


def _validate(model: Model, real: pa.Table, holdout: pa.Table | None, seed: int) -> Validation:
    """Compare with rows drawn afresh without conditions, at most as many as are needed."""
    rows = min(real.num_rows, LARGEST_COMPARED)
    synthetic = pa.Table.from_batches(model.sample(max(rows, 10), seed, shard=1))
    return validate(real, synthetic, model.schema, holdout=holdout, seed=seed)


def write_report(path: Path, found: Validation, title: str, notes: list[str]) -> None:
    """Write the report's page and its JSON beside it."""
    tree = found.as_json()
    with whole_or_nothing(path) as page:
        page.write_text(render(tree, title, notes), "utf-8")
    with whole_or_nothing(path.with_suffix(".json")) as file:
        file.write_text(json.dumps({"title": title, "notes": notes, "validation": tree}, indent=1) + "\n", "utf-8")


def _privacy_words(found: Validation) -> str:
    words = f", classifier AUC {found.classifier.value:.3f}"
    if found.privacy is not None:
        worst = max(found.privacy.membership, found.privacy.membership_calibrated, key=lambda e: e.value)
        words += f", membership AUC {worst.value:.3f} ({worst.low:.3f} to {worst.high:.3f})"
    return words
