"""Where `generate` writes: one file, or a folder (or a prefix of a bucket) of parts."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import typer

from inferloop_synthetic.cli.places import STANDARD_OUTPUT
from inferloop_synthetic.cli.progress import Narrator
from inferloop_synthetic.data.encoding import EncodeOptions, encode
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.reading import FORMATS, format_of
from inferloop_synthetic.data.texts import runs_as_formula
from inferloop_synthetic.data.writing import WriteOptions, whole_or_nothing, write_batches
from inferloop_synthetic.errors import InputError, OutsideError
from inferloop_synthetic.executors import Executor
from inferloop_synthetic.pipeline.destination import open_destination
from inferloop_synthetic.pipeline.finish import Manifest
from inferloop_synthetic.pipeline.make import part_rows
from inferloop_synthetic.pipeline.parts import plan_parts
from inferloop_synthetic.pipeline.prepare import Learned, Prepared, keep
from inferloop_synthetic.pipeline.run import make_all, remove_results
from inferloop_synthetic.pipeline.validating import NUMBERS, REPORT, Validate


@dataclass(frozen=True)
class Target:
    """Where results go, and how."""

    location: Location
    format: str
    parts: bool
    standard_output: bool = False


def read_target(output: str, *, parts: bool) -> Target:
    """Return what `--output` asks for: a place whose name has no extension, or ends with a slash, takes parts of Parquet.

    `-` is standard output, which takes CSV.
    """
    if output == STANDARD_OUTPUT:
        if parts:
            raise InputError(
                "--output -: parts cannot go to standard output; leave --part-rows and --executor out, or name a folder"
            )
        return Target(Location(output, "file"), "csv", parts=False, standard_output=True)
    location = Location.parse(output)
    if not (location.is_local or location.is_object):
        raise InputError(f"{location.shown}: results go to a file, a folder, or to s3://, gs:// or az://")
    name = PurePosixPath(location.name)
    if output.endswith("/") or not name.suffix:
        return Target(location, "parquet", parts=True)
    kind = format_of(Path(location.name))
    packed_or_tabs = ".gz" in name.suffixes or ".tsv" in name.suffixes
    if parts and packed_or_tabs:
        kinds = ", ".join(sorted(set(FORMATS.values())))
        raise InputError(f"{location.shown}: parts are {kinds}; leave out {''.join(name.suffixes)}")
    return Target(location, kind, parts)


@dataclass(frozen=True)
class Done:
    """What was written, in words, and whether a policy lets it be released."""

    said: tuple[str, ...]
    verdict: dict[str, Any] | None = None
    released: bool = True


def write_single(learned: Learned, target: Target, narrator: Narrator, *, threads: int, report: Path | None) -> Done:
    """Write one file; nothing is written but the report where the policy refuses release."""
    prepared = learned.prepared()
    said: list[str] = []
    found: dict[str, Any] = {}
    if report is not None:
        narrator("validation", 0, None)
        outcome = Validate().run(prepared, [])
        found = outcome.result
        said.append(_write_report(report, found, lambda name: outcome.files[name]))
        if not found["released"]:
            return Done((*said, f"{target.location.shown}: not written"), found["verdict"], released=False)
    parts = plan_parts(prepared.spec)
    batches = (batch for part in parts for batch in part_rows(prepared, part, threads=threads))
    first = next(batches)
    risky: set[str] = set()
    stream = narrator.counted(_watched(_chain(first, batches), target, prepared, risky), prepared.spec.rows or 0)
    guard = prepared.spec.guard_spreadsheets
    if target.standard_output:
        _to_standard_output(encode(stream, first.schema, target.format, EncodeOptions(guard)))
    elif target.location.is_local:
        write_batches(stream, first.schema, target.location.path, WriteOptions(guard_spreadsheets=guard))
    else:
        folder, _, name = target.location.text.rpartition("/")
        options = EncodeOptions(guard, tabs=".tsv" in name, packed=name.endswith(".gz"))
        open_destination(folder).write(name, encode(stream, first.schema, target.format, options))
    place = "standard output" if target.standard_output else target.location.shown
    said.insert(0, f"{place}: {prepared.spec.rows:,} rows")
    if risky:
        said.append(f"note: a spreadsheet would run texts of {', '.join(sorted(risky))}; --guard-spreadsheets defuses them")
    return Done(tuple(said), found.get("verdict"))


def write_folder(
    learned: Learned, target: Target, executor: Executor, work: Path, narrator: Narrator, *, report: Path | None, replace: bool
) -> Done:
    """Write parts and a manifest, which says so where the policy refuses release."""
    prepared = keep(learned, work)
    destination = open_destination(target.location.text)
    if replace:
        remove_results(destination)
    manifest: Manifest = make_all(prepared, destination, executor, narrator)
    said = [f"{target.location.shown}: {manifest.rows:,} rows in {len(manifest.parts):,} parts"]
    if report is None:
        return Done(tuple(said))
    found = manifest.results["validation"]
    said.append(_write_report(report, found, lambda name: b"".join(destination.read(name))))
    return Done(tuple(said), found["verdict"], found["released"])


def _to_standard_output(chunks: Iterable[bytes]) -> None:
    try:
        for chunk in chunks:
            typer.echo(chunk, nl=False)
    except OSError as error:
        # What is still in the buffer must not be tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutsideError(f"standard output took no more before all rows were written: {error.strerror or error}") from error


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _watched(batches: Iterator[pa.RecordBatch], target: Target, prepared: Prepared, risky: set[str]) -> Iterator[pa.RecordBatch]:
    """Note which columns of a CSV file hold what a spreadsheet would run, where that is not defused."""
    watch = target.format == "csv" and not prepared.spec.guard_spreadsheets
    for batch in batches:
        if watch:
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                texts = column.dictionary if pa.types.is_dictionary(column.type) else column
                if name not in risky and pa.types.is_string(texts.type) and pc.any(runs_as_formula(texts)).as_py():
                    risky.add(name)
        yield batch


def _write_report(path: Path, found: dict[str, Any], read: Callable[[str], bytes]) -> str:
    with whole_or_nothing(path) as page:
        page.write_bytes(read(REPORT))
    with whole_or_nothing(path.with_suffix(".json")) as numbers:
        numbers.write_bytes(read(NUMBERS))
    return f"{path}: {found['summary']}"
