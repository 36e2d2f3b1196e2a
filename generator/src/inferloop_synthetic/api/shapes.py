"""The shapes of small answers, for the description of the API."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from inferloop_synthetic.api.views import JobView
from inferloop_synthetic.schema import TableSchema


class JobList(BaseModel):
    """A page of jobs."""

    jobs: list[JobView]
    next: str | None = Field(description="What to give as `before` for the next page; null at the end.")


class Validation(BaseModel):
    """A comparison, and what the policy says to it."""

    released: bool
    summary: str = Field(description="The numbers that matter most, in a few words.")
    verdict: dict[str, Any]
    validation: dict[str, Any]


class Schema(BaseModel):
    """A detected schema."""

    table_schema: TableSchema = Field(alias="schema")
    yaml: str


class Generator(BaseModel):
    """An engine."""

    name: str
    description: str
    extra: str | None = Field(description="Extra of the distribution that learning needs.")
    synchronous: bool = Field(description="Whether small requests are answered with rows.")
    options: dict[str, Any]


class Generators(BaseModel):
    """The engines."""

    service: str
    generators: list[Generator]
    generator_types: dict[str, Any]


class TemplateName(BaseModel):
    """A template."""

    name: str
    description: str


class Templates(BaseModel):
    """The templates."""

    templates: list[TemplateName]


class Template(TemplateName):
    """A template with its schema."""

    table_schema: TableSchema = Field(alias="schema")
    yaml: str


class Pipelines(BaseModel):
    """The ways from a request to a result."""

    pipelines: list[dict[str, Any]]
    executors: list[str]
    executor: str


class Config(BaseModel):
    """Limits and features."""

    version: str
    service: str
    data: str
    limits: dict[str, float]
    features: dict[str, bool]
    settings: list[dict[str, str]] | None = None


class Health(BaseModel):
    """The process is alive."""

    status: str
    service: str
    version: str


class Ready(BaseModel):
    """What is there and what is missing."""

    status: str
    checks: dict[str, str]
    warnings: list[str]


class Status(BaseModel):
    """How it goes."""

    service: str
    version: str
    up_seconds: float
    process: int
    jobs: dict[str, int]
    queue: dict[str, Any]
    memory_bytes: int | None
    memory_limit_bytes: int | None
    engines: list[str]
    synchronous_now: int


MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        JobList,
        Validation,
        Schema,
        Generator,
        Generators,
        Templates,
        Template,
        Pipelines,
        Config,
        Health,
        Ready,
        Status,
    )
}
