"""The stages that rows and results pass through, found by entry point, so that another distribution can add one.

Rows pass the batch stages between drawing and writing (the group `inferloop_synthetic.batch_stages`), in the order of their
`order`. A finished generation passes the finish stages (`inferloop_synthetic.finish_stages`) before its manifest is written.
Reading, detection and fitting come before and are the same for all: see `prepare`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from inferloop_synthetic.constraints import broken, describe
from inferloop_synthetic.errors import ConstraintError
from inferloop_synthetic.schema import FixedCombinations, Unique

if TYPE_CHECKING:
    from inferloop_synthetic.pipeline.parts import Part, PartReceipt
    from inferloop_synthetic.pipeline.prepare import Prepared

BATCH_GROUP = "inferloop_synthetic.batch_stages"
FINISH_GROUP = "inferloop_synthetic.finish_stages"


class BatchStage(Protocol):
    """Sees, and may change, a part's rows before they are written; the same rows in give the same rows out."""

    name: str
    title: str
    order: int

    def apply(self, batches: Iterator[pa.RecordBatch], prepared: Prepared, part: Part) -> Iterator[pa.RecordBatch]:
        """Yield the rows that the next stage gets."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a finish stage found, for the manifest, and the files it leaves beside the parts."""

    result: dict[str, Any]
    files: dict[str, bytes]


class FinishStage(Protocol):
    """Works on a generation whose parts are all written."""

    name: str
    title: str
    order: int

    def applies(self, prepared: Prepared) -> bool:
        """Say whether the specification asks for it."""
        ...

    def run(self, prepared: Prepared, receipts: Sequence[PartReceipt]) -> Outcome:
        """Do the work."""
        ...


class KeepConstraints:
    """Lets no row pass that breaks a constraint of the schema, whichever engine drew it."""

    name = "constraints"
    title = "check that every row keeps the constraints"
    order = 10

    def apply(self, batches: Iterator[pa.RecordBatch], prepared: Prepared, part: Part) -> Iterator[pa.RecordBatch]:
        """Yield the rows; raises ConstraintError naming the constraint that a row breaks."""
        # Uniqueness is over all parts: generated identifiers follow the row's number. Combinations are those of the real table.
        checked = [c for c in prepared.schema.constraints if not isinstance(c, (FixedCombinations, Unique))]
        for batch in batches:
            for constraint in checked:
                bad = int(broken(batch, constraint).sum())
                if bad:
                    raise ConstraintError(f"part {part.index}: {bad:,} rows break {describe(constraint)}")
            yield batch


def batch_stages() -> tuple[BatchStage, ...]:
    """Return the installed batch stages in their order."""
    found = (point.load()() for point in entry_points(group=BATCH_GROUP))
    return tuple(sorted(found, key=lambda stage: (stage.order, stage.name)))


def finish_stages() -> tuple[FinishStage, ...]:
    """Return the installed finish stages in their order."""
    found = (point.load()() for point in entry_points(group=FINISH_GROUP))
    return tuple(sorted(found, key=lambda stage: (stage.order, stage.name)))


def describe_pipeline() -> list[tuple[str, str]]:
    """Return the name and title of each stage, in the order in which they run."""
    before = [
        ("read", "read the source in batches, within limits"),
        ("schema", "detect what each column holds, unless a schema is given"),
        ("fit", "learn a model"),
        ("sample", "draw the rows of each part from the seed and the part's number"),
    ]
    batch = [(stage.name, stage.title) for stage in batch_stages()]
    parts = [("parts", "write each part with its digest")]
    finish = [(stage.name, stage.title) for stage in finish_stages()]
    return [*before, *batch, *parts, *finish, ("manifest", "write the manifest of all digests, last")]
