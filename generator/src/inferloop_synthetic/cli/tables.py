"""`generate` for several tables that refer to each other."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import typer
from rich.console import Console

from inferloop_synthetic.cli.progress import Narrator
from inferloop_synthetic.data.reading import FORMATS
from inferloop_synthetic.data.writing import whole_or_nothing, write_batches
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.multitable.design import DESIGN_FILE, Design, design_yaml, read_design
from inferloop_synthetic.multitable.detecting import detect_design
from inferloop_synthetic.multitable.drawing import TablesDrawing
from inferloop_synthetic.multitable.fitting import fit_tables
from inferloop_synthetic.multitable.reading import read_tables


def generate_tables(source: Path, target: Path, *, scale: float, seed: int, form: str, console: Console) -> None:
    """Learn all tables and write a folder of synthetic ones, with the file that says how they refer to each other."""
    if form not in set(FORMATS.values()):
        raise InputError(f"--format {form}: known are {', '.join(sorted(set(FORMATS.values())))}")
    design, folder = _design(source, console)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target}: is there already; several tables are written to a new folder")
    start = time.perf_counter()
    fitted = fit_tables(design, read_tables(design, folder), seed)
    console.print(f"learned {len(design.tables)} tables in {time.perf_counter() - start:.2f} s", highlight=False)
    with tempfile.TemporaryDirectory() as scratch, whole_or_nothing(target) as temporary:
        temporary.mkdir()
        drawing = TablesDrawing(fitted, seed, Path(scratch), scale)
        counts = {}
        for name, batches in drawing.tables():
            first = next(batches)
            with Narrator(console) as narrator:
                rows = _told(itertools.chain([first], batches), name, narrator)
                counts[name] = write_batches(rows, first.schema, temporary / f"{name}.{form}")
        entries = {n: e.model_copy(update={"file": f"{n}.{form}", "table_schema": None}) for n, e in design.tables.items()}
        (temporary / DESIGN_FILE).write_text(design_yaml(design.model_copy(update={"tables": entries})), "utf-8")
    for name, rows_written in counts.items():
        typer.echo(f"{target / name}.{form}: {rows_written:,} rows")
    for place, link in fitted.links.items():
        spool = drawing.spools[place]
        typer.echo(
            f"{'.'.join(place)}: {spool.total / max(spool.parents, 1):.2f} per row of {link.relation.parent} "
            f"(real {link.mean:.2f}), {spool.childless / max(spool.parents, 1):.1%} without any (real {link.childless:.1%})"
        )


def _design(path: Path, console: Console) -> tuple[Design, Path]:
    file = path / DESIGN_FILE if path.is_dir() else path
    if file.is_file():
        return read_design(file), file.parent
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder")
    design = detect_design(path)
    if design.relationships:
        said = f"{file} is not there; these relationships were found, write them there to change them:"
    else:
        said = (
            f"{file} is not there, and no relationships were found: each table is drawn by itself. Write this there to add some:"
        )
    console.print(said, highlight=False, markup=False, soft_wrap=True)
    console.print(design_yaml(design, relationships=True), highlight=False, markup=False, end="")
    return design, path


def _told(batches: Iterator[pa.RecordBatch], name: str, narrator: Narrator) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        narrator(name, done, None)
