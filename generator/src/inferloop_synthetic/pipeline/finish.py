"""Finish a generation: the last stages, then the manifest, which says that everything is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from inferloop_synthetic import __version__
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.pipeline.destination import Destination, DestinationError
from inferloop_synthetic.pipeline.make import RECEIPTS
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, Progress, _silent
from inferloop_synthetic.pipeline.stages import finish_stages

MANIFEST = "_manifest.json"
"""Begins with an underscore, as files do that are not rows: Arrow, Spark and the like read the folder of parts as one table."""


@dataclass(frozen=True)
class Extra:
    """A file beside the parts: a report, later a signature."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a finished generation consists of."""

    format: str
    rows: int
    digest: str
    parts: tuple[PartReceipt, ...]
    extras: tuple[Extra, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)
    """What stages found, by the name of the stage; that of `validation` says what the release depends on."""

    def as_json(self) -> dict[str, Any]:
        """Return what is written to the manifest."""
        parts = [{"file": p.path, "rows": p.rows, "bytes": p.bytes, "sha256": p.sha256} for p in self.parts]
        return {
            "made_by": f"inferloop-synthetic {__version__}",
            "format": self.format,
            "rows": self.rows,
            "digest": self.digest,
            "parts": parts,
            "extras": [asdict(extra) for extra in self.extras],
            "results": self.results,
        }


def finish(
    prepared: Prepared, receipts: Sequence[PartReceipt], destination: Destination, progress: Progress | None = None
) -> Manifest:
    """Run the last stages and write the manifest; raises InputError where receipts are missing or do not add up."""
    parts = plan_parts(prepared.spec)
    ordered = tuple(sorted(receipts, key=lambda receipt: receipt.index))
    if [r.index for r in ordered] != [p.index for p in parts]:
        missing = sorted({p.index for p in parts} - {r.index for r in ordered})
        raise InputError(f"parts: {len(ordered)} receipts for {len(parts)} parts; missing are {missing[:10]}")
    wrong = [r.path for r, p in zip(ordered, parts, strict=True) if (r.rows, r.path) != (p.rows, p.name)]
    if wrong:
        raise InputError(f"parts: {wrong[0]} does not hold the rows that were planned")
    tell = progress or _silent
    extras: list[Extra] = []
    results: dict[str, Any] = {}
    for stage in finish_stages():
        if not stage.applies(prepared):
            continue
        tell(stage.name, 0, None)
        outcome = stage.run(prepared, ordered)
        for name, data in outcome.files.items():
            size, digest = destination.write(name, [data])
            extras.append(Extra(name, size, digest))
        results[stage.name] = outcome.result
    manifest = Manifest(prepared.spec.format, sum(r.rows for r in ordered), prepared.digest, ordered, tuple(extras), results)
    destination.write(MANIFEST, [json.dumps(manifest.as_json(), indent=1).encode() + b"\n"])
    for name in (*destination.names(RECEIPTS), *destination.names("_job/")):
        destination.delete(name)
    destination.sweep()
    return manifest


def read_manifest(destination: Destination) -> Manifest | None:
    """Return the manifest of a finished generation, None where there is none."""
    try:
        tree = json.loads(b"".join(destination.read(MANIFEST)))
        parts = tuple(
            PartReceipt(i, part["file"], part["rows"], part["bytes"], part["sha256"]) for i, part in enumerate(tree["parts"])
        )
        extras = tuple(Extra(**extra) for extra in tree["extras"])
        return Manifest(tree["format"], tree["rows"], tree["digest"], parts, extras, tree["results"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DestinationError(f"{destination.location}/{MANIFEST}: not a manifest: {error}") from error


def verify(manifest: Manifest, destination: Destination) -> None:
    """Read every file of a manifest again; raises DestinationError naming the first that is missing or was altered."""
    files = [(p.path, p.sha256) for p in manifest.parts] + [(e.file, e.sha256) for e in manifest.extras]
    for name, expected in files:
        total = hashlib.sha256()
        try:
            for chunk in destination.read(name):
                total.update(chunk)
        except FileNotFoundError as error:
            raise DestinationError(f"{destination.location}/{name}: is missing") from error
        if total.hexdigest() != expected:
            raise DestinationError(f"{destination.location}/{name}: was altered after it was written")
