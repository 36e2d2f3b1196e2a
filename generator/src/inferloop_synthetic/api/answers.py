"""Tables as answers: the format by Accept, rows as a stream of bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.data.encoding import CONTENT_TYPES, EncodeOptions, encode
from inferloop_synthetic.data.texts import json_lines

SUFFIXES = {"csv": ".csv", "jsonl": ".jsonl", "parquet": ".parquet", "arrow": ".arrow", "json": ".json"}
TYPES = {
    "csv": ("text/csv", "application/csv", "text/plain"),
    "jsonl": ("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines"),
    "parquet": ("application/vnd.apache.parquet", "application/x-parquet"),
    "arrow": ("application/vnd.apache.arrow.file", "application/vnd.apache.arrow.stream"),
}
JSON = "application/json"


@dataclass(frozen=True)
class Range:
    """One entry of an Accept header."""

    type: str
    quality: float

    def covers(self, media: str) -> int:
        """Return how exactly this entry names a media type: 0 not at all, 3 by its full name."""
        if self.type == media:
            return 3
        if self.type == media.partition("/")[0] + "/*":
            return 2
        return 1 if self.type == "*/*" else 0


def accepted(header: str | None) -> tuple[Range, ...]:
    """Return the entries of an Accept header; what cannot be read is left out."""
    if header is None or not header.strip():
        return (Range("*/*", 1.0),)
    found = []
    for entry in header[:4096].split(","):
        media, *parameters = (piece.strip() for piece in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                try:
                    quality = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        if "/" in media:
            found.append(Range(media.lower(), quality))
    return tuple(found)


def choose(header: str | None, offered: Iterable[str], preferred: str) -> str:
    """Return the format of those offered that Accept likes best, `preferred` where it likes several; raises ApiError (406).

    See RFC 9110, section 12.5.1: the most exact entry that covers a type gives its quality.
    """
    ranges = accepted(header)
    best, best_quality = None, 0.0
    order = sorted(offered, key=lambda kind: kind != preferred)
    for kind in order:
        for media in types_of(kind):
            covering = [(entry.covers(media), entry.quality) for entry in ranges if entry.covers(media)]
            quality = max(covering)[1] if covering else 0.0
            if quality > best_quality:
                best, best_quality = kind, quality
    if best is None:
        known = ", ".join(types_of(kind)[0] for kind in order)
        raise ApiError(
            406, "not-acceptable", "None of the media types that Accept names is offered here.", f"Accept one of {known}."
        )
    return best


def prefers_page(header: str | None) -> bool:
    """Say whether Accept asks for a page by name, and not only for anything."""
    best = max(accepted(header), key=lambda entry: entry.quality, default=Range("*/*", 0))
    return best.type == "text/html"


def types_of(kind: str) -> tuple[str, ...]:
    """Return the media types of a format, the usual one first."""
    return (JSON,) if kind == "json" else TYPES[kind]


def content_type(kind: str) -> str:
    """Return the media type that an answer of a format has."""
    return JSON if kind == "json" else CONTENT_TYPES[kind]


def disposition(name: str, kind: str) -> str:
    """Return the Content-Disposition under which browsers save a table."""
    return f'attachment; filename="{name}{SUFFIXES[kind]}"'


def encoded(batches: Iterable[pa.RecordBatch], schema: pa.Schema, kind: str, *, guard: bool) -> Iterator[bytes]:
    """Yield a table as bytes; `json` is one list of objects."""
    if kind == "json":
        return _listed(batches)
    return encode(batches, schema, kind, EncodeOptions(guard_spreadsheets=guard))


def _listed(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    yield b"["
    first = True
    for batch in batches:
        lines = json_lines(batch)
        if lines:
            yield (b"" if first else b",") + lines[:-1].replace(b"}\n{", b"},\n{")
            first = False
    yield b"]\n"
