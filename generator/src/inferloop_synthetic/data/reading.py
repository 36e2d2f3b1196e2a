"""Read tables from CSV, Parquet, JSON lines and Arrow files, whole or as a stream, with errors that name the place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from inferloop_synthetic.data.csv_files import csv_batches
from inferloop_synthetic.data.json_files import json_batches
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.moments import as_moments
from inferloop_synthetic.data.names import check_names
from inferloop_synthetic.errors import InputError

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".arrow": "arrow", ".feather": "arrow",
}  # fmt: skip
BATCH_ROWS = 65_536


def format_of(path: Path) -> str:
    """Return the format that a file's extension names; `.csv.gz` is csv."""
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() not in FORMATS:
        raise InputError(f"{path}: the extension {suffix or '(none)'} is not known; known are {', '.join(FORMATS)}")
    return FORMATS[suffix.lower()]


def read_table(path: Path, limits: Limits | None = None) -> pa.Table:
    """Read a whole table; raises InputError where it is empty, damaged or larger than the limits."""
    bounds = limits or Limits()
    batches, size, rows = [], 0, 0
    for batch in read_batches(path, bounds):
        size, rows = size + batch.nbytes, rows + batch.num_rows
        if rows > bounds.rows or size > bounds.memory_bytes:
            raise InputError(f"{path}: larger than {bounds.rows:,} rows or {bounds.memory_bytes:,} bytes unpacked")
        batches.append(batch)
    if not batches or not rows:
        raise InputError(f"{path}: there are no rows")
    return tidy(pa.Table.from_batches(batches))


def read_batches(path: Path, limits: Limits | None = None) -> Iterator[pa.RecordBatch]:
    """Yield a table's batches without holding it in memory."""
    bounds = limits or Limits()
    kind = format_of(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"{path}: the file is empty")
    if size > bounds.source_bytes:
        raise InputError(f"{path}: {size:,} bytes; at most {bounds.source_bytes:,} are read")
    readers: dict[str, Callable[[Path, Limits], Iterator[pa.RecordBatch]]] = {
        "csv": csv_batches, "parquet": _parquet, "jsonl": json_batches, "arrow": _arrow,
    }  # fmt: skip
    try:
        yield from readers[kind](path, bounds)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: not readable as {kind}: {_first_line(error)}") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read: {_first_line(error)}") from error


def tidy(table: pa.Table) -> pa.Table:
    """Turn texts that are all dates into dates, and large texts and views into plain ones."""
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type) or pa.types.is_string(field.type):
            table = table.set_column(i, field.name, as_moments(column.cast(pa.string())))
        elif field.type == pa.uint64():
            if len(column) and (pc.max(column).as_py() or 0) >= 2**63:
                raise InputError(f"column {field.name!r}: numbers beyond 64 bits with a sign cannot be used")
            table = table.set_column(i, field.name, column.cast(pa.int64()))
    return table


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _parquet(path: Path, limits: Limits) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        check_names(path, file.schema_arrow.names, limits)
        _check_flat(path, file.schema_arrow)
        if file.metadata.num_rows > limits.rows:
            raise InputError(f"{path}: {file.metadata.num_rows:,} rows; at most {limits.rows:,}")
        for group in range(file.metadata.num_row_groups):
            # A few kilobytes can stand for gigabytes in a row group; what it says of itself is believed only to refuse it.
            claimed = file.metadata.row_group(group).total_byte_size
            if claimed > limits.memory_bytes:
                raise InputError(f"{path}: row group {group} is {claimed:,} bytes unpacked; at most {limits.memory_bytes:,}")
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False):
                _check_cells(path, batch, limits)
                yield batch


def _arrow(path: Path, limits: Limits) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        try:
            reader = ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            stream = ipc.open_stream(source)
            check_names(path, stream.schema.names, limits)
            _check_flat(path, stream.schema)
            yield from (_checked(path, batch, limits) for batch in stream)
            return
        check_names(path, reader.schema.names, limits)
        _check_flat(path, reader.schema)
        for i in range(reader.num_record_batches):
            yield _checked(path, reader.get_batch(i), limits)


def _checked(path: Path, batch: pa.RecordBatch, limits: Limits) -> pa.RecordBatch:
    """Return a batch whose offsets and texts are what they claim to be: the file may have been made to break its reader."""
    batch.validate(full=True)
    _check_cells(path, batch, limits)
    return batch


def _check_flat(path: Path, schema: pa.Schema) -> None:
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise InputError(f"{path}: column {field.name!r} holds {kind}; only flat values can be used")


def _check_cells(path: Path, batch: pa.RecordBatch, limits: Limits) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        texts = column.dictionary if pa.types.is_dictionary(column.type) else column
        if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type):
            longest = pc.max(pc.binary_length(texts)).as_py() or 0
            if longest > limits.cell_bytes:
                raise InputError(f"{path}: column {name!r} holds a text of {longest:,} bytes; at most {limits.cell_bytes:,}")
