"""What a generation is asked to do: one closed object that the command line, the API and the queue carry alike."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.engine import Condition
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema

Format = Literal["csv", "jsonl", "parquet", "arrow"]
Scalar = str | int | float | bool
MOST_ROWS = 10**12
MOST_PART_ROWS = 100_000_000
DEFAULT_ENGINE = "tabular"
SCHEMA_ROWS = 1_000
"""Rows that are drawn from a schema or a model when none are asked for."""


class Wanted(BaseModel):
    """What rows must hold in one column: one of `values`, or a number, date or time from `low` to `high`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: tuple[Scalar, ...] = Field((), max_length=10_000)
    low: Scalar | None = None
    high: Scalar | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        """Take `"Rome"` and `["Rome", "Paris"]` for values."""
        if isinstance(given, (list, tuple)):
            return {"values": given}
        return {"values": [given]} if isinstance(given, (str, int, float, bool)) else given

    @model_validator(mode="after")
    def _says_something(self) -> Wanted:
        bounded = self.low is not None or self.high is not None
        if bounded == bool(self.values):
            raise ValueError("give either `values` or a range of `low` and `high`")
        return self

    def condition(self) -> Condition:
        """Return it as engines take it."""
        return Condition(self.values, self.low, self.high)


class GenerationSpec(BaseModel):
    """A generation: where rows are learned from, how many are drawn, and how they are written."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    source: str | None = Field(None, max_length=4096, repr=False, description="Path or URL of the table to learn from.")
    table: str | None = Field(None, max_length=512, description="SQL sources: the table (or schema.table) to read.")
    query: str | None = Field(None, max_length=100_000, description="SQL sources: the query to read, instead of `table`.")
    table_schema: TableSchema | None = Field(
        None, alias="schema", description="The columns, instead of those detected; without source and model, all there is."
    )
    model: str | None = Field(None, max_length=4096, description="Path of a model that was saved, instead of a source.")
    engine: str = Field(DEFAULT_ENGINE, min_length=1, max_length=100)
    engine_options: dict[str, JsonValue] = Field({}, max_length=100, description="What the engine alone understands.")
    rows: int | None = Field(None, ge=0, le=MOST_ROWS, description="Rows to draw; as many as the source has by default.")
    seed: int = Field(0, ge=0, lt=2**63)
    where: dict[Annotated[str, Field(min_length=1)], Wanted] = Field({}, max_length=100, description="Conditions by column.")
    format: Format = "parquet"
    part_rows: int = Field(1_000_000, ge=1, le=MOST_PART_ROWS, description="Rows of a part.")
    fit_rows: int = Field(1_000_000, ge=2, le=100_000_000, description="At most so many rows are learned from, drawn evenly.")
    check: bool = Field(False, alias="validate", description="Compare what is drawn with rows held out, and write the result.")
    policy: dict[str, JsonValue] | None = Field(None, description="With `validate`: what must be reached before release.")
    holdout: float = Field(0.2, ge=0.05, le=0.5, description="With `validate`: the share of rows that is not learned from.")
    timeout: float | None = Field(None, gt=0, le=604_800, description="Seconds after which a worker gives the job up.")
    guard_spreadsheets: bool = Field(False, description="CSV: defuse texts that a spreadsheet would run as formulas.")

    @field_validator("source", "model")
    @classmethod
    def _no_control_letters(cls, place: str | None) -> str | None:
        if place is not None and (not place.strip() or any(ord(letter) < 32 for letter in place)):
            raise ValueError("empty, or holds control characters")
        return place

    @model_validator(mode="after")
    def _consistent(self) -> GenerationSpec:
        if self.source is None and self.table_schema is None and self.model is None:
            raise ValueError("give a `source` to learn from, a `schema`, or a `model`")
        if self.model is not None and (self.source is not None or self.table_schema is not None):
            raise ValueError("`model` was learned already; it goes with neither `source` nor `schema`")
        if self.source is None and self.model is None and (self.engine != DEFAULT_ENGINE or self.engine_options):
            raise ValueError(
                "`engine` and `engine_options` are for learning from a `source`, and there is none: from a `schema` alone "
                f"{DEFAULT_ENGINE!r} draws, without options"
            )
        if self.model is not None and self.engine_options:
            raise ValueError("`engine_options` are for learning, and `model` was learned already")
        if self.source is None and self.check:
            raise ValueError("`validate` compares with a `source`, and there is none")
        if self.policy is not None and not self.check:
            raise ValueError("`policy` judges what `validate` finds; ask for that too")
        if self.table is not None and self.query is not None:
            raise ValueError("give `table` or `query`, not both")
        sql = self.source is not None and Location.parse(self.source).is_sql
        if (self.table is not None or self.query is not None) and not sql:
            raise ValueError("`table` and `query` go with a database as source")
        return self

    def conditions(self) -> dict[str, Condition]:
        """Return the conditions as engines take them."""
        return {name: wanted.condition() for name, wanted in self.where.items()}

    def as_json(self) -> dict[str, Any]:
        """Return what `read_spec` reads again; credentials in the source included, so it is for the queue and not for eyes."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def shown(self) -> dict[str, Any]:
        """Return it as JSON to show: credentials in the source are hidden."""
        tree = self.as_json()
        if self.source is not None:
            tree["source"] = Location.parse(self.source).shown
        return tree


def read_spec(tree: object) -> GenerationSpec:
    """Read a specification; raises InputError naming the fields that are wrong."""
    try:
        return GenerationSpec.model_validate(tree)
    except (ValidationError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise InputError("generation: nested too deeply") from error
        lines = [
            f"{'.'.join(map(str, problem['loc'])) or 'generation'}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)[:10]
        ]
        raise InputError("\n".join(lines)) from error
