"""What callers see of a job."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from inferloop_synthetic.api.services import Services
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.jobs.model import Job, State


class JobView(BaseModel):
    """A job."""

    id: str
    state: State
    phase: str = Field(description="What it is doing: waiting, preparing, making, finishing, done.")
    rows: int | None = Field(description="Rows asked for; null until a source that says how many was read.")
    rows_done: int
    parts: int | None
    parts_done: int
    progress: float = Field(ge=0, le=1, description="Share of the rows that are made.")
    created: datetime
    started: datetime | None
    finished: datetime | None
    attempt: int = Field(description="How often a worker took it.")
    error: str | None = Field(description="Why it failed, or what it waits for.")
    hint: str | None
    released: bool | None = Field(description="With `validate`: whether the policy lets the result go.")
    result: str | None = Field(description="Where the result is, once there is one.")
    specification: dict[str, Any] = Field(description="What was asked for.")


def job_view(services: Services, job: Job) -> dict[str, Any]:
    """Return what callers see of a job: no credentials, no worker, no paths of uploads."""
    root = services.settings.root_path.rstrip("/")
    there = job.state is State.succeeded and job.results_removed is None
    return {
        "id": job.id,
        "state": job.state.value,
        "phase": str(job.phase),
        "rows": job.rows,
        "rows_done": job.rows_done,
        "parts": job.parts,
        "parts_done": job.parts_done,
        "progress": 1.0 if job.state is State.succeeded else round(job.rows_done / job.rows, 4) if job.rows else 0.0,
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "attempt": job.attempt,
        "error": job.error,
        "hint": job.hint,
        "released": released(job),
        "result": f"{root}/jobs/{job.id}/result" if there else None,
        "specification": shown_specification(services, job),
    }


def released(job: Job) -> bool | None:
    """Say whether the policy lets the result go; None where nothing was validated."""
    let_go = validation_of(job).get("released")
    return None if let_go is None else bool(let_go)


def validation_of(job: Job) -> Mapping[str, Any]:
    """Return what the validation of a job found; empty where there was none."""
    found = ((job.result or {}).get("results") or {}).get("validation")
    return found if isinstance(found, Mapping) else {}


def shown_specification(services: Services, job: Job) -> dict[str, Any]:
    """Return a job's specification as callers may see it: an upload's place and a source's credentials are left out."""
    shown = dict(job.spec)
    source = shown.get("source")
    if services.is_upload(source):
        shown["source"] = "(uploaded)"
    elif isinstance(source, str):
        shown["source"] = Location.parse(source).shown
    return shown
