"""Read JSON lines in two passes, piece by piece: the first finds the columns and their types, the second reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pajson

from inferloop_synthetic.data.bytes import CheckedText, first_line
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.names import check_names
from inferloop_synthetic.errors import InputError

PIECE_BYTES = 8 << 20
DEEPEST = 1_000
CELLS_A_LINE = 16
"""A line may be as long as so many of the longest cells."""


def json_batches(path: Path, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file with one JSON object a line; a column that is missing in a line is missing there."""
    first_line(path, replace(limits, cell_bytes=limits.cell_bytes * CELLS_A_LINE))
    schema = _schema(path, limits)
    options = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    for number, piece in _pieces(path, limits):
        table = _parsed(path, piece, number, options)
        yield from table.select(schema.names).to_batches(65_536)


def _schema(path: Path, limits: Limits) -> pa.Schema:
    found: dict[str, pa.DataType] = {}
    kinds: dict[str, str] = {}
    rows = 0
    for number, piece in _pieces(path, limits):
        _check_lines(path, piece, number, kinds, limits)
        table = _parsed(path, piece, number, pajson.ParseOptions())
        rows += table.num_rows
        if rows > limits.rows:
            raise InputError(f"{path}: more than {limits.rows:,} rows")
        for field in table.schema:
            found[field.name] = _wider(found.get(field.name), field.type)
        check_names(path, list(found), limits)
    for name, kind in found.items():
        if pa.types.is_nested(kind):
            raise InputError(f"{path}: column {name!r} holds {kind}; only flat values can be used")
    return pa.schema([pa.field(name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in found.items()])


def _wider(before: pa.DataType | None, after: pa.DataType) -> pa.DataType:
    """Return a type that holds both; numbers and texts have been told apart before."""
    if before is None or pa.types.is_null(before) or before == after:
        return after
    if pa.types.is_null(after):
        return before
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (before, after)]
    # Texts of which one piece's look like moments are texts.
    return pa.float64() if all(numbers) else pa.string()


def _pieces(path: Path, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of whole lines, each with the number of its first line."""
    rest, number = b"", 1
    with CheckedText(path, limits) as text:
        while block := text.read(PIECE_BYTES):
            head, newline, tail = block.rpartition(b"\n")
            if not newline:
                rest += tail
            else:
                piece = rest + head + newline
                yield number, piece
                number += piece.count(b"\n")
                rest = tail
            if len(rest) > limits.cell_bytes * CELLS_A_LINE:
                raise InputError(f"{path}:{number}: the line is longer than {limits.cell_bytes * CELLS_A_LINE:,} bytes")
    if rest.strip():
        yield number, rest


def _parsed(path: Path, piece: bytes, number: int, options: pajson.ParseOptions) -> pa.Table:
    try:
        reading = pajson.ReadOptions(use_threads=False, block_size=len(piece) + 1)
        return pajson.read_json(pa.BufferReader(piece), reading, options)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: in the lines from {number}: {str(error).splitlines()[0][:300]}") from error


def _check_lines(path: Path, piece: bytes, first: int, kinds: dict[str, str], limits: Limits) -> None:
    """Find the line and column that hold what cannot be used, which the reader would not name."""
    for number, line in enumerate(piece.split(b"\n"), first):
        if not line.strip():
            continue
        if line.count(b"[") + line.count(b"{") > DEEPEST:
            raise InputError(f"{path}:{number}: nested too deeply")
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON: {str(error).splitlines()[0]}") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: each line must be an object of columns and values")
        if len(row) > limits.columns:
            raise InputError(f"{path}:{number}: {len(row):,} columns; at most {limits.columns:,} are read")
        for name, value in row.items():
            if value is None:
                continue
            kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
            if kinds.setdefault(name, kind) != kind:
                raise InputError(f"{path}:{number}: column {name!r} holds {kind}, but {kinds[name]} in earlier lines")
            if kind == "number" and isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise InputError(f"{path}:{number}: column {name!r} holds a number beyond 64 bits")
            if kind == "str" and len(value) > limits.cell_bytes:
                raise InputError(f"{path}:{number}: column {name!r} holds a text longer than {limits.cell_bytes:,} letters")
