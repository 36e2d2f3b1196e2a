"""What there is to make rows with: engines, templates, pipelines, and the limits that hold."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from inferloop_synthetic import __version__
from inferloop_synthetic.api.openapi import described
from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.api.routes.jobs import Caller, _json
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.state import services_of
from inferloop_synthetic.api.templates import template_schema, template_texts, template_title
from inferloop_synthetic.engine import Engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.executors import installed_executors
from inferloop_synthetic.external.requested import GENERATOR_TYPES, REPLACED, engine_for
from inferloop_synthetic.pipeline.stages import describe_pipeline
from inferloop_synthetic.schema import schema_yaml
from inferloop_synthetic.security.principal import Principal, Scope
from inferloop_synthetic.settings import SERVICES

router = APIRouter(tags=["generation"])
ERRORS = (401, 403, 429, 503)
Name = Annotated[str, Path(min_length=1, max_length=100)]


@router.get("/generators", summary="List the engines", **described({200: "Generators"}, errors=ERRORS))
async def list_generators(request: Request, caller: Caller) -> Response:
    """List the engines of this service, and the names that earlier services had for them."""
    services = services_of(request)
    names = [_engine(name, engine) for name, engine in services.engines.items()]
    return _json({"service": services.settings.service, "generators": names, "generator_types": _types()})


def _types() -> dict[str, Any]:
    types: dict[str, Any] = {name: {"models": models} for name, models in GENERATOR_TYPES.items()}
    return types | {name: {"replaced_by": engine} for name, engine in REPLACED.items()}


def _engine(name: str, engine: Engine) -> dict[str, Any]:
    extra = getattr(engine, "extra", None)
    options = getattr(engine, "options_kind", None)
    return {
        "name": name,
        "description": engine.description,
        "extra": extra,
        "synchronous": name == "tabular",
        "options": options.model_json_schema()["properties"] if options is not None else {},
    }


@router.get("/generators/{name}", summary="Look at an engine", **described({200: "Generator"}, errors=(*ERRORS, 404, 422)))
async def get_generator(request: Request, caller: Caller, name: Name) -> Response:
    """Tell what an engine is good for; a name of earlier services answers which engine it means."""
    services = services_of(request)
    if name in services.engines:
        return _json(_engine(name, services.engines[name]))
    if name in GENERATOR_TYPES or name in REPLACED:
        try:
            meant = engine_for(name)
        except InputError as error:
            raise ApiError(
                404, "replaced", str(error), f"Look at /generators/{REPLACED[name]} and /generators/tabular."
            ) from None
        raise ApiError(
            404, "other-name", f"{name} is the name of earlier services for engine {meant}.", f"Look at /generators/{meant}."
        )
    known = ", ".join(services.engines) or "none"
    raise ApiError(404, "no-such-generator", f"There is no engine {name!r} here.", f"There are {known}.")


@router.get("/templates", summary="List schemas to begin with", **described({200: "Templates"}, errors=ERRORS))
async def list_templates(request: Request, caller: Caller) -> Response:
    """List the templates; `POST /generate` takes their names."""
    return _json({"templates": [{"name": name, "description": template_title(name)} for name in template_texts()]})


@router.get("/templates/{name}", summary="Look at a template", **described({200: "Template"}, errors=(*ERRORS, 404, 422)))
async def get_template(request: Request, caller: Caller, name: Name) -> Response:
    """Answer a template's schema, to be changed and sent as `schema`."""
    schema = template_schema(name)
    tree = schema.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return _json({"name": name, "description": template_title(name), "schema": tree, "yaml": schema_yaml(schema)})


@router.get("/pipelines", summary="List the stages that rows pass", **described({200: "Pipelines"}, errors=ERRORS))
async def list_pipelines(request: Request, caller: Caller) -> Response:
    """List what happens between request and result, and who may make the parts."""
    services = services_of(request)
    stages = [{"name": name, "title": title} for name, title in describe_pipeline()]
    validated = {"validation"}
    learned = [stage for stage in stages if stage["name"] not in validated]
    alone = [stage for stage in learned if stage["name"] not in {"read", "fit"}]
    pipelines = [
        {"name": "schema", "when": "there is a schema or template and no data", "stages": alone},
        {"name": "learned", "when": "there is data or a source", "stages": learned},
        {"name": "validated", "when": "`validate` is true", "stages": stages},
    ]
    executors = sorted(installed_executors())
    return _json({"pipelines": pipelines, "executors": executors, "executor": services.settings.executor.partition(":")[0]})


@router.get("/config", summary="See the limits and settings that hold", **described({200: "Config"}, errors=ERRORS))
async def get_config(request: Request, caller: Caller) -> Response:
    """Answer limits and features; an administrator also gets every setting with its source, secrets masked."""
    services = services_of(request)
    tree: dict[str, Any] = {
        "version": __version__,
        "service": services.settings.service,
        "data": SERVICES[services.settings.service].data,
        "limits": _limits(services, caller),
        "features": _features(services),
    }
    if caller.may(Scope.admin):
        lines = services.loaded.lines()
        tree["settings"] = [{"name": name, "value": value, "source": source} for name, value, source in lines]
    return _json(tree)


def _limits(services: Services, caller: Principal) -> dict[str, Any]:
    settings, allowance = services.settings, caller.allowance
    return {
        "request_bytes": settings.max_request_bytes,
        "upload_bytes": settings.max_upload_bytes,
        "rows_read": settings.max_rows,
        "columns": settings.max_columns,
        "json_depth": settings.max_json_depth,
        "rows_per_generation": settings.max_records_per_generation,
        "rows_at_once": settings.synchronous_records,
        "timeout_seconds": settings.default_timeout,
        "requests_per_minute": allowance.requests_per_minute or settings.rate_limit_requests_per_minute,
        "rows_per_minute": allowance.records_per_minute or settings.rate_limit_records_per_minute,
        "active_jobs": settings.max_active_jobs_per_owner,
        "result_kept_hours": settings.result_retention_hours,
    }


def _features(services: Services) -> dict[str, Any]:
    settings = services.settings
    return {
        "input_sanitization": settings.enable_input_sanitization,
        "model_cache": settings.cache_enabled,
        "web_sources": settings.source_web,
        "audit_log": settings.enable_audit_logging,
        "tokens": settings.jwt_issuer is not None,
    }
