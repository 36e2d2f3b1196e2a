"""From a request to rows: at once where they are few, else by way of a job."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import orjson
import pyarrow as pa
from starlette.concurrency import run_in_threadpool

from inferloop_synthetic.api.bodies import Body
from inferloop_synthetic.api.models import key_of
from inferloop_synthetic.api.problems import ApiError, FieldProblem, invalid
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.work import ingest, learn_upload
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.external.engines import ExternalEngine
from inferloop_synthetic.external.worker import MissingExtraError
from inferloop_synthetic.pipeline.make import part_rows
from inferloop_synthetic.pipeline.parts import plan_parts
from inferloop_synthetic.pipeline.prepare import Learned, Prepared
from inferloop_synthetic.pipeline.spec import SCHEMA_ROWS, GenerationSpec
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.tabular.engine import model_from_schema

T = TypeVar("T")
SYNCHRONOUS_ENGINES = frozenset({"tabular"})
"""Those that learn in seconds; others are always jobs."""
CELLS_PER_ROW = 50
"""A row counts as so many cells: tables of very many columns are not answered at once."""


@dataclass(frozen=True)
class Upload:
    """A table that came with a request."""

    path: Path
    shown: str
    digest: str


class Gate:
    """Lets so many heavy requests through at a time; the others wait, and are told to come back where that takes too long."""

    def __init__(self, places: int) -> None:
        self._places = asyncio.Semaphore(places)
        self.inside = 0

    async def run(self, function: Callable[[], T], timeout_s: float) -> T:
        """Return what a function returns that is run in a thread once there is a place for it."""
        async with self._entered(timeout_s):
            return await run_in_threadpool(function)

    @asynccontextmanager
    async def _entered(self, timeout_s: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(timeout_s):
                await self._places.acquire()
        except TimeoutError:
            hint = "Try again later, or submit it as a job (without `wait`)."
            detail = "The service is busy with other generations (GUARDIAN_MAX_CONCURRENT_GENERATIONS)."
            raise ApiError(503, "busy", detail, hint, headers={"Retry-After": "5"}) from None
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            self._places.release()


def upload_of(body: Body, name: str, tree: object) -> Upload | None:
    """Return the table in a field: a file of the form, or rows or CSV in the JSON; None where there is neither."""
    path = body.files.get(name)
    if path is None and tree is None:
        return None
    if path is not None and tree is not None:
        raise invalid([FieldProblem(field=name, message="is given as a file and in the request; give one")])
    if path is None:
        path = _written(name, tree, body.folder)
    with path.open("rb") as file:
        return Upload(path, name, hashlib.file_digest(file, "sha256").hexdigest() + path.suffix)


def _written(name: str, tree: object, scratch: Path) -> Path:
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    if isinstance(tree, str) and tree.strip():
        path = scratch / f"{name}.csv"
        path.write_text(tree, "utf-8")
        return path
    if not isinstance(tree, list) or not tree or not all(isinstance(row, dict) and row for row in tree):
        message = "must be a list of objects of columns and values, or a text in CSV with a header"
        raise invalid([FieldProblem(field=name, message=message)])
    path = scratch / f"{name}.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in tree))
    return path


def check_source(services: Services, source: str) -> None:
    """Raise SourceRefused for a source that callers may not name; what is reachable is not looked at before that."""
    services.policy.check(Location.parse(source))


def check_installed(services: Services, spec: GenerationSpec) -> None:
    """Raise ApiError where jobs are run by this process and its Python lacks the engine's library.

    Where workers take them (GUARDIAN_REDIS_HOST, or GUARDIAN_RUN_JOBS off), only they know what they have.
    """
    settings = services.settings
    engine = services.engines[spec.engine]
    if spec.source is None or settings.redis_host is not None or not settings.run_jobs or not isinstance(engine, ExternalEngine):
        return
    try:
        engine.check_installed(settings.engine_python)
    except MissingExtraError as error:
        hint = "Leave the engine out for the default one, or tell the operator what is missing."
        raise ApiError(501, "engine-not-installed", str(error), hint) from None


def answered_at_once(services: Services, spec: GenerationSpec, columns: int | None, upload: Upload | None) -> bool:
    """Say whether a generation is small enough to be answered with its rows."""
    settings = services.settings
    if spec.engine not in SYNCHRONOUS_ENGINES or spec.check or (spec.source is not None and upload is None):
        return False
    rows = spec.rows if spec.rows is not None else SCHEMA_ROWS if spec.source is None else 0
    wide = rows * (columns or 1) > settings.synchronous_records * CELLS_PER_ROW
    return rows <= min(settings.synchronous_records, spec.part_rows) and not wide


def from_schema(services: Services, schema: TableSchema, spec: GenerationSpec) -> Prepared:
    """Return what is drawn from where there is a schema and no data."""
    key = key_of(spec, None)
    found = services.models.get(key)
    if found is None:
        found = Learned(model_from_schema(schema), spec).prepared()
        services.models.put(key, found)
    rows = SCHEMA_ROWS if spec.rows is None else spec.rows
    return Learned(found.model, spec.model_copy(update={"rows": rows})).prepared()


def from_upload(services: Services, upload: Upload, spec: GenerationSpec, timeout_s: float) -> Prepared:
    """Return what is drawn from where a table was uploaded; its model is learned in another process, unless it is kept."""
    settings = services.settings

    def learn(folder: Path) -> None:
        clean, limits = settings.enable_input_sanitization, services.limits
        services.isolated.run(
            learn_upload, upload.path, upload.shown, spec.as_json(), folder, limits, clean, timeout_s=timeout_s
        )  # fmt: skip

    found = services.models.learned(key_of(spec, upload.digest + str(settings.enable_input_sanitization)), learn)
    rows = found.spec.rows if spec.rows is None else spec.rows
    if rows is not None and rows > settings.max_records_per_generation:
        message = f"the table has {rows:,} rows; at most {settings.max_records_per_generation:,} are made at a time"
        raise invalid([FieldProblem(field="rows", message=message)])
    return Learned(found.model, spec.model_copy(update={"rows": rows})).prepared()


def draw(services: Services, prepared: Prepared, timeout_s: float) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    """Return the rows of a small generation, the same that a job makes; raises ApiError where it takes too long."""
    deadline = time.monotonic() + timeout_s
    parts = plan_parts(prepared.spec)
    taken: list[pa.RecordBatch] = []
    batches: Iterator[pa.RecordBatch] = itertools.chain.from_iterable(
        part_rows(prepared, part, threads=1, stages=services.stages) for part in parts
    )
    for batch in batches:
        taken.append(batch)
        if time.monotonic() > deadline:
            hint = "Submit it as a job (without `wait`), or loosen the conditions: rare ones are met by drawing again."
            raise ApiError(504, "timeout", f"It took longer than {timeout_s:g} s.", hint)
    return taken[0].schema, taken


def stored(services: Services, upload: Upload, timeout_s: float) -> tuple[str, int]:
    """Keep an uploaded table where workers find it; return its place and its rows."""
    table = upload.path.with_name(f"{upload.shown}.parquet")
    clean = services.settings.enable_input_sanitization
    found = services.isolated.run(ingest, upload.path, upload.shown, table, services.limits, clean, timeout_s=timeout_s)
    return services.keep_upload(table), found.rows
