"""Jobs: look at them, cancel them, fetch what they made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import anyio.to_thread
import orjson
import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from inferloop_synthetic.api import answers
from inferloop_synthetic.api.openapi import described
from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.api.results import TYPED, batches_of, joined, listing, manifest_of
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.state import prefer, services_of
from inferloop_synthetic.api.views import job_view, released, validation_of
from inferloop_synthetic.jobs.model import Job, State
from inferloop_synthetic.jobs.worker import remove_results
from inferloop_synthetic.pipeline.finish import Manifest
from inferloop_synthetic.security.dependencies import requires
from inferloop_synthetic.security.principal import Principal, Scope

router = APIRouter(tags=["jobs"])
Caller = Annotated[Principal, Depends(requires(Scope.read))]
Generator = Annotated[Principal, Depends(requires(Scope.generate))]
Downloader = Annotated[Principal, Depends(requires(Scope.read, audited=True))]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="As `POST /generate` answered it.")]
LONGEST_WAIT_S = 60
LOOK_EVERY_S = 0.25


def _json(tree: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(tree), status, headers, answers.JSON)


def owner_of(caller: Principal) -> str | None:
    """Return whose jobs a caller may see; None for everybody's."""
    return None if caller.may(Scope.admin) else caller.subject


@router.get("/jobs", summary="List your jobs", **described({200: "JobList"}, errors=(401, 403, 404, 422, 429, 503)))
async def list_jobs(
    request: Request,
    caller: Caller,
    state: Annotated[list[State] | None, Query(description="Only jobs in these states.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$", description="The last job of the page before.")] = None,
) -> Response:
    """List jobs, the newest first; an administrator sees everybody's."""
    services = services_of(request)

    def work() -> tuple[Job, ...]:
        return services.store.list(owner_of(caller), states=state or (), limit=limit, before=before)

    found = await run_in_threadpool(work)
    following = found[-1].id if len(found) == limit else None
    headers = {}
    if following is not None:
        url = request.url.include_query_params(before=following)
        headers["Link"] = f'<{services.settings.root_path.rstrip("/")}{url.path}?{url.query}>; rel="next"'
    return _json({"jobs": [job_view(services, job) for job in found], "next": following}, headers=headers)


@router.get("/jobs/{job_id}", summary="Look at a job", **described({200: "Job"}, errors=(401, 403, 404, 422, 429, 503)))
async def get_job(request: Request, caller: Caller, job_id: JobId) -> Response:
    """Tell how far a job is. With `Prefer: wait=10` the answer comes when the job has ended, after 10 seconds at the latest."""
    services = services_of(request)
    request.state.waits = "wait" in prefer(request)
    job = await _ended(request, services, job_id, owner_of(caller))
    headers = {} if job.terminal else {"Retry-After": "1"}
    return _json(job_view(services, job), headers=headers)


async def _ended(request: Request, services: Services, job_id: str, owner: str | None) -> Job:
    asked = prefer(request).get("wait", "")
    left = min(int(asked), LONGEST_WAIT_S) if asked.isdigit() and len(asked) < 6 else 0
    clock = asyncio.get_running_loop().time
    deadline = clock() + left
    while True:
        job = await anyio.to_thread.run_sync(services.store.get, job_id, owner, limiter=services.threads)
        if job.terminal or clock() >= deadline or await request.is_disconnected():
            return job
        await asyncio.sleep(LOOK_EVERY_S)


@router.delete(
    "/jobs/{job_id}",
    summary="Cancel a job, or remove one that has ended",
    **described({200: "Job", 204: None}, errors=(401, 403, 404, 422, 429, 503)),
)
async def delete_job(request: Request, caller: Generator, job_id: JobId) -> Response:
    """Cancel a job that waits or runs (200, and it stays to be looked at); remove one that has ended, with its results (204)."""
    services = services_of(request)

    def work() -> Job | None:
        owner = owner_of(caller)
        job = services.store.get(job_id, owner)
        if not job.terminal:
            cancelled = services.store.cancel(job_id, owner)
            services.drop_upload(job.spec.get("source"))
            return cancelled
        remove_results(services.destination_for(job_id))
        services.drop_upload(job.spec.get("source"))
        services.store.delete(job_id, owner)
        return None

    job = await run_in_threadpool(work)
    return Response(status_code=204) if job is None else _json(job_view(services, job))


