"""Write tables as a stream: a file, or a folder of part files with a manifest, that appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from inferloop_synthetic.data.encoding import EncodeOptions, encode
from inferloop_synthetic.data.reading import format_of
from inferloop_synthetic.errors import InputError


@dataclass(frozen=True)
class WriteOptions:
    """How files are written."""

    part_rows: int | None = None
    """Rows per part file; None writes one file."""
    guard_spreadsheets: bool = False
    """CSV: put an apostrophe before texts that a spreadsheet would run as formulas."""


@dataclass(frozen=True)
class PartFile:
    """One entry of a manifest."""

    file: str
    rows: int
    bytes: int
    sha256: str


def write_batches(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, options: WriteOptions | None = None) -> int:
    """Write all batches to `path` and return the rows written.

    Until everything is on disk the data stand in a hidden file or folder beside `path`, which is removed on any error, Ctrl-C
    and a full disk included.
    """
    chosen = options or WriteOptions()
    kind = format_of(path)
    if chosen.part_rows is not None:
        if chosen.part_rows < 1:
            raise InputError("a part needs at least one row")
        return _write_parts(batches, schema, path, kind, chosen)
    with whole_or_nothing(path) as temporary:
        return _write_file(batches, schema, temporary, kind, path, chosen)


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Give a hidden name to write to; it becomes `path` when the block ends well and is removed when it does not."""
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        _sync(temporary)
        if path.is_dir() and temporary.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: nothing was written: {error.strerror or error}") from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    files = [path] if path.is_file() else [p for p in path.iterdir() if p.is_file()]
    for file in files:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def _write_file(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, temporary: Path, kind: str, path: Path, options: WriteOptions
) -> int:
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in batches:
            yield batch
            rows += batch.num_rows

    how = EncodeOptions(options.guard_spreadsheets, tabs=".tsv" in path.suffixes, packed=path.suffix == ".gz")
    with temporary.open("wb") as file:
        for chunk in encode(counted(), schema, kind, how):
            file.write(chunk)
    return rows


def _write_parts(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, kind: str, options: WriteOptions) -> int:
    """Write a folder named `path` of part files and a manifest with their digests."""
    if path.is_file():
        raise InputError(f"{path}: is a file; parts need a folder of that name")
    if path.is_dir() and any(path.iterdir()) and not (path / "manifest.json").exists():
        raise InputError(f"{path}: the folder holds other files; it would be replaced")
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    parts: list[PartFile] = []
    with whole_or_nothing(path) as folder:
        folder.mkdir()
        for number, part in enumerate(_split(batches, options.part_rows or 1)):
            file = folder / f"part-{number:05d}{suffix}"
            rows = _write_file(part, schema, file, kind, file, options)
            parts.append(PartFile(file.name, rows, file.stat().st_size, _sha256(file)))
        total = sum(part.rows for part in parts)
        manifest: dict[str, Any] = {"format": kind, "rows": total, "parts": [asdict(part) for part in parts]}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    return total


def _split(batches: Iterable[pa.RecordBatch], part_rows: int) -> Iterator[Iterator[pa.RecordBatch]]:
    """Cut a stream of batches into streams of `part_rows` rows each; at least one, even of no rows."""
    source = iter(batches)
    rest: list[pa.RecordBatch] = []
    ended = False

    def part() -> Iterator[pa.RecordBatch]:
        nonlocal ended
        left = part_rows
        while left:
            batch = rest.pop() if rest else next(source, None)
            if batch is None:
                ended = True
                return
            if batch.num_rows > left:
                rest.append(batch.slice(left))
                batch = batch.slice(0, left)
            left -= batch.num_rows
            yield batch

    first = True
    while True:
        if not rest:
            batch = next(source, None)
            if batch is None:
                if first:
                    yield iter(())
                return
            rest.append(batch)
        first = False
        yield part()
        if ended:
            return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
