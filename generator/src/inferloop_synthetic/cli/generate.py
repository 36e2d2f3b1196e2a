"""`generate`: a synthetic table from a real one, from a schema alone, or from a model that was saved."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from inferloop_synthetic.cli.options import engine_options, is_model, is_schema, options_from_file, parse_where, refuse_given
from inferloop_synthetic.cli.output import read_target, write_folder, write_single
from inferloop_synthetic.cli.places import refuse_overwriting, with_numbers
from inferloop_synthetic.cli.progress import Narrator
from inferloop_synthetic.cli.tables import generate_tables
from inferloop_synthetic.cli.verdict import show_verdict
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors import find_executor
from inferloop_synthetic.pipeline.prepare import Learned, learn
from inferloop_synthetic.pipeline.spec import DEFAULT_ENGINE, GenerationSpec, read_spec
from inferloop_synthetic.policy import REFUSED, read_policy, verdict_from_json
from inferloop_synthetic.schema import read_schema

ONE_FILE = "in-process"
WITH_TABLES = {"tables", "output", "scale", "table_format", "seed", "config", "source"}
"""Parameters that mean something with --tables."""


def generate(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Where to write; the extension says the format. - is standard output (CSV).")
    ],
    source: Annotated[
        str,
        typer.Argument(
            help="A table (path, s3://, gs://, az://, https:// or a database's URL), a schema (.yaml) or a model.",
            show_default=False,
        ),
    ] = "",
    tables: Annotated[
        Path | None,
        typer.Option(help="Several tables, instead of SOURCE: a folder, or the YAML that says how they refer to each other."),
    ] = None,
    scale: Annotated[float, typer.Option(help="With --tables: rows of the tables that refer to none, times this.")] = 1.0,
    table_format: Annotated[
        str, typer.Option("--format", help="With --tables: csv, parquet, jsonl or arrow; --output is a folder.")
    ] = "parquet",
    rows: Annotated[int | None, typer.Option(min=0, help="Rows to draw; as many as the real table has by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same rows.")] = 0,
    engine: Annotated[str, typer.Option(help="One of those that `info` lists.")] = DEFAULT_ENGINE,
    engine_option: Annotated[
        list[str] | None, typer.Option(help="What the engine alone understands, such as epochs=50; may be repeated.")
    ] = None,
    schema: Annotated[Path | None, typer.Option(help="Schema to use instead of the one detected.")] = None,
    table: Annotated[str | None, typer.Option(help="Databases: the table to read.")] = None,
    query: Annotated[str | None, typer.Option(help="Databases: the SELECT to read, instead of --table.")] = None,
    fit_rows: Annotated[int, typer.Option(min=2, help="Learn from at most so many rows, drawn evenly.")] = 1_000_000,
    where: Annotated[
        list[str] | None, typer.Option(help="Condition such as age>=40 or city=Rome|Paris; may be repeated.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report on quality and privacy here (.html, and .json beside).")
    ] = None,
    holdout: Annotated[float, typer.Option(min=0.05, max=0.5, help="With --report: share of rows not learned from.")] = 0.2,
    policy: Annotated[
        str | None, typer.Option(help="With --report: file that decides on release (exit code 4: refused); or default.")
    ] = None,
    save_model: Annotated[Path | None, typer.Option(help="Write the fitted model here; it is a source of its own.")] = None,
    part_rows: Annotated[
        int | None, typer.Option(min=1, help="Write a folder of parts of so many rows, with a manifest.")
    ] = None,
    executor: Annotated[
        str, typer.Option(help="Who makes the parts: in-process, processes:workers=4, ray:address=auto, kubernetes:image=...")
    ] = ONE_FILE,
    replace: Annotated[bool, typer.Option(help="Parts: remove another generation's results that are there.")] = False,
    guard_spreadsheets: Annotated[bool, typer.Option(help="CSV: defuse texts that a spreadsheet would run.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads to draw with; the rows are the same.")] = 2,
    config: Annotated[
        Path | None,
        typer.Option(help="File with these options by name; see create-config.", is_eager=True, callback=options_from_file),
    ] = None,
) -> None:
    """Make a synthetic table.

    Example: inferloop-synthetic generate data.csv --rows 100000 --seed 7 --output out.parquet --report report.html
    """
    console = Console(stderr=True)
    if tables is not None:
        if source:
            raise InputError(f"--tables is given, so {source} is one source too many")
        refuse_given(context, context.params.keys() - WITH_TABLES, "does not go with --tables")
        refuse_overwriting({}, {"--output": output})
        generate_tables(tables, Path(output), scale=scale, seed=seed, form=table_format, console=console)
        return
    refuse_given(context, {"scale", "table_format"}, "goes with --tables only (else --rows and the extension say it)")
    if not source:
        raise InputError("give a table, a schema or a model to start from, or several tables with --tables")
    target = read_target(output, parts=part_rows is not None or executor != ONE_FILE)
    read = {"SOURCE": source, "--schema": schema, "--config": config, "--policy": None if policy == "default" else policy}
    single = None if target.parts or target.standard_output else output
    written = {"--output": single, "--save-model": save_model, **with_numbers(report)}
    refuse_overwriting(read, written, folder=output if target.parts else None)
    makers = find_executor(executor, {"threads": threads})
    if report is not None and (is_schema(source) or is_model(source)):
        raise InputError("--report compares with a real table; from a schema or a model alone there is none")
    if is_schema(source) and (engine != DEFAULT_ENGINE or engine_option):
        option = "--engine" if engine != DEFAULT_ENGINE else "--engine-option"
        raise InputError(f"{option}: engines learn from rows, and a schema alone has none; leave it out, or give a table")
    if is_model(source) and engine_option:
        raise InputError(f"--engine-option: {source} was learned already; give the option where the model is learned")
    tree: dict[str, Any] = {
        **_source(source),
        "table": table, "query": query, "engine": engine, "engine_options": engine_options(engine_option or []),
        "rows": rows, "seed": seed, "fit_rows": fit_rows, "format": target.format,
        "validate": report is not None, "holdout": holdout, "guard_spreadsheets": guard_spreadsheets,
    }  # fmt: skip
    if policy is not None:
        if report is None:
            raise InputError("--policy judges what --report finds; give that too")
        tree["policy"] = read_policy(policy).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if part_rows is not None:
        tree["part_rows"] = part_rows
    if schema is not None:
        tree["schema"] = read_schema(schema).model_dump(mode="json")
    tree["where"] = parse_where(where or [])
    narrator = Narrator(console)
    with narrator:
        learned = _learned(read_spec(tree), narrator, console)
        if save_model is not None:
            with whole_or_nothing(save_model) as file:
                learned.model.save(file)
        if target.parts:
            with tempfile.TemporaryDirectory(prefix="inferloop-work-") as work:
                done = write_folder(learned, target, makers, Path(work), narrator, report=report, replace=replace)
        else:
            done = write_single(learned, target, narrator, threads=threads, report=report)
    for line in done.said:
        typer.echo(line, err=target.standard_output)
    if done.verdict is not None:
        show_verdict(verdict_from_json(done.verdict), console)
    if not done.released:
        raise typer.Exit(REFUSED)


def _source(source: str) -> dict[str, Any]:
    if is_schema(source):
        return {"schema": read_schema(Path(source)).model_dump(mode="json")}
    return {"model": source} if is_model(source) else {"source": source}


def _learned(spec: GenerationSpec, narrator: Narrator, console: Console) -> Learned:
    if spec.source is not None:
        console.print(f"reading {Location.parse(spec.source).shown}", highlight=False, markup=False, soft_wrap=True)
    learned = learn(spec, narrator)
    if learned.real is not None and learned.rows_read > learned.real.num_rows and not spec.check:
        console.print(f"learned from {learned.real.num_rows:,} of {learned.rows_read:,} rows", highlight=False)
    for note in learned.model.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    return learned
