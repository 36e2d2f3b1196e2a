"""For operators and their tools: alive, ready, how it goes, metrics."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from inferloop_synthetic import __version__
from inferloop_synthetic.api.openapi import described
from inferloop_synthetic.api.routes.jobs import Caller, _json
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.state import gate_of, services_of
from inferloop_synthetic.errors import SyntheticError
from inferloop_synthetic.settings import SERVICES

router = APIRouter(tags=["operation"])


@router.get("/health", summary="Is the process alive", **described({200: "Health"}))
async def health(request: Request) -> Response:
    """Answer as long as the process can: an orchestrator starts it again when it does not. Needs no credential."""
    return _json({"status": "ok", "service": services_of(request).settings.service, "version": __version__})


@router.get("/ready", summary="Can it serve", **described({200: "Ready", 503: "Ready"}))
async def ready(request: Request) -> Response:
    """Answer 200 where database, queue and disk are there, else 503 and what is missing. Needs no credential."""
    services = services_of(request)
    checks = await run_in_threadpool(_checks, services)
    down = [name for name, state in checks.items() if state != "ok"]
    warnings = []
    if not services.engines:
        kind = SERVICES[services.settings.service].data
        warnings.append(f"no engine for {kind} is installed: generations are answered with 501")
    tree = {"status": "unavailable" if down else "ready", "checks": checks, "warnings": warnings}
    return _json(tree, 503 if down else 200, {"Retry-After": "5"} if down else None)


def _checks(services: Services) -> dict[str, str]:
    found = {}
    for name, check in (("database", services.database.ping), ("queue", services.queue.ping)):
        try:
            check()
        except SyntheticError:
            found[name] = "does not answer"
        else:
            found[name] = "ok"
    try:
        with tempfile.TemporaryFile(dir=services.settings.temp_dir) as file:
            file.write(b"\0" * 4096)
        found["disk"] = "ok"
    except OSError as error:
        found["disk"] = "full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "cannot be written to"
    return found


@router.get("/status", summary="How it goes", **described({200: "Status"}, errors=(401, 403, 429, 503)))
async def status(request: Request, caller: Caller) -> Response:
    """Answer how many jobs wait and run, how much memory is used, and for how long this process has been up."""
    services = services_of(request)
    tree = await run_in_threadpool(_status, services)
    return _json(tree | {"synchronous_now": gate_of(request).inside})


def _status(services: Services) -> dict[str, Any]:
    settings = services.settings
    counts = services.store.counts()
    try:
        depth: int | None = services.queue.depth()
    except SyntheticError:
        depth = None
    used = services.memory.used() if settings.enable_resource_monitoring else None
    return {
        "service": settings.service,
        "version": __version__,
        "up_seconds": round(time.time() - services.started, 1),
        "process": os.getpid(),
        "jobs": {state.value: number for state, number in counts.items()},
        "queue": {"kind": "redis" if settings.redis_url else "in this process", "depth": depth},
        "memory_bytes": used,
        "memory_limit_bytes": settings.max_memory_usage_mb * 2**20 or None,
        "engines": list(services.engines),
    }


@router.get("/metrics", summary="Metrics for Prometheus", **described({200: "text"}, errors=(404,)))
async def metrics(request: Request) -> Response:
    """Answer the metrics as Prometheus reads them. Needs no credential: keep this path inside the cluster."""
    text, media = await run_in_threadpool(services_of(request).metrics.render)
    return Response(text, 200, media_type=media)
