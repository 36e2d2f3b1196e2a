"""How the rows of a generation are cut into parts, each of which any worker can make alone."""

from __future__ import annotations

from dataclasses import dataclass

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.spec import GenerationSpec

MOST_PARTS = 100_000
"""As many as a Kubernetes Indexed Job has indexes."""
SUFFIXES = {"csv": ".csv", "jsonl": ".jsonl", "parquet": ".parquet", "arrow": ".arrow"}


@dataclass(frozen=True)
class Part:
    """A run of rows: drawn from the generation's seed with `shard`, so that its bytes are the same whoever makes it."""

    index: int
    rows: int
    shard: int
    first_row: int
    """The number of its first row in the whole table."""
    name: str
    """Its file in the destination."""


@dataclass(frozen=True)
class PartReceipt:
    """What was written of a part."""

    index: int
    path: str
    rows: int
    bytes: int
    sha256: str


def plan_parts(spec: GenerationSpec) -> tuple[Part, ...]:
    """Return the parts of a generation; at least one, even of no rows. `Prepared.spec` has the rows settled."""
    if spec.rows is None:
        raise InputError("rows: how many there are is known only after the source was read")
    count = max(-(-spec.rows // spec.part_rows), 1)
    if count > MOST_PARTS:
        raise InputError(
            f"part_rows: {spec.rows:,} rows in parts of {spec.part_rows:,} are {count:,} parts; at most {MOST_PARTS:,}"
        )
    starts = range(0, count * spec.part_rows, spec.part_rows)
    suffix = SUFFIXES[spec.format]
    return tuple(
        Part(i, min(spec.part_rows, spec.rows - start), i, start, f"part-{i:05d}{suffix}") for i, start in enumerate(starts)
    )
