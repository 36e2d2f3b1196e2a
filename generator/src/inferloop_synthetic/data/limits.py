"""How large a table may be. What is larger is refused before it fills the memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How large a table may be; what is read goes no further than these."""

    columns: int = 2_000
    rows: int = 10_000_000_000
    cell_bytes: int = 1_000_000
    memory_bytes: int = 8 * 2**30
    """Of the rows that are kept to learn from."""
    source_bytes: int = 2**40
    """Of a file, as it is stored and as it is unpacked."""
    seconds: float = 3600.0
    """For a web address or a database to answer with all of it."""
    learning_bytes: int | None = None
    """Memory that learning may take; what is free where it is None."""
    learning_seconds: float | None = None
    """For learning, where the specification says none; no limit where it is None."""
