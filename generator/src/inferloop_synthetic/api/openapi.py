"""The OpenAPI description: what handlers read by themselves is described here, with examples that tests send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from inferloop_synthetic import __version__
from inferloop_synthetic.api import answers
from inferloop_synthetic.api.bodies import FORM, JSON
from inferloop_synthetic.api.problems import MEDIA_TYPE, TITLES, Problem

REFERENCE = "#/components/schemas/{model}"
ABOUT = """Synthetic tables that keep the statistics of a real one.

Send rows (or a schema alone), get a job, fetch its result; or add `Prefer: wait` and get the rows at once. Every error is
problem+json (RFC 9457) with a `hint`. Callers authenticate with `X-API-Key` or a bearer token.
"""
TAGS = [
    {"name": "generation", "description": "Make rows, and see what there is to make them with."},
    {"name": "jobs", "description": "Follow what was asked for, and fetch what was made."},
    {"name": "validation", "description": "How good and how private a synthetic table is."},
    {"name": "operation", "description": "For operators and their tools."},
]
BINARY = {"type": "string", "format": "binary"}


def described(answers_by_status: Mapping[int, str | None], errors: Sequence[int] = ()) -> dict[str, Any]:
    """Return what describes a handler's answers: a model's name, `rows`, `result`, `file`, or None for no content."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status, name in answers_by_status.items():
        responses[status] = _answer(status, name)
    for status in errors:
        responses[status] = {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
        }
    return {"responses": responses, "response_model": None}


def _answer(status: int, name: str | None) -> dict[str, Any]:
    meaning = {200: "Done.", 202: "A job was made.", 204: "Removed.", 307: "Fetch it from `Location`.", 503: "Not ready."}[status]
    if name is None:
        return {"description": meaning}
    tables = {types[0]: {"schema": BINARY} for types in answers.TYPES.values()}
    if name == "rows":
        rows = {"type": "array", "items": {"type": "object"}}
        return {"description": "The rows.", "content": {**tables, JSON: {"schema": rows}}}
    if name == "result":
        reference = {"schema": {"$ref": REFERENCE.format(model="Result")}}
        return {"description": "The rows, or the list of their parts.", "content": {**tables, JSON: reference}}
    if name == "file":
        return {"description": "The file.", "content": {"*/*": {"schema": BINARY}}}
    if name == "text":
        return {"description": meaning, "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"description": meaning, "content": {JSON: {"schema": {"$ref": REFERENCE.format(model=name)}}}}


def documented(
    model: type[BaseModel],
    examples: Mapping[str, Mapping[str, Any]],
    *,
    answers: Mapping[int, str | None],
    files: Sequence[str],
    errors: Sequence[int],
) -> dict[str, Any]:
    """Return what describes a handler that reads its body by itself: JSON, or a form with files."""
    reference = {"$ref": REFERENCE.format(model=model.__name__)}
    form = {
        "type": "object",
        "properties": {
            **{name: {**BINARY, "description": "A table: .csv, .tsv, .jsonl, .parquet, .arrow."} for name in files},
            "request": {"type": "string", "description": f"The rest as JSON, as in {JSON}; or each field by itself."},
        },
    }
    body = {"required": True, "content": {JSON: {"schema": reference, "examples": dict(examples)}, FORM: {"schema": form}}}
    return {**described(answers, errors), "openapi_extra": {"requestBody": body}}


def install(app: FastAPI, models: Mapping[str, type[BaseModel]], root_path: str) -> None:
    """Have the application describe itself, with the models that handlers read and write by themselves."""

    def schema() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app, models, root_path)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]


def _build(app: FastAPI, models: Mapping[str, type[BaseModel]], root_path: str) -> dict[str, Any]:
    tree = get_openapi(title="Inferloop synthetic", version=__version__, description=ABOUT, routes=app.routes, tags=TAGS)
    if root_path:
        tree["servers"] = [{"url": root_path}]
    _, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=REFERENCE, by_alias=True
    )  # fmt: skip
    schemas = tree.setdefault("components", {}).setdefault("schemas", {})
    schemas |= definitions["$defs"]
    for name, model in models.items():
        schemas.setdefault(name, {"$ref": REFERENCE.format(model=model.__name__)})
    tree["components"]["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    }
    for path, operations in tree["paths"].items():
        for operation in operations.values():
            # The framework describes its own form of a refused parameter, which nobody gets here.
            operation["responses"].get("422", {}).get("content", {}).pop(JSON, None)
            if path not in {"/health", "/ready", "/metrics"}:
                operation["security"] = [{"key": []}, {"token": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template=REFERENCE)
    schemas |= schemas["Problem"].pop("$defs", {})
    return tree
