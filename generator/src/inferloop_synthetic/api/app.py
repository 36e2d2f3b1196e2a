"""The application, put together from services that were opened elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Lifespan

from inferloop_synthetic import __version__
from inferloop_synthetic.api import openapi, problems, shapes
from inferloop_synthetic.api.bodies import LimitBodies
from inferloop_synthetic.api.generation import Gate
from inferloop_synthetic.api.problems import LastResort
from inferloop_synthetic.api.requests import GenerateRequest, TableRequest, ValidateRequest
from inferloop_synthetic.api.results import ResultView
from inferloop_synthetic.api.routes import catalogue, generate, jobs, operations, validate
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.views import JobView
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.telemetry.http import ObservedRequests

EXPOSED = ("Location", "Retry-After", "X-Request-ID", "X-Rows", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed", "Link")
MODELS: dict[str, type[BaseModel]] = {
    "GenerateRequest": GenerateRequest,
    "ValidateRequest": ValidateRequest,
    "TableRequest": TableRequest,
    "TableSchema": TableSchema,
    "Job": JobView,
    "Result": ResultView,
    **shapes.MODELS,
}


def create_app(services: Services, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return the API over services; who opened those closes them, for instance in the `lifespan`."""
    settings = services.settings
    app = FastAPI(
        title="Inferloop synthetic",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.gate = Gate(settings.max_concurrent_generations)
    for router in (generate.router, jobs.router, validate.router, catalogue.router, operations.router):
        app.include_router(router)
    for path, endpoint in (("/healthz", operations.health), ("/readyz", operations.ready)):
        app.add_api_route(path, endpoint, include_in_schema=False)
    problems.install(app)
    openapi.install(app, MODELS, settings.root_path)
    # The last one added is the outermost.
    app.add_middleware(LimitBodies, settings=settings)
    app.add_middleware(LastResort)
    if settings.cors_origins:
        app.add_middleware(CORSMiddleware, **_cors(settings.cors_origins))
    app.add_middleware(ObservedRequests, metrics=services.metrics, tracing=services.tracing)
    return app


def _cors(origins: tuple[str, ...]) -> dict[str, Any]:
    """Credentials travel in headers that scripts set, never in cookies, so browsers need not be let send those."""
    return {
        "allow_origins": list(origins),
        "allow_methods": ["GET", "POST", "DELETE"],
        "allow_headers": [
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Accept",
            "Prefer",
            "Idempotency-Key",
            "X-Request-ID",
            "traceparent",
        ],
        "expose_headers": list(EXPOSED),
        "allow_credentials": False,
        "max_age": 600,
    }
