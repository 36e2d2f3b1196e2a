"""Read tables from CSV, Parquet, JSON lines and Arrow files, whole or as a stream, with errors that name the column."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.ipc as ipc
import pyarrow.json as pajson
import pyarrow.parquet as pq

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.errors import InputError

FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".arrow": "arrow", ".feather": "arrow",
}  # fmt: skip
_MISSING = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "None", "#N/A"]


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
    stream = read_batches(path, bounds)
    for batch in stream:
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
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    try:
        reader = {"csv": _csv, "parquet": _parquet, "jsonl": _jsonl, "arrow": _arrow}[kind]
        yield from reader(path, bounds)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: not readable as {kind}: {_first_line(error)}") from error
    except (UnicodeDecodeError, OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read: {_first_line(error)}") from error


def tidy(table: pa.Table) -> pa.Table:
    """Turn texts that are all dates into dates, and large texts and views into plain ones."""
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type) or pa.types.is_string(field.type):
            table = table.set_column(i, field.name, _as_moments(column.cast(pa.string())))
        elif pa.types.is_integer(field.type) and field.type in {pa.uint64()}:
            if len(column) and (pc.max(column).as_py() or 0) >= 2**63:
                raise InputError(f"column {field.name!r}: numbers beyond 64 bits with a sign cannot be used")
            table = table.set_column(i, field.name, column.cast(pa.int64()))
    return table


def _as_moments(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    present = texts.drop_null()
    if len(present) and present[0].as_py()[:4].isdigit():
        for kind in (kind for ladder in _MOMENTS for kind in ladder):
            if _reads_as(present.combine_chunks(), kind):
                return texts.cast(kind)
    return texts


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:300]


def check_names(place: object, names: list[str], bounds: Limits) -> None:
    """Raise InputError where there are too many columns, two of one name, or one without a name."""
    if len(names) > bounds.columns:
        raise InputError(f"{place}: {len(names):,} columns; at most {bounds.columns:,} are read")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{place}: column {twice[0]!r} occurs {names.count(twice[0])} times")
    for at, name in enumerate(names):
        if not name.strip():
            raise InputError(f"{place}: column {at + 1} has no name")


def _csv(path: Path, bounds: Limits) -> Iterator[pa.RecordBatch]:
    names, delimiter = _header(path, bounds)
    types = _csv_types(path, names, delimiter)
    reader = pacsv.open_csv(
        str(path),
        read_options=pacsv.ReadOptions(block_size=8 << 20),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=types, null_values=_MISSING, strings_can_be_null=True, true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
        ),
    )  # fmt: skip
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        yield batch


def _header(path: Path, bounds: Limits) -> tuple[list[str], str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        line = file.readline(bounds.cell_bytes + 1)
    if len(line) > bounds.cell_bytes:
        raise InputError(f"{path}: the first line is longer than {bounds.cell_bytes:,} bytes")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the header is not UTF-8 at byte {error.start + 1}") from error
    if "\0" in text:
        raise InputError(f"{path}: the header holds a zero byte; this is not a CSV file")
    delimiter = (
        "\t" if path.with_suffix("" if path.suffix == ".gz" else path.suffix).suffix == ".tsv" else max(",;\t|", key=text.count)
    )
    names = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    if not names:
        raise InputError(f"{path}: the first line, which names the columns, is empty")
    check_names(path, names, bounds)
    return names, delimiter


def _csv_types(path: Path, names: list[str], delimiter: str) -> dict[str, pa.DataType]:
    """Return a type for each column that holds for the whole file, found by reading all of it once as text.

    Guessing from the first block, as readers do, fails a long file whose later rows hold something else.
    """
    found: dict[str, pa.DataType | None] = dict.fromkeys(names)
    reader = pacsv.open_csv(
        str(path),
        read_options=pacsv.ReadOptions(block_size=8 << 20),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=_MISSING, strings_can_be_null=True, check_utf8=False,
        ),
    )  # fmt: skip
    for batch in reader:
        for name in names:
            column = batch.column(name)
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                raise InputError(f"{path}: column {name!r} holds bytes that are not UTF-8") from error
            if found[name] != pa.string():
                found[name] = _narrowest(column, found[name])
    return {name: kind or pa.string() for name, kind in found.items()}


_MOMENTS = ([pa.date32(), pa.timestamp("s"), pa.timestamp("us")], [pa.timestamp("s", "UTC"), pa.timestamp("us", "UTC")])
_LADDERS = ([pa.bool_()], [pa.int64(), pa.float64()], *_MOMENTS, [pa.time32("s")])


def _narrowest(column: pa.Array, before: pa.DataType | None) -> pa.DataType | None:
    """Return the first type, not narrower than `before`, that every text of the column can be read as."""
    present = column.drop_null()
    if not len(present):
        return before
    for ladder in _LADDERS:
        if before is not None and before not in ladder:
            continue
        for kind in ladder[ladder.index(before) if before is not None else 0 :]:
            if _reads_as(present, kind):
                return kind
    return pa.string()


def _reads_as(texts: pa.Array, kind: pa.DataType) -> bool:
    if pa.types.is_boolean(kind):
        return bool(pc.all(pc.is_in(texts, value_set=pa.array(["true", "True", "TRUE", "false", "False", "FALSE"]))).as_py())
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if number and pc.any(pc.match_substring_regex(texts, r"^[+-]?0\d|^\s|\s$")).as_py():
        # 007 and the like are codes, not numbers.
        return False
    if pa.types.is_time(kind):
        return bool(pc.all(pc.match_substring_regex(texts, r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")).as_py())
    try:
        texts.slice(0, 1000).cast(kind)
        texts.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _parquet(path: Path, bounds: Limits) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        check_names(path, file.schema_arrow.names, bounds)
        yield from file.iter_batches(65_536)


def _arrow(path: Path, bounds: Limits) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        try:
            reader = ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            stream = ipc.open_stream(source)
            check_names(path, stream.schema.names, bounds)
            yield from stream
            return
        check_names(path, reader.schema.names, bounds)
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i)


def _jsonl(path: Path, bounds: Limits) -> Iterator[pa.RecordBatch]:
    _check_json(path, bounds)
    table = pajson.read_json(str(path), read_options=pajson.ReadOptions(block_size=16 << 20))
    check_names(path, table.schema.names, bounds)
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise InputError(f"{path}: column {field.name!r} holds {field.type}; only flat values can be used")
    yield from table.to_batches(65_536)


def _check_json(path: Path, bounds: Limits) -> None:
    """Find the line and column that hold different kinds of values, which the reader would not name."""
    kinds: dict[str, str] = {}
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if number > 10_000:
                return
            if not line.strip():
                continue
            if line.count(b"[") + line.count(b"{") > 1000:
                raise InputError(f"{path}:{number}: nested too deeply")
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}:{number}: not JSON: {_first_line(error)}") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}:{number}: each line must be an object of columns and values")
            for name, value in row.items():
                kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
                if value is not None and kinds.setdefault(name, kind) != kind:
                    raise InputError(f"{path}:{number}: column {name!r} holds {kind}, but {kinds[name]} in earlier lines")
