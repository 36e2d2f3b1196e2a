"""POST /generate: rows at once where few are asked for, else a job."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from inferloop_synthetic.api import answers, examples
from inferloop_synthetic.api.bodies import Body, reading
from inferloop_synthetic.api.generation import (
    Upload,
    answered_at_once,
    check_installed,
    check_source,
    draw,
    from_schema,
    from_upload,
    stored,
    upload_of,
)
from inferloop_synthetic.api.openapi import documented
from inferloop_synthetic.api.problems import ApiError, FieldProblem, invalid
from inferloop_synthetic.api.requests import GenerateRequest, engine_of, parse, spec_of, table_schema
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.state import gate_of, prefer, services_of
from inferloop_synthetic.api.templates import template_schema
from inferloop_synthetic.api.views import job_view
from inferloop_synthetic.jobs.errors import QueueUnavailable
from inferloop_synthetic.jobs.model import Creation, Limits
from inferloop_synthetic.pipeline.prepare import Prepared
from inferloop_synthetic.pipeline.spec import SCHEMA_ROWS, GenerationSpec
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.security.dependencies import charge_records, requires
from inferloop_synthetic.security.principal import Principal, Scope
from inferloop_synthetic.settings import SERVICES

router = APIRouter(tags=["generation"])
UPLOADED = "data.parquet"
"""Stands for an uploaded table in a specification until it has a place."""
logger = logging.getLogger(__name__)
_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")


@router.post(
    "/generate",
    status_code=202,
    summary="Make synthetic rows",
    **documented(
        GenerateRequest, examples.GENERATE, answers={200: "rows", 202: "Job"}, files=("data",),
        errors=(400, 401, 403, 406, 408, 413, 415, 422, 429, 501, 503, 504, 507),
    ),
)  # fmt: skip
async def generate(request: Request, caller: Annotated[Principal, Depends(requires(Scope.generate))]) -> Response:
    """Learn from a table that is uploaded or named, or take a schema alone, and draw rows.

    The answer is a job (202, `Location`). With `Prefer: wait` or `"wait": true` a small request is answered with its rows
    (200, `Preference-Applied: wait`), in the format that Accept names. The same seed gives the same rows either way.
    """
    services = services_of(request)
    _check_service(services)
    async with reading(request, services.settings, files=frozenset({"data"})) as body:
        asked = parse(GenerateRequest, {name: value for name, value in body.tree.items() if name != "data"})
        return await _generate(request, services, caller, asked, body)


async def _generate(request: Request, services: Services, caller: Principal, asked: GenerateRequest, body: Body) -> Response:
    engine = engine_of(asked, services.engines)
    schema = _schema(asked, services)
    brought = "data" in body.files or "data" in body.tree
    request.state.waits = brought  # for as long as the upload takes
    upload = await run_in_threadpool(upload_of, body, "data", body.tree.get("data")) if brought else None
    _check_origin(asked, upload, schema)
    if asked.source is not None:
        await run_in_threadpool(check_source, services, asked.source)
    spec = spec_of(asked, services.settings, engine=engine, schema=schema, source=UPLOADED if upload else asked.source)
    check_installed(services, spec)
    wanted = asked.wait or "wait" in prefer(request)
    if wanted and answered_at_once(services, spec, len(schema.columns) if schema else None, upload):
        return await _at_once(request, services, caller, asked, spec, upload)
    return await _job(request, services, caller, asked, spec, upload)


def _check_service(services: Services) -> None:
    if services.engines:
        return
    name = services.settings.service
    raise ApiError(
        501, "no-engine", f"This container serves {name}, and no engine for {SERVICES[name].data} is installed in it.",
        "Install a distribution that registers one in the entry-point group inferloop_synthetic.engines, or call a service "
        "whose SERVICE is tabular.",
    )  # fmt: skip


def _schema(asked: GenerateRequest, services: Services) -> TableSchema | None:
    if asked.template is not None and asked.table_schema is not None:
        raise invalid([FieldProblem(field="template", message="give `template` or `schema`, not both")])
    if asked.template is not None:
        return template_schema(asked.template)
    return None if asked.table_schema is None else table_schema(asked.table_schema, services.settings)


def _check_origin(asked: GenerateRequest, upload: Upload | None, schema: TableSchema | None) -> None:
    if upload is not None and asked.source is not None:
        raise invalid([FieldProblem(field="source", message="give `data` or `source`, not both")])
    if upload is None and asked.source is None and schema is None:
        message = "nothing to make rows from: give `schema`, `template`, `data` or `source`"
        raise invalid([FieldProblem(field="schema", message=message)], 'Send for instance {"schema": {"id": "integer[1:9]"}}.')
    if upload is None and asked.source is None and asked.check:
        raise invalid([FieldProblem(field="validate", message="compares with a real table, and there is none")])
    if asked.template is not None and (upload is not None or asked.source is not None):
        raise invalid([FieldProblem(field="template", message="is a schema without data; leave `data` and `source` out")])


async def _at_once(
    request: Request, services: Services, caller: Principal, asked: GenerateRequest, spec: GenerationSpec, upload: Upload | None
) -> Response:
    request.state.waits = True
    preferred = asked.format or "csv"
    kind = answers.choose(request.headers.get("accept"), (*answers.TYPES, "json"), preferred)
    timeout = asked.timeout or services.settings.default_timeout

    def work() -> tuple[bytes, int]:
        services.memory.check()
        with services.metrics.generation(spec.engine) as generation:
            prepared = _prepared(services, spec, upload, timeout)
            rows = prepared.spec.rows or 0
            charge_records(request, caller, rows)
            table, batches = draw(services, prepared, timeout)
            generation.records(rows)
        guard = services.settings.enable_input_sanitization
        return b"".join(answers.encoded(batches, table, kind, guard=guard)), rows

    content, rows = await gate_of(request).run(work, timeout)
    headers = {
        "Preference-Applied": "wait",
        "X-Rows": str(rows),
        "Content-Disposition": answers.disposition("synthetic", kind),
        "Vary": "Accept, Prefer",
    }
    return Response(content, 200, headers, answers.content_type(kind))


def _prepared(services: Services, spec: GenerationSpec, upload: Upload | None, timeout_s: float) -> Prepared:
    if upload is not None:
        return from_upload(services, upload, spec, timeout_s)
    assert spec.table_schema is not None  # noqa: S101  (nothing else is answered at once)
    return from_schema(services, spec.table_schema, spec)


async def _job(
    request: Request, services: Services, caller: Principal, asked: GenerateRequest, spec: GenerationSpec, upload: Upload | None
) -> Response:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        problem = FieldProblem(field="Idempotency-Key", message="is 1 to 255 visible ASCII characters, such as a UUID")
        raise invalid([problem], "Make a UUID for each new request and send it again only with the same request.")
    timeout = services.settings.default_timeout  # what the request names is for the job

    def work() -> Creation:
        rows, tree, fingerprint = spec.rows, spec.as_json(), _fingerprint(spec, asked, upload)
        source = None
        if upload is not None:
            source, read = stored(services, upload, timeout)
            tree, rows = {**tree, "source": source}, rows if rows is not None else read
        elif rows is None and spec.source is None:
            rows = SCHEMA_ROWS
        try:
            _check_rows(rows, services)
            charge_records(request, caller, rows or 0)
            made = services.store.create(
                tree, caller.subject, rows=rows, idempotency_key=key, fingerprint=fingerprint,
                trace=services.tracing.traceparent(),
                limits=Limits(services.settings.max_active_jobs_per_owner, None, services.settings.max_queued_jobs),
            )  # fmt: skip
        except BaseException:
            services.drop_upload(source)
            raise
        if not made.new:
            services.drop_upload(source)
        else:
            _hand_over(services, made.job.id)
        return made

    if upload is None:
        made = await run_in_threadpool(work)
    else:
        made = await gate_of(request).run(work, timeout)
    headers = {"Location": f"{services.settings.root_path.rstrip('/')}/jobs/{made.job.id}", "Retry-After": "1"}
    if not made.new:
        headers["Idempotency-Replayed"] = "true"
    return Response(orjson.dumps(job_view(services, made.job)), 202, headers, answers.JSON)


def _hand_over(services: Services, job_id: str) -> None:
    """Tell the queue; the job is in the database, and is found there when the queue is back."""
    try:
        services.queue.enqueue(job_id)
    except QueueUnavailable as error:
        logger.warning("a job waits for the queue to be back: %s", error.message)


def _check_rows(rows: int | None, services: Services) -> None:
    most = services.settings.max_records_per_generation
    if rows is not None and rows > most:
        raise invalid([FieldProblem(field="rows", message=f"the table has {rows:,} rows; at most {most:,} are made at a time")])


def _fingerprint(spec: GenerationSpec, asked: GenerateRequest, upload: Upload | None) -> str:
    """Return what stands for the whole request: the same file uploaded again is the same."""
    tree: list[Any] = [spec.as_json(), upload.digest if upload else None, asked.policy, asked.timeout]
    return hashlib.sha256(orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)).hexdigest()
