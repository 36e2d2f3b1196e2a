"""Results of jobs: what they consist of, and their rows as a stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, Field

from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.data.reading import read_batches
from inferloop_synthetic.jobs.model import Job
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.finish import Manifest, read_manifest


class FileView(BaseModel):
    """A file of a result."""

    file: str
    rows: int | None
    bytes: int
    sha256: str
    href: str = Field(
        description="Where to fetch it: presigned where results are in object storage, else a path of this service."
    )


class ResultView(BaseModel):
    """What a result consists of."""

    job: str
    format: str
    rows: int
    digest: str = Field(description="The same for the same model, seed and rows.")
    expires_in: int | None = Field(description="Seconds for which presigned addresses are good; null where there are none.")
    parts: list[FileView]
    extras: list[FileView]
    results: dict[str, Any]


def manifest_of(services: Services, job_id: str) -> Manifest:
    """Return the manifest of a job's results; raises ApiError where they are gone."""
    manifest = read_manifest(services.destination_for(job_id))
    if manifest is None:
        hint = "Submit the same request again: the same seed gives the same rows."
        raise ApiError(410, "result-removed", "The result is not there any more.", hint)
    return manifest


def listing(services: Services, job: Job, manifest: Manifest) -> dict[str, Any]:
    """Return a result as the list of its files."""
    destination = services.destination_for(job.id)
    seconds = services.settings.presigned_url_seconds
    signed = destination.url(manifest.parts[0].path, seconds) is not None
    files = [(part.path, part.rows, part.bytes, part.sha256) for part in manifest.parts]
    extras = [(extra.file, None, extra.bytes, extra.sha256) for extra in manifest.extras]

    def views(entries: list[Any]) -> list[dict[str, Any]]:
        return [
            {"file": name, "rows": rows, "bytes": size, "sha256": digest, "href": _address(services, destination, job.id, name)}
            for name, rows, size, digest in entries
        ]

    return {
        "job": job.id,
        "format": manifest.format,
        "rows": manifest.rows,
        "digest": manifest.digest,
        "expires_in": seconds if signed else None,
        "parts": views(files),
        "extras": views(extras),
        "results": manifest.results,
    }


def _address(services: Services, destination: Destination, job_id: str, name: str) -> str:
    signed = destination.url(name, services.settings.presigned_url_seconds)
    return signed or f"{services.settings.root_path.rstrip('/')}/jobs/{job_id}/files/{name}"


def batches_of(services: Services, job_id: str, manifest: Manifest) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all parts, one part on the disk at a time; at least one batch, even of no rows."""
    destination = services.destination_for(job_id)
    with tempfile.TemporaryDirectory(dir=services.settings.temp_dir / "incoming") as folder:
        for part in manifest.parts:
            path = Path(folder) / Path(part.path).name
            with path.open("wb") as file:
                for chunk in destination.read(part.path):
                    file.write(chunk)
            if part.rows == 0 and manifest.format == "parquet":
                yield _empty(path)
                continue
            yield from read_batches(path)
            path.unlink()


TYPED = frozenset({"parquet", "arrow"})
"""Formats that say what their columns hold, so that their rows can be answered in any other."""


def joined(destination: Destination, manifest: Manifest) -> Iterator[bytes]:
    """Yield the parts of a text format as one: of CSV, the header of the first only."""
    for part in manifest.parts:
        chunks = destination.read(part.path)
        yield from _without_header(chunks) if part.index and manifest.format == "csv" else chunks


def _without_header(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out the first record: up to the first line end that is not within quotes."""
    seen = b""
    for chunk in chunks:
        seen += chunk
        at = seen.find(b"\n")
        while at >= 0 and seen.count(b'"', 0, at) % 2:
            at = seen.find(b"\n", at + 1)
        if at >= 0:
            yield seen[at + 1 :]
            yield from chunks
            return


def _empty(path: Path) -> pa.RecordBatch:
    import pyarrow.parquet as pq

    return pa.RecordBatch.from_pylist([], pq.read_schema(path))
