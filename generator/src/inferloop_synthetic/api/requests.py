"""What callers may ask for, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, WithJsonSchema

from inferloop_synthetic.api.policies import policy_tree
from inferloop_synthetic.api.problems import FieldProblem, field_problems, invalid
from inferloop_synthetic.engine import find_engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.external.requested import GENERATOR_TYPES, REPLACED, engine_for
from inferloop_synthetic.pipeline.spec import DEFAULT_ENGINE, Format, GenerationSpec
from inferloop_synthetic.schema import ColumnSchema, TableSchema, column_from_short
from inferloop_synthetic.settings import Settings

SHORT_SCHEMA = {
    "type": "object", "minProperties": 1, "additionalProperties": {"type": "string"},
    "description": "The short form: column names and kinds, such as integer[1:1000], float[0:1], category[a,b], date, email.",
    "examples": [{"id": "integer[1:1000]", "name": "string", "score": "float[0:1]"}],
}  # fmt: skip
SCALAR = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
CONDITION = {
    "anyOf": [
        *SCALAR["anyOf"],
        {"type": "array", "items": SCALAR, "minItems": 1, "maxItems": 10_000},
        {"type": "object", "additionalProperties": False,
         "properties": {"values": {"type": "array", "items": SCALAR}, "low": SCALAR, "high": SCALAR}},
    ]
}  # fmt: skip
TABLE = {
    "description": "Rows: a list of objects of columns and values, or a text in CSV with a header.",
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "object", "minProperties": 1}},
    ],
}
Rows = Annotated[Any, WithJsonSchema(TABLE)]
Schema = Annotated[
    Any,
    WithJsonSchema(
        {"anyOf": [{"$ref": "#/components/schemas/TableSchema"}, SHORT_SCHEMA], "description": "What the columns hold."}
    ),
]
Conditions = Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": CONDITION})]
PolicyTree = Annotated[
    Any,
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "object"}], "description": "`default`, or a policy as in a policy file."}
    ),
]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GenerateRequest(_Asked):
    """A generation: what is learned from (or a schema alone), how many rows are drawn, and how they come back."""

    table_schema: Schema = Field(None, alias="schema")
    template: str | None = Field(None, description="A schema of GET /templates instead of one's own.")
    data: Rows = Field(None)
    source: str | None = Field(None, min_length=1, max_length=4096, description="URL of a table that this service may read.")
    table: str | None = Field(None, min_length=1, max_length=512, description="With a database as source: its table.")
    rows: int | None = Field(
        None, ge=0, description="Rows to draw: as many as the table has, or 1,000 from a schema, by default."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Same seed, same rows.")
    engine: str | None = Field(None, min_length=1, max_length=100, description="One of GET /generators; `tabular` by default.")
    generator_type: str | None = Field(
        None, max_length=100, description="The name of earlier services for an engine.", examples=[*GENERATOR_TYPES, *REPLACED]
    )
    model_type: str | None = Field(None, max_length=100, description="With `generator_type`: which of its models.")
    engine_options: dict[str, JsonValue] = Field(
        {}, max_length=100, description="The engine's hyper-parameters, as GET /generators/{name} lists them.",
        examples=[{"epochs": 50}],
    )  # fmt: skip
    where: Conditions = Field(None, description="What all rows hold: a value, a list of values, or `low` and `high`, by column.")
    format: Format | None = Field(None, description="How the result is kept, and answered where Accept names nothing.")
    part_rows: int | None = Field(None, ge=1, le=100_000_000, description="Rows of a part of the result.")
    check: bool = Field(False, alias="validate", description="Compare with real rows held out, and judge by the policy.")
    policy: PolicyTree = Field(None)
    holdout: float = Field(0.2, ge=0.05, le=0.5, description="With `validate`: the share of real rows that is not learned from.")
    wait: bool = Field(False, description="Answer with the rows themselves where the request is small; as `Prefer: wait` does.")
    timeout: float | None = Field(None, gt=0, le=7 * 86_400, description="Seconds that it may take.")


class TableRequest(_Asked):
    """A table in a request."""

    data: Rows = Field(None)
    source: str | None = Field(None, min_length=1, max_length=4096)


class ValidateRequest(_Asked):
    """A synthetic table to be compared with the real one."""

    real: TableRequest | None = None
    synthetic: TableRequest | None = None
    holdout: TableRequest | None = Field(None, description="Real rows that were not learned from; privacy attacks need them.")
    table_schema: Schema = Field(None, alias="schema")
    target: str | None = Field(None, min_length=1, max_length=500, description="Column that the downstream task predicts.")
    policy: PolicyTree = Field(None)
    seed: int = Field(0, ge=0, lt=2**63)
    timeout: float | None = Field(None, gt=0, le=7 * 86_400)


M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], tree: Mapping[str, Any]) -> M:
    """Return a request; raises ApiError naming every field that is wrong. Numbers in texts are no numbers here."""
    try:
        return model.model_validate_json(orjson.dumps(tree), strict=True)
    except ValidationError as error:
        raise invalid(field_problems(error.errors(include_input=False, include_url=False))) from None


def table_schema(tree: object, settings: Settings) -> TableSchema:
    """Return the schema that stands in a request, in the short or the full form."""
    if not isinstance(tree, dict) or not tree:
        raise invalid([FieldProblem(field="schema", message="must be an object of columns")])
    columns = tree["columns"] if "columns" in tree and not isinstance(tree["columns"], str) else tree
    count = len(columns) if isinstance(columns, (list, dict)) else 0
    if count > settings.max_columns:
        message = f"has {count:,} columns; at most {settings.max_columns:,} are taken"
        raise invalid([FieldProblem(field="schema", message=message)])
    if columns is tree:
        return TableSchema(columns=[_short(name, value) for name, value in tree.items()])
    try:
        return TableSchema.model_validate_json(orjson.dumps(tree), strict=True)
    except ValidationError as error:
        raise invalid(field_problems(error.errors(include_input=False, include_url=False), ("schema",))) from None


def _short(name: str, value: object) -> ColumnSchema:
    field = f"schema.{name[:100]}"
    if not isinstance(value, str) or not name.strip():
        message = "the short form is a name and a text such as integer[1:1000]"
        raise invalid([FieldProblem(field=field, message=message)])
    try:
        return column_from_short(name, value[:100_000])
    except InputError as error:
        raise invalid([FieldProblem(field=field, message=str(error))]) from None


def engine_of(request: GenerateRequest, engines: Mapping[str, object]) -> str:
    """Return the engine that a request means; raises ApiError where it is not offered here, naming those that are."""
    if request.engine is not None and request.generator_type is not None:
        raise invalid([FieldProblem(field="generator_type", message="give `engine` or `generator_type`, not both")])
    name = request.engine or DEFAULT_ENGINE
    try:
        if request.generator_type is not None:
            name = engine_for(request.generator_type, request.model_type)
    except InputError as error:
        hint = "GET /generators lists the engines; leave `generator_type` out for the default one."
        raise invalid([FieldProblem(field="generator_type", message=str(error))], hint) from None
    if name not in engines:
        message = f"there is no engine {name!r} here; there are {', '.join(engines) or 'none'}"
        hint = "GET /generators lists the engines there are, and what the others need."
        raise invalid([FieldProblem(field="engine", message=message)], hint)
    return name


def _options(engine: str, given: dict[str, Any]) -> dict[str, Any]:
    try:
        if given:
            find_engine(engine, given)
    except InputError as error:
        hint = f"GET /generators/{engine} lists its hyper-parameters with their ranges."
        raise invalid([FieldProblem(field="engine_options", message=str(error))], hint) from None
    return given


def _refuse_engine_without_data(request: GenerateRequest, engine: str) -> None:
    """Raise ApiError where a request without data names an engine, which would have nothing to learn, or its options."""
    field = "engine" if request.generator_type is None else "generator_type"
    problems = []
    if engine != DEFAULT_ENGINE:
        problems.append(FieldProblem(field=field, message=f"{engine} learns from data, and a schema alone has none"))
    if request.engine_options:
        problems.append(FieldProblem(field="engine_options", message="are for learning from data, and a schema alone has none"))
    if problems:
        raise invalid(problems, f"Leave them out: rows are drawn from a schema by {DEFAULT_ENGINE}. Or send `data` or `source`.")


def spec_of(
    request: GenerateRequest, settings: Settings, *, engine: str, schema: TableSchema | None, source: str | None
) -> GenerationSpec:
    """Return the specification that a request means; raises ApiError."""
    if source is None:
        _refuse_engine_without_data(request, engine)
    policy = policy_tree(request.policy) if request.check else None
    tree: dict[str, Any] = {
        "policy": policy, "source": source, "table": request.table, "rows": request.rows, "seed": request.seed, "engine": engine,
        "engine_options": _options(engine, request.engine_options),
        "where": request.where or {}, "format": request.format or "parquet",
        "timeout": request.timeout,
        "part_rows": request.part_rows or settings.part_rows,
        "validate": request.check, "holdout": request.holdout,
        "guard_spreadsheets": settings.enable_input_sanitization,
    }  # fmt: skip
    try:
        spec = GenerationSpec.model_validate({name: value for name, value in tree.items() if value is not None} | (
            {"schema": schema} if schema is not None else {}
        ))  # fmt: skip
    except ValidationError as error:
        raise invalid(field_problems(error.errors(include_input=False, include_url=False))) from None
    rows = spec.rows
    if rows is not None and rows > settings.max_records_per_generation:
        message = f"{rows:,} rows; at most {settings.max_records_per_generation:,} are made at a time"
        raise invalid([FieldProblem(field="rows", message=message)], "Ask for fewer rows, or several times with different seeds.")
    if request.policy is not None and not request.check:
        raise invalid([FieldProblem(field="policy", message="needs `validate`: a policy judges what validation finds")])
    return spec
