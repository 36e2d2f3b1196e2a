"""Rows into the bytes of a file, batch by batch: what is written to disk, sent to object storage or over HTTP is the same."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from inferloop_synthetic.data.texts import guard_names, guarded, json_lines, plain, plain_schema
from inferloop_synthetic.errors import InputError

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}


@dataclass(frozen=True)
class EncodeOptions:
    """How bytes are made."""

    guard_spreadsheets: bool = False
    """CSV: put an apostrophe before texts and names that a spreadsheet would run as formulas."""
    tabs: bool = False
    """CSV: tabs between the values."""
    packed: bool = False
    """Gzip over all of it."""


class _Writer(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


class _Sink(io.RawIOBase):
    """Takes what a writer writes and gives it away again."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def encode(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, kind: str, options: EncodeOptions | None = None
) -> Iterator[bytes]:
    """Yield the bytes of a file of that kind (csv, jsonl, parquet, arrow), those of each batch when the batch has come."""
    chosen = options or EncodeOptions()
    pieces = _encoded(batches, schema, kind, chosen)
    return _gzipped(pieces) if chosen.packed else pieces


def _encoded(batches: Iterable[pa.RecordBatch], schema: pa.Schema, kind: str, options: EncodeOptions) -> Iterator[bytes]:
    sink = _Sink()
    writer = _open(sink, schema, kind, options)
    for batch in batches:
        writer.write(batch)
        if piece := sink.take():
            yield piece
    writer.close()
    if piece := sink.take():
        yield piece


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # No name and no time in the header: the same rows are the same bytes.
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _open(sink: _Sink, schema: pa.Schema, kind: str, options: EncodeOptions) -> _Writer:
    match kind:
        case "parquet":
            return _Parquet(sink, schema)
        case "arrow":
            return _Arrow(sink, schema)
        case "csv":
            return _Csv(sink, schema, options)
        case "jsonl":
            return _JsonLines(sink)
    raise InputError(f"format: {kind!r} is not known; known are {', '.join(CONTENT_TYPES)}")


class _Parquet:
    def __init__(self, sink: _Sink, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(sink, "w"), schema, compression="zstd", compression_level=1)

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Arrow:
    def __init__(self, sink: _Sink, schema: pa.Schema) -> None:
        self._writer = ipc.new_file(pa.PythonFile(sink, "w"), plain_schema(schema))

    def write(self, batch: pa.RecordBatch) -> None:
        # The file format wants one dictionary per column for the whole file, which batches need not share.
        self._writer.write_batch(plain(batch))

    def close(self) -> None:
        self._writer.close()


class _Csv:
    def __init__(self, sink: _Sink, schema: pa.Schema, options: EncodeOptions) -> None:
        self._guard = options.guard_spreadsheets
        written = plain_schema(schema)
        self._names = guard_names(written.names) if self._guard else written.names
        settings = pacsv.WriteOptions(delimiter="\t" if options.tabs else ",", quoting_style="needed", batch_size=16_384)
        self._writer = pacsv.CSVWriter(
            pa.PythonFile(sink, "w"), pa.schema([f.with_name(n) for f, n in zip(written, self._names, strict=True)]),
            write_options=settings,
        )  # fmt: skip

    def write(self, batch: pa.RecordBatch) -> None:
        batch = plain(batch)
        batch = guarded(batch) if self._guard else batch
        self._writer.write_batch(batch.rename_columns(self._names))

    def close(self) -> None:
        self._writer.close()


class _JsonLines:
    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def write(self, batch: pa.RecordBatch) -> None:
        self._sink.write(json_lines(batch))

    def close(self) -> None:
        """Do nothing: lines need no end."""
