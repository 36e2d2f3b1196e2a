"""Make one part: draw its rows, pass them through the stages, write them. Any process can, and all get the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import chain

import pyarrow as pa

from inferloop_synthetic.data.encoding import EncodeOptions, encode
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared
from inferloop_synthetic.pipeline.stages import BatchStage, batch_stages
from inferloop_synthetic.telemetry.parts import part_span

RECEIPTS = "_receipts/"


class Cancelled(Exception):
    """Somebody asked for the work to end."""


def part_rows(
    prepared: Prepared, part: Part, *, threads: int = 1, stages: tuple[BatchStage, ...] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a part's rows in batches: drawn, checked, and ready to be written; at least one batch, even of no rows."""
    batches = prepared.model.sample(
        part.rows,
        prepared.spec.seed,
        shard=part.shard,
        given=prepared.conditions or None,
        threads=threads,
        first_row=part.first_row,
    )
    for stage in batch_stages() if stages is None else stages:
        batches = stage.apply(batches, prepared, part)
    return batches


def make_part(
    prepared: Prepared,
    part: Part,
    destination: Destination,
    *,
    threads: int = 1,
    cancelled: Callable[[], bool] | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> PartReceipt:
    """Write a part and its receipt; a part whose receipt is there and fits is not made again.

    Raises Cancelled between two batches when `cancelled` says so; nothing is left of the part then. `on_rows` is told of the rows
    of each batch.
    """
    known = find_receipt(prepared, part, destination)
    if known is not None:
        return known
    with part_span(prepared.trace, index=part.index, rows=part.rows):
        return _write(prepared, part, destination, threads, cancelled, on_rows)


def _write(
    prepared: Prepared,
    part: Part,
    destination: Destination,
    threads: int,
    cancelled: Callable[[], bool] | None,
    on_rows: Callable[[int], None] | None,
) -> PartReceipt:
    batches = part_rows(prepared, part, threads=threads)
    first = next(batches)
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in chain([first], batches):
            if cancelled is not None and cancelled():
                raise Cancelled(f"part {part.index}")
            yield batch
            rows += batch.num_rows
            if on_rows is not None:
                on_rows(batch.num_rows)

    options = EncodeOptions(guard_spreadsheets=prepared.spec.guard_spreadsheets)
    size, digest = destination.write(part.name, encode(counted(), first.schema, prepared.spec.format, options))
    receipt = PartReceipt(part.index, part.name, rows, size, digest)
    record = {"digest": prepared.digest, "receipt": asdict(receipt)}
    destination.write(receipt_name(part), [json.dumps(record).encode()])
    return receipt


def find_receipt(prepared: Prepared, part: Part, destination: Destination) -> PartReceipt | None:
    """Return the receipt of a part that is there whole, made of the same model and specification; None where it is not."""
    try:
        record = json.loads(b"".join(destination.read(receipt_name(part))))
        receipt = PartReceipt(**record["receipt"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    same = record["digest"] == prepared.digest and (receipt.index, receipt.path) == (part.index, part.name)
    return receipt if same and destination.size(part.name) == receipt.bytes else None


def receipt_name(part: Part) -> str:
    """Return where a part's receipt is kept."""
    return f"{RECEIPTS}part-{part.index:05d}.json"
