"""One part after another, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from inferloop_synthetic.executors import IsCancelled, OnPart
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.make import Cancelled, make_part
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared


@dataclass(frozen=True)
class InProcess:
    """Needs nothing else; draws with `threads` threads."""

    name: ClassVar[str] = "in-process"
    title: ClassVar[str] = "one part after another, in this process"

    threads: Annotated[int, Field(ge=1, le=64)] = 2

    def run(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        *,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        """Make the parts; see Executor."""
        receipts = []
        for part in parts:
            if cancelled():
                raise Cancelled(f"before part {part.index}")
            receipt = make_part(prepared, part, destination, threads=self.threads, cancelled=cancelled)
            on_part(receipt)
            receipts.append(receipt)
        return receipts
