"""A file's bytes on their way to a reader: unpacked, counted against the limit, and checked to be text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.errors import InputError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, unpacked where its name ends in .gz."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


class CheckedText(io.RawIOBase):
    """Reads a text file; raises InputError with the line, column and byte of what is not UTF-8, and where the limit is passed.

    `names` and `delimiter` let the message say which column of a CSV file it is.
    """

    def __init__(self, path: Path, limits: Limits, names: Sequence[str] = (), delimiter: str = ",") -> None:
        super().__init__()
        self._path, self._limits, self._names, self._delimiter = path, limits, names, delimiter
        self._file = open_bytes(path)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._size = self._lines = 0
        self._line = b""
        """What has been read of the line under way, for the message."""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, checked."""
        try:
            piece = self._file.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self._path}: cannot be unpacked: {error}") from error
        self._check(piece)
        return piece

    def readinto(self, buffer: Any, /) -> int:
        """Put the next bytes, checked, into the buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _check(self, piece: bytes) -> None:
        # What a character that was cut in two left behind.
        waiting = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise self._problem(piece, error.start - waiting) from error
        self._size += len(piece)
        if self._size > self._limits.source_bytes:
            raise InputError(f"{self._path}: larger than {self._limits.source_bytes:,} bytes unpacked")
        newlines = piece.count(b"\n")
        self._lines += newlines
        tail = piece.rpartition(b"\n")[2]
        self._line = (tail if newlines else self._line + tail)[-self._limits.cell_bytes :]

    def _problem(self, piece: bytes, at: int) -> InputError:
        before = piece[: max(at, 0)]
        line = self._lines + before.count(b"\n") + 1
        wrong = (piece[at : at + 1] if at >= 0 else self._line[at:][:1]).hex() or "its end"
        start = before.rpartition(b"\n")[2] if b"\n" in before else self._line + before
        column = _column(start, self._names, self._delimiter)
        place = f"{self._path}: line {line}" + (f", column {column!r}" if column is not None else "")
        return InputError(f"{place}: byte {self._size + at + 1:,} (0x{wrong}) is not UTF-8; save the file as UTF-8")


def _column(line: bytes, names: Sequence[str], delimiter: str) -> str | None:
    """Return the column that the end of a piece of a line is in."""
    text = line.decode("utf-8", "replace")
    fields = next(csv.reader([text or '""'], delimiter=delimiter), []) if names else []
    return names[len(fields) - 1] if 0 < len(fields) <= len(names) else None


def first_line(path: Path, limits: Limits) -> str:
    """Return the first line of a text file; raises InputError where it is too long or no text."""
    try:
        with open_bytes(path) as file:
            line = file.readline(limits.cell_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if line.startswith(_UTF16):
        raise InputError(f"{path}: is UTF-16; save the file as UTF-8")
    if len(line) > limits.cell_bytes:
        raise InputError(f"{path}: the first line is longer than {limits.cell_bytes:,} bytes")
    if b"\0" in line:
        raise InputError(f"{path}: the first line holds a zero byte; this is not a text file")
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wrong = line[error.start : error.start + 1].hex()
        raise InputError(f"{path}: line 1: byte {error.start + 1} (0x{wrong}) is not UTF-8; save the file as UTF-8") from error