@router.get(
    "/jobs/{job_id}/result",
    summary="Fetch what a job made",
    **described({200: "result", 307: None}, errors=(401, 403, 404, 406, 409, 410, 422, 429, 503)),
)
async def get_result(request: Request, caller: Downloader, job_id: JobId) -> Response:
    """Answer the rows as CSV, JSON lines, Parquet or Arrow, as Accept says; or, as `application/json`, the list of parts.

    The list has for each part its size, its SHA-256 and an address to fetch it from, presigned where results are in object
    storage. A result larger than `GUARDIAN_INLINE_RESULT_MB` is answered as that list only.
    """
    services = services_of(request)
    request.state.waits = True
    job, manifest = await run_in_threadpool(_finished, services, job_id, owner_of(caller))
    size = sum(part.bytes for part in manifest.parts)
    large = size > services.settings.inline_result_mb * 2**20
    whole = () if large else tuple(answers.TYPES) if manifest.format in TYPED else (manifest.format,)
    try:
        kind = answers.choose(request.headers.get("accept"), (*whole, "json"), "json" if large else manifest.format)
    except ApiError as error:
        hint = "Accept application/json: the answer lists the parts, each with an address to fetch it from."
        detail = f"The result has {size:,} bytes, too many for one answer."
        if not large:
            detail = f"The result is kept as {manifest.format}, which does not say what its columns hold."
            hint = f"Accept {answers.content_type(manifest.format)}, or make it again with `format: parquet` for all formats."
        raise ApiError(406, "not-offered-for-this-result", detail, hint) from error
    headers = {"Vary": "Accept", "X-Rows": str(manifest.rows)}
    if kind == "json":
        return _json(listing(services, job, manifest), headers=headers)
    destination = services.destination_for(job_id)
    headers["Content-Disposition"] = answers.disposition(f"synthetic-{job_id[:8]}", kind)
    if kind == manifest.format and len(manifest.parts) == 1:
        part = manifest.parts[0]
        address = await run_in_threadpool(destination.url, part.path, services.settings.presigned_url_seconds)
        if address is not None:
            return RedirectResponse(address, 307, {"Vary": "Accept"})
        headers |= {"Content-Length": str(part.bytes), "ETag": f'"{part.sha256}"', "X-Content-SHA256": part.sha256}
        return StreamingResponse(destination.read(part.path), 200, headers, answers.content_type(kind))
    if kind == manifest.format and kind not in TYPED:
        return StreamingResponse(joined(destination, manifest), 200, headers, answers.content_type(kind))
    return await _converted(services, job_id, manifest, kind, headers)


async def _converted(services: Services, job_id: str, manifest: Manifest, kind: str, headers: dict[str, str]) -> Response:
    """Answer the rows in another format, or several parts as one; memory does not grow with the rows."""
    batches = batches_of(services, job_id, manifest)
    first = await run_in_threadpool(next, batches)
    guard = services.settings.enable_input_sanitization

    def rows() -> Iterator[pa.RecordBatch]:
        yield first
        yield from batches

    return StreamingResponse(
        answers.encoded(rows(), first.schema, kind, guard=guard), 200, headers, answers.content_type(kind)
    )  # fmt: skip


@router.get(
    "/jobs/{job_id}/files/{name:path}",
    summary="Fetch one file of a result",
    **described({200: "file"}, errors=(401, 403, 404, 409, 410, 422, 429, 503)),
)
async def get_file(request: Request, caller: Downloader, job_id: JobId, name: str) -> Response:
    """Answer a part, or the report of a validation, as it was written; `GET /jobs/{job_id}/result` as JSON lists them."""
    services = services_of(request)
    request.state.waits = True
    _, manifest = await run_in_threadpool(_finished, services, job_id, owner_of(caller), report=name.startswith("_report/"))
    known = {part.path: (part.bytes, part.sha256) for part in manifest.parts}
    known |= {extra.file: (extra.bytes, extra.sha256) for extra in manifest.extras}
    if name not in known:
        raise ApiError(
            404, "no-such-file", "The result has no such file.", "Accept application/json at …/result lists the files."
        )
    size, digest = known[name]
    suffix = name.rpartition(".")[2]
    media = {"html": "text/html; charset=utf-8", "json": answers.JSON}.get(suffix) or answers.content_type(manifest.format)
    headers = {"Content-Length": str(size), "ETag": f'"{digest}"', "X-Content-SHA256": digest}
    if suffix == "html":
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return StreamingResponse(services.destination_for(job_id).read(name), 200, headers, media)


def _finished(services: Services, job_id: str, owner: str | None, *, report: bool = False) -> tuple[Job, Manifest]:
    """Return a job that has results to fetch, and their manifest; raises ApiError saying why there are none."""
    job = services.store.get(job_id, owner)
    if not job.terminal:
        hint = "Look at the job with `Prefer: wait=30`, and fetch the result when its state is succeeded."
        raise ApiError(409, "not-finished", f"The job is {job.state.value}.", hint, headers={"Retry-After": "1"})
    if job.state is not State.succeeded:
        hint = job.hint or "Correct the request and submit it again."
        raise ApiError(409, "no-result", f"The job {job.state.value}" + (f": {job.error}" if job.error else "."), hint)
    if job.results_removed is not None:
        hint = "Submit the same request again: the same seed gives the same rows."
        raise ApiError(410, "result-removed", "The result was kept for its time and then removed.", hint)
    if released(job) is False and not report:
        verdict = validation_of(job).get("verdict")
        hint = "The verdict says what the policy requires; the report is among the files of the job (_report/report.html)."
        detail = "The policy does not let this result go."
        raise ApiError(409, "withheld-by-policy", detail, hint, more={"verdict": verdict})
    return job, manifest_of(services, job_id)
