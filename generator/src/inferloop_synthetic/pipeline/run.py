"""The whole way from a specification to a manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors import Executor
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.finish import MANIFEST, Manifest, finish, read_manifest
from inferloop_synthetic.pipeline.make import RECEIPTS, receipt_name
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, Progress, prepare
from inferloop_synthetic.pipeline.spec import GenerationSpec

OWN = (RECEIPTS, "_report/", "_job/")
"""Where this program keeps what is no part."""


def run_pipeline(
    spec: GenerationSpec,
    destination: Destination,
    *,
    folder: Path,
    executor: Executor,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    policy: SourcePolicy | None = None,
    limits: Limits | None = None,
) -> Manifest:
    """Prepare in `folder`, make all parts in `destination`, and finish; what is there already is not made again."""
    prepared = prepare(spec, folder, progress, policy=policy, limits=limits)
    return make_all(prepared, destination, executor, progress, cancelled)


def make_all(
    prepared: Prepared,
    destination: Destination,
    executor: Executor,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Manifest:
    """Make all parts of what was prepared, and finish.

    Raises InputError where the destination holds another generation's results, which would be mixed with these.
    """
    manifest = read_manifest(destination)
    if manifest is not None and manifest.digest == prepared.digest:
        return manifest
    if manifest is not None:
        raise InputError(f"{destination.location}: holds another generation's results; replace them, or choose another place")
    _make_room(prepared, destination)
    parts = plan_parts(prepared.spec)
    total = prepared.spec.rows
    done = 0

    def tell(receipt: PartReceipt) -> None:
        nonlocal done
        done += receipt.rows
        if progress is not None:
            progress("parts", done, total)

    receipts = executor.run(prepared, parts, destination, on_part=tell, cancelled=cancelled or (lambda: False))
    return finish(prepared, receipts, destination, progress)


def remove_results(destination: Destination) -> None:
    """Remove what an earlier generation left, its manifest first; files of other origin stay."""
    manifest = read_manifest(destination)
    destination.delete(MANIFEST)
    if manifest is not None:
        for name in [part.path for part in manifest.parts] + [extra.file for extra in manifest.extras]:
            destination.delete(name)
    for name in _part_names(destination):
        destination.delete(name)


def _make_room(prepared: Prepared, destination: Destination) -> None:
    """Remove parts of an unfinished generation that this one will not write; raises InputError for files that are not ours."""
    planned = {name for part in plan_parts(prepared.spec) for name in (part.name, receipt_name(part))}
    ours = _part_names(destination)
    for name in destination.names():
        if name in ours and name not in planned:
            destination.delete(name)
        elif name not in ours and not name.startswith(OWN):
            raise InputError(f"{destination.location}: holds other files ({name}); parts need a place of their own")


def _part_names(destination: Destination) -> set[str]:
    """Return the names of parts that have a receipt, and of the receipts."""
    receipts = destination.names(RECEIPTS)
    stems = {name.removeprefix(RECEIPTS).removesuffix(".json") for name in receipts}
    return set(receipts) | {name for name in destination.names("part-") if name.partition(".")[0] in stems}
