"""Read from any place: files, objects, web addresses, databases. Memory stays bounded however many rows there are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.reading import format_of, read_batches, tidy
from inferloop_synthetic.errors import InputError


class Request(Protocol):
    """What is to be read; a GenerationSpec is one."""

    @property
    def source(self) -> str | None: ...  # noqa: D102  (see GenerationSpec)
    @property
    def table(self) -> str | None: ...  # noqa: D102
    @property
    def query(self) -> str | None: ...  # noqa: D102
    @property
    def fit_rows(self) -> int: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Sample:
    """Rows drawn evenly from a source, in their order, and how many it has."""

    table: pa.Table
    rows: int


def read_sample(request: Request, policy: SourcePolicy, limits: Limits, tell: Callable[[int], None]) -> Sample:
    """Read a source to its end and keep at most `fit_rows` of its rows; `tell` is told how many were read so far."""
    assert request.source is not None  # noqa: S101  (callers ask for a source)
    location = Location.parse(request.source)
    with open_source(location, policy, limits, table=request.table, query=request.query) as batches:
        return sample_evenly(batches, location.shown, request.fit_rows, request.seed, limits, tell)


@contextmanager
def open_source(
    location: Location, policy: SourcePolicy, limits: Limits, *, table: str | None = None, query: str | None = None
) -> Iterator[Iterator[pa.RecordBatch]]:
    """Give a source's batches; raises SourceRefused where the policy forbids the place."""
    policy.check(location)
    if location.is_local:
        yield read_batches(policy.local(location), limits)
    elif location.is_sql:
        from inferloop_synthetic.data.databases import query_batches

        yield query_batches(location, table, query, limits)
    else:
        format_of(Path(location.name))
        with tempfile.TemporaryDirectory(prefix="inferloop-source-") as folder:
            path = Path(folder) / Path(location.name).name
            _fetch(location, policy, limits, path)
            yield _named(read_batches(path, limits), str(path), location.shown)


def _fetch(location: Location, policy: SourcePolicy, limits: Limits, path: Path) -> None:
    from inferloop_synthetic.data.fetching import object_chunks, web_chunks

    chunks = object_chunks(location) if location.is_object else web_chunks(location, policy, limits.seconds)
    size = 0
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limits.source_bytes:
                    raise InputError(f"{location.shown}: larger than {limits.source_bytes:,} bytes")
                file.write(chunk)
    except OSError as error:
        raise InputError(f"{location.shown}: cannot be kept while it is read: {error.strerror or error}") from error


def _named(batches: Iterator[pa.RecordBatch], path: str, shown: str) -> Iterator[pa.RecordBatch]:
    """Let errors name the place and not the temporary file."""
    try:
        yield from batches
    except InputError as error:
        raise InputError(str(error).replace(path, shown)) from error


def sample_evenly(
    batches: Iterable[pa.RecordBatch], shown: str, most: int, seed: int, limits: Limits, tell: Callable[[int], None]
) -> Sample:
    """Keep at most `most` rows, each with the same chance, in their order; all of them where there are no more.

    Each row gets a random number and the smallest numbers stay, so that one pass and twice the memory are enough.
    """
    rng = np.random.default_rng([seed, 31])
    kept: list[tuple[pa.RecordBatch, np.ndarray[tuple[int], np.dtype[np.float64]]]] = []
    rows = held = size = 0
    limit = 1.0
    for batch in batches:
        rows += batch.num_rows
        if rows > limits.rows:
            raise InputError(f"{shown}: more than {limits.rows:,} rows")
        numbers = rng.random(batch.num_rows)
        if limit < 1.0:
            chosen = np.flatnonzero(numbers < limit)
            batch, numbers = batch.take(pa.array(chosen)), numbers[chosen]
        kept.append((batch, numbers))
        held += len(numbers)
        size += batch.nbytes
        if held > 2 * most:
            kept, limit = _smallest(kept, most)
            held, size = most, sum(b.nbytes for b, _ in kept)
        if size > limits.memory_bytes:
            raise InputError(f"{shown}: larger than {limits.memory_bytes:,} bytes unpacked; ask for fewer rows to learn from")
        tell(rows)
    if not rows:
        raise InputError(f"{shown}: there are no rows")
    if held > most:
        kept, _ = _smallest(kept, most)
    return Sample(tidy(pa.concat_tables([pa.Table.from_batches([b]) for b, _ in kept], promote_options="permissive")), rows)


def _smallest(
    kept: list[tuple[pa.RecordBatch, np.ndarray[tuple[int], np.dtype[np.float64]]]], most: int
) -> tuple[list[tuple[pa.RecordBatch, np.ndarray[tuple[int], np.dtype[np.float64]]]], float]:
    limit = float(np.partition(np.concatenate([numbers for _, numbers in kept]), most)[most])
    thinned = []
    for batch, numbers in kept:
        chosen = np.flatnonzero(numbers < limit)
        thinned.append((batch.take(pa.array(chosen)), numbers[chosen]))
    return thinned, limit
