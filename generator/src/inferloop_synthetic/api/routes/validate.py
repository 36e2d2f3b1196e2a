"""POST /validate: how good and how private a synthetic table is, and whether a policy lets it go."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from inferloop_synthetic.api import answers, examples
from inferloop_synthetic.api.bodies import Body, reading
from inferloop_synthetic.api.generation import Upload, upload_of
from inferloop_synthetic.api.openapi import documented
from inferloop_synthetic.api.policies import policy_text
from inferloop_synthetic.api.problems import FieldProblem, invalid, problem
from inferloop_synthetic.api.requests import TableRequest, ValidateRequest, parse, table_schema
from inferloop_synthetic.api.services import Services
from inferloop_synthetic.api.state import gate_of, services_of
from inferloop_synthetic.api.work import Compared, Origin, compare, detect
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.schema import parse_schema, schema_yaml
from inferloop_synthetic.security.dependencies import requires
from inferloop_synthetic.security.principal import Principal, Scope

router = APIRouter(tags=["validation"])
Validator = Annotated[Principal, Depends(requires(Scope.validate))]
TABLES = ("real", "synthetic", "holdout")
ERRORS = (400, 401, 403, 406, 408, 413, 415, 422, 429, 503, 504, 507)


@router.post(
    "/validate",
    summary="Compare a synthetic table with the real one",
    **documented(ValidateRequest, examples.VALIDATE, answers={200: "Validation"}, files=TABLES, errors=ERRORS),
)
async def validate(request: Request, caller: Validator) -> Response:
    """Answer likeness, a classifier test, attacks on privacy (with a `holdout`), bias, and the policy's verdict.

    Where a `policy` is given and does not let the table go, the status is 422 and the problem holds the same numbers. With
    `Accept: text/html` the answer is the report as a page.
    """
    services = services_of(request)
    settings = services.settings
    request.state.waits = True
    async with reading(request, settings, files=frozenset(TABLES)) as body:
        asked = parse(ValidateRequest, {name: value for name, value in body.tree.items() if name not in TABLES})
        origins = {name: await run_in_threadpool(_origin, services, body, name) for name in TABLES}
        for name in ("real", "synthetic"):
            if origins[name] is None:
                raise invalid([FieldProblem(field=name, message="is missing: give a file, `data` or a `source`")])
        schema = None if asked.table_schema is None else schema_yaml(table_schema(asked.table_schema, settings))
        policy = policy_text(asked.policy)
        timeout = asked.timeout or settings.default_timeout
        page = answers.prefers_page(request.headers.get("accept"))

        def work() -> Compared:
            services.memory.check()
            with services.metrics.task():
                return services.isolated.run(
                    compare, origins, schema, policy, asked.target, asked.seed, services.policy, services.limits,
                    settings.enable_input_sanitization, timeout_s=timeout,
                )  # fmt: skip

        found = await gate_of(request).run(work, timeout)
    services.metrics.validated(found.released)
    return _answer(found, page=page, asked=policy is not None)


def _answer(found: Compared, *, page: bool, asked: bool) -> Response:
    withheld = asked and not found.released
    if page:
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        headers = {"Content-Security-Policy": policy, "Vary": "Accept"}
        return Response(found.page, 422 if withheld else 200, headers, "text/html; charset=utf-8")
    tree: dict[str, Any] = {
        "released": not withheld,
        "summary": found.summary,
        "verdict": found.verdict,
        "validation": found.validation,
    }
    if withheld:
        hint = "The verdict lists what the policy requires and what was found."
        detail = "The policy does not let this table go."
        return problem(422, "withheld-by-policy", detail, hint, more=tree)
    return Response(orjson.dumps(tree), 200, {"Vary": "Accept"}, answers.JSON)


def _origin(services: Services, body: Body, name: str) -> Origin | None:
    given = body.tree.get(name)
    if given is not None and not isinstance(given, dict):
        raise invalid([FieldProblem(field=name, message='must be an object such as {"data": [...]}')])
    asked = TableRequest() if given is None else parse(TableRequest, {"source": given.get("source")} | _others(given))
    upload: Upload | None = upload_of(body, name, None if given is None else given.get("data"))
    if upload is not None and asked.source is not None:
        raise invalid([FieldProblem(field=name, message="give a file, `data` or a `source`, and one of them only")])
    if asked.source is not None:
        services.policy.check(Location.parse(asked.source))
        return Origin(None, name, asked.source)
    return None if upload is None else Origin(upload.path, name, None)


def _others(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in {"data", "source"}}


@router.post(
    "/schema",
    summary="Detect what the columns of a table hold",
    **documented(TableRequest, examples.SCHEMA, answers={200: "Schema"}, files=("data",), errors=ERRORS),
)
async def detect_schema(request: Request, caller: Annotated[Principal, Depends(requires(Scope.generate))]) -> Response:
    """Answer the schema of a table, to be looked at, changed and sent with `POST /generate`."""
    services = services_of(request)
    settings = services.settings
    request.state.waits = True
    async with reading(request, settings, files=frozenset({"data"})) as body:
        origin = await run_in_threadpool(_origin, services, _as_table(body), "data")
        if origin is None:
            raise invalid([FieldProblem(field="data", message="is missing: give a file, `data` or a `source`")])

        def work() -> str:
            clean = settings.enable_input_sanitization
            return services.isolated.run(
                detect, origin, services.policy, services.limits, clean, timeout_s=settings.default_timeout
            )

        text = await gate_of(request).run(work, settings.default_timeout)
    tree = parse_schema(text, "detected").model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    return Response(orjson.dumps({"schema": tree, "yaml": text}), 200, media_type=answers.JSON)


def _as_table(body: Body) -> Body:
    return body if not body.tree else Body({"data": body.tree}, body.folder, body.files)
