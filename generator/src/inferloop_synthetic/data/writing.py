"""Write tables as a stream: a file, or a folder of part files with a manifest, that appears whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from inferloop_synthetic.data.reading import format_of
from inferloop_synthetic.errors import InputError

FORMULA_STARTS = "=+-@\t\r"


class BatchWriter(Protocol):
    """Writes batches to one open file."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


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
    with ExitStack() as stack:
        writer = _open(temporary, schema, kind, packed=path.suffix == ".gz", options=options, tabs=".tsv" in path.suffixes)
        stack.callback(writer.close)
        for batch in batches:
            writer.write(batch)
            rows += batch.num_rows
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


# -------------------------------------------------------------------------------------------------------------- formats


def _open(temporary: Path, schema: pa.Schema, kind: str, *, packed: bool, options: WriteOptions, tabs: bool) -> BatchWriter:
    if kind == "parquet":
        return _Parquet(temporary, schema)
    if kind == "arrow":
        return _Arrow(temporary, schema)
    if kind == "csv":
        return _Csv(temporary, schema, packed=packed, guard=options.guard_spreadsheets, tabs=tabs)
    return _JsonLines(temporary, packed=packed)


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Arrow:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = ipc.new_file(self._sink, _plain_schema(schema))

    def write(self, batch: pa.RecordBatch) -> None:
        # The file format wants one dictionary per column for the whole file, which batches need not share.
        self._writer.write_batch(_plain(batch))

    def close(self) -> None:
        self._writer.close()
        self._sink.close()


class _Csv:
    def __init__(self, path: Path, schema: pa.Schema, *, packed: bool, guard: bool, tabs: bool) -> None:
        raw = pa.OSFile(str(path), "wb")
        self._sinks = [pa.CompressedOutputStream(raw, "gzip"), raw] if packed else [raw]
        options = pacsv.WriteOptions(delimiter="\t" if tabs else ",", quoting_style="needed")
        self._writer = pacsv.CSVWriter(self._sinks[0], _plain_schema(schema), write_options=options)
        self._guard = guard

    def write(self, batch: pa.RecordBatch) -> None:
        batch = _plain(batch)
        self._writer.write_batch(guarded(batch) if self._guard else batch)

    def close(self) -> None:
        self._writer.close()
        for sink in self._sinks:
            sink.close()


class _JsonLines:
    def __init__(self, path: Path, *, packed: bool) -> None:
        self._file = gzip.open(path, "wb") if packed else path.open("wb")  # noqa: SIM115  (closed by close)

    def write(self, batch: pa.RecordBatch) -> None:
        self._file.write(json_lines(batch))

    def close(self) -> None:
        self._file.close()


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    return pa.schema(fields)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, batch.schema.names)


def guarded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with an apostrophe before every text that a spreadsheet would run as a formula."""
    for i, field in enumerate(batch.schema):
        if pa.types.is_string(field.type):
            column = batch.column(i)
            risky = pc.is_in(pc.utf8_slice_codeunits(column, 0, 1), value_set=pa.array(list(FORMULA_STARTS)))
            safe = pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
            batch = batch.set_column(i, field.name, safe)
    return batch


def json_lines(batch: pa.RecordBatch) -> bytes:
    """Return one JSON object per row: dates and times in ISO form, missing and not finite as null."""
    columns = []
    for name, column in zip(batch.schema.names, _plain(batch).columns, strict=True):
        if pa.types.is_temporal(column.type):
            column = column.cast(pa.string())
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        texts = _json_texts(column)
        columns.append(pc.binary_join_element_wise(pa.scalar(json.dumps(name, ensure_ascii=False)), texts, ":"))
    if not columns or not batch.num_rows:
        return b""
    rows = pc.binary_join_element_wise("{", pc.binary_join_element_wise(*columns, ","), "}\n", "")
    offsets_joined = pc.binary_join(pa.ListArray.from_arrays([0, len(rows)], rows), "")
    text: str = offsets_joined[0].as_py()
    return text.encode()


def _json_texts(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        words = [json.dumps(word, ensure_ascii=False) for word in encoded.dictionary.to_pylist()]
        texts = pa.array(words, pa.string()).take(encoded.indices)
    else:
        texts = column.cast(pa.string())
    return pc.fill_null(texts, "null")
