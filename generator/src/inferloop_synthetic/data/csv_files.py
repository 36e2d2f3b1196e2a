"""Read CSV files in two passes: the first finds a type for each column that holds to the end, the second reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from inferloop_synthetic.data.bytes import CheckedText, first_line
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.moments import MOMENTS, reads_as
from inferloop_synthetic.data.names import check_names
from inferloop_synthetic.errors import InputError

BLOCK_BYTES = 8 << 20
_MISSING = ["", "NA", "N/A", "NULL", "null", "NaN", "nan", "None", "#N/A"]
_LADDERS = ([pa.bool_()], [pa.int64(), pa.float64()], *MOMENTS, [pa.time32("s")])


def csv_batches(path: Path, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Yield a CSV file's rows."""
    head = _header(path, limits)
    types = _types(path, head, limits)
    options = pacsv.ConvertOptions(
        column_types=types, null_values=_MISSING, strings_can_be_null=True, true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
    )  # fmt: skip
    yield from _read(path, head, limits, options)


@dataclass(frozen=True)
class _Head:
    names: list[str]
    delimiter: str


def _header(path: Path, limits: Limits) -> _Head:
    text = first_line(path, limits)
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    delimiter = "\t" if plain.suffix.lower() == ".tsv" else max(",;\t|", key=text.count)
    names = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    if not names:
        raise InputError(f"{path}: the first line, which names the columns, is empty")
    check_names(path, names, limits)
    return _Head(names, delimiter)


def _types(path: Path, head: _Head, limits: Limits) -> dict[str, pa.DataType]:
    """Return a type for each column that holds for the whole file, found by reading all of it once as text.

    Guessing from the first block, as readers do, fails a long file whose later rows hold something else.
    """
    found: dict[str, pa.DataType | None] = dict.fromkeys(head.names)
    options = pacsv.ConvertOptions(
        column_types=dict.fromkeys(head.names, pa.string()), null_values=_MISSING, strings_can_be_null=True, check_utf8=False,
    )  # fmt: skip
    rows = 0
    for batch in _read(path, head, limits, options):
        rows += batch.num_rows
        if rows > limits.rows:
            raise InputError(f"{path}: more than {limits.rows:,} rows")
        for name in head.names:
            column = batch.column(name)
            longest = pc.max(pc.binary_length(column)).as_py() or 0
            if longest > limits.cell_bytes:
                raise InputError(f"{path}: column {name!r} holds a text of {longest:,} bytes; at most {limits.cell_bytes:,}")
            if found[name] != pa.string():
                found[name] = _narrowest(column, found[name])
    return {name: kind or pa.string() for name, kind in found.items()}


def _read(path: Path, head: _Head, limits: Limits, options: pacsv.ConvertOptions) -> Iterator[pa.RecordBatch]:
    ragged: list[pacsv.InvalidRow] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    rows = 0
    with CheckedText(path, limits, head.names, head.delimiter) as text:
        try:
            reader = pacsv.open_csv(
                text,
                read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                parse_options=pacsv.ParseOptions(delimiter=head.delimiter, newlines_in_values=True, invalid_row_handler=note),
                convert_options=options,
            )
            for batch in reader:
                rows += batch.num_rows
                yield batch
        except pa.ArrowInvalid as error:
            if ragged:
                raise _ragged(path, ragged[0], rows) from error
            if "straddl" in str(error):
                raise InputError(
                    f"{path}: after row {rows:,} there is one longer than {BLOCK_BYTES:,} bytes; is a quotation mark left open?"
                ) from error
            raise


def _ragged(path: Path, row: pacsv.InvalidRow, rows: int) -> InputError:
    number = f"line {row.number:,}" if row.number is not None else f"after row {rows:,}"
    fix = "quote values that hold the delimiter" if row.actual_columns > row.expected_columns else "fill in or remove the row"
    return InputError(f"{path}: {number}: {row.actual_columns} values where {row.expected_columns} columns are named; {fix}")


def _narrowest(column: pa.Array, before: pa.DataType | None) -> pa.DataType | None:
    """Return the first type, not narrower than `before`, that every text of the column can be read as."""
    present = column.drop_null()
    if not len(present):
        return before
    for ladder in _LADDERS:
        if before is not None and before not in ladder:
            continue
        for kind in ladder[ladder.index(before) if before is not None else 0 :]:
            if reads_as(present, kind):
                return kind
    return pa.string()
