"""The file that `generate --config` reads: the command's options by name, closed, with errors that name line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from inferloop_synthetic.documents import checked, parse_document, read_document

_NAMES = {"schema_file": "schema", "engine_options": "engine_option"}
"""Fields whose name is not that of the command's parameter."""


class GenerationConfig(BaseModel):
    """What to generate, as on the command line; what is left out is as if the option were not given.

    `source` and `output` may stand on the command line alone.

    Paths are relative to the folder where the command runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: str | None = Field(None, min_length=1, description="A table, a schema (.yaml, .json) or a model that was saved.")
    output: str | None = Field(None, min_length=1, description="Where to write; the extension says the format.")
    rows: int | None = Field(None, ge=0, description="Rows to draw; as many as the real table has where left out.")
    seed: int = Field(0, ge=0, description="Same seed, same rows.")
    engine: str = Field("tabular", min_length=1, description="One of those that `info` lists.")
    engine_options: dict[str, Any] = Field({}, description="What the engine alone understands, such as epochs: 50.")
    schema_file: str | None = Field(None, alias="schema", description="Schema to use instead of the one detected.")
    table: str | None = Field(None, description="Databases: the table to read.")
    query: str | None = Field(None, description="Databases: the SELECT to read, instead of a table.")
    fit_rows: int | None = Field(None, ge=2, description="Learn from at most so many rows, drawn evenly.")
    where: tuple[str, ...] = Field((), description="Conditions such as age>=40 or city=Rome|Paris.")
    report: str | None = Field(None, description="Write a report on quality and privacy here (.html, and .json beside).")
    holdout: float | None = Field(None, ge=0.05, le=0.5, description="With a report: share of rows not learned from.")
    policy: str | None = Field(None, description="With a report: file that decides on release, or default.")
    save_model: str | None = Field(None, description="Write the fitted model here.")
    part_rows: int | None = Field(None, ge=1, description="Write a folder of parts of so many rows, with a manifest.")
    executor: str | None = Field(None, description="Who makes the parts, such as processes:workers=4.")
    replace: bool = Field(default=False, description="Parts: remove another generation's results that are there.")
    guard_spreadsheets: bool = Field(default=False, description="CSV: defuse texts that a spreadsheet would run.")
    threads: int | None = Field(None, ge=1, le=64, description="Threads to draw with; the rows are the same.")

    @model_validator(mode="after")
    def _consistent(self) -> GenerationConfig:
        if self.policy is not None and self.report is None:
            raise ValueError("`policy` judges what `report` finds; give that too")
        if self.table is not None and self.query is not None:
            raise ValueError("`table` and `query` exclude each other")
        return self

    def given(self) -> dict[str, Any]:
        """Return what was given, by the name that the file has for it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)

    def as_options(self) -> dict[str, Any]:
        """Return what was given, by the name of the command's parameter."""
        found = {_NAMES.get(name, name): value for name, value in self.model_dump(exclude_unset=True, exclude_none=True).items()}
        if "engine_option" in found:
            found["engine_option"] = [f"{name}={json.dumps(value)}" for name, value in self.engine_options.items()]
        if "where" in found:
            found["where"] = list(self.where)
        return found


def read_config(path: Path) -> GenerationConfig:
    """Read a YAML or JSON file; raises InputError with one line per problem, each with its line and field."""
    return checked(read_document(path), GenerationConfig)


def parse_config(text: str, source: str) -> GenerationConfig:
    """Read a configuration from text."""
    return checked(parse_document(text, source), GenerationConfig)


def config_text(config: GenerationConfig, form: str) -> str:
    """Return the file of a configuration: JSON, or YAML in which every field is explained and what is not given stands ready."""
    given = config.given()
    if form == "json":
        return json.dumps(given, indent=2, ensure_ascii=False) + "\n"
    lines = ["# Give this file to: inferloop-synthetic generate --config THIS-FILE", "# Options on the command line win.", ""]
    for name, field in GenerationConfig.model_fields.items():
        shown = field.alias or name
        lines.append(f"# {field.description}")
        if shown in given:
            lines.append(_yaml({shown: given[shown]}))
        else:
            lines.append(f"#{shown}:" + ("" if field.default in (None, (), {}) else f" {json.dumps(field.default)}"))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _yaml(tree: dict[str, Any]) -> str:
    return str(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=1000)).rstrip()
