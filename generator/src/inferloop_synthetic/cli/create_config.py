"""`create-config`: a configuration file for `generate --config`, by asking or from a template."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import yaml

from inferloop_synthetic.cli.options import is_model, is_schema, parse_where
from inferloop_synthetic.config import GenerationConfig, config_text
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.reading import format_of, read_table
from inferloop_synthetic.data.writing import whole_or_nothing
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError, SyntheticError
from inferloop_synthetic.policy import default_policy_text


class Template(StrEnum):
    """What a configuration is for."""

    table = "table"
    release = "release"
    large = "large"
    schema = "schema"
    policy = "policy"


class Form(StrEnum):
    """How the file is written."""

    yaml = "yaml"
    json = "json"


T = TypeVar("T")
_TEMPLATES: dict[Template, dict[str, Any]] = {
    Template.table: {"source": "data.csv", "output": "synthetic.csv", "seed": 7, "report": "report.html"},
    Template.release: {
        "source": "data.csv", "output": "synthetic.parquet", "seed": 7, "report": "report.html", "policy": "default",
    },
    Template.large: {
        "source": "data.parquet", "output": "synthetic.parquet", "rows": 50_000_000, "seed": 7, "part_rows": 1_000_000,
        "executor": "processes:workers=2",
    },
    Template.schema: {"source": "schema.yaml", "output": "synthetic.jsonl", "rows": 10_000, "seed": 7},
}  # fmt: skip


def create_config(
    output: Annotated[
        Path | None, typer.Argument(help="The file to write (.yaml or .json); shown instead when left out.")
    ] = None,
    template: Annotated[
        Template | None, typer.Option(help="Write this instead of asking; `policy` writes a policy file.")
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="By the file's extension when left out, else yaml.")] = None,
    replace: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
) -> None:
    """Write a configuration for `generate --config`, asking for what it needs, or from a template.

    Example: inferloop-synthetic create-config generate.yaml
    """
    if output is not None and output.exists() and not replace:
        raise InputError(f"{output}: exists already; --replace writes over it")
    form = form or _form(output)
    if template is None and not sys.stdin.isatty():
        raise InputError(f"there is no terminal to ask at; choose --template {', '.join(Template)}")
    if template is Template.policy:
        text = _policy(form)
    else:
        text = config_text(GenerationConfig(**_TEMPLATES[template]) if template else ask(), form)
    if output is None:
        typer.echo(text, nl=False)
        return
    with whole_or_nothing(output) as file:
        file.write_text(text, "utf-8")
    command = "validate --policy" if template is Template.policy else "generate --config"
    typer.echo(f"{output}: written; use it with: inferloop-synthetic {command} {output}")


def _form(output: Path | None) -> Form:
    if output is None or output.suffix.lower() in {".yaml", ".yml"}:
        return Form.yaml
    if output.suffix.lower() == ".json":
        return Form.json
    raise InputError(f"{output}: let the name end in .yaml or .json, or choose --format")


def _policy(form: Form) -> str:
    text = default_policy_text()
    return text if form is Form.yaml else json.dumps(yaml.safe_load(text), indent=2) + "\n"


def ask() -> GenerationConfig:
    """Ask for a configuration; an answer that cannot be right is asked again."""
    given: dict[str, Any] = {"source": _asked("Real table, schema or saved model", _known_source, "data.csv")}
    source = given["source"]
    learns = not is_schema(source) and not is_model(source)
    stem = Path(Location.parse(source).name).name.partition(".")[0] or "data"
    given["output"] = _asked("Write to", _known_output, f"{stem}-synthetic.parquet")
    rows = _asked("Rows (empty: as many as the real table)" if learns else "Rows", _whole, "" if learns else "1000")
    if rows is not None:
        given["rows"] = rows
    given["seed"] = _asked("Seed", _whole, "0") or 0
    where = _asked("Conditions, such as age>=40, city=Rome|Paris (empty: none)", _conditions, "")
    if where:
        given["where"] = where
    if learns and typer.confirm("Report on quality and privacy?", default=True, err=True):
        given["report"] = f"{stem}-report.html"
        if typer.confirm("Refuse results that the default policy refuses?", default=True, err=True):
            given["policy"] = "default"
    return GenerationConfig(**given)


def _asked(question: str, understood: Callable[[str], T], default: str) -> T:
    while True:
        answer = str(typer.prompt(question, default=default, err=True)).strip()
        try:
            return understood(answer)
        except SyntheticError as error:
            typer.echo(f"  {error}", err=True)


def _known_source(answer: str) -> str:
    """Look at the source, and tell what is there."""
    if not answer:
        raise InputError("a source is needed")
    if not Location.parse(answer).is_local or is_schema(answer) or is_model(answer):
        return answer
    table = read_table(Path(answer))
    columns = detect_schema(table).columns
    typer.echo(f"  {table.num_rows:,} rows: " + ", ".join(f"{c.name} ({c.kind})" for c in columns[:12]), err=True)
    return answer


def _known_output(answer: str) -> str:
    format_of(Path(Location.parse(answer).name))
    return answer


def _whole(answer: str) -> int | None:
    if not answer:
        return None
    try:
        number = int(answer.replace(",", "").replace("_", ""))
    except ValueError as error:
        raise InputError(f"{answer!r} is not a whole number") from error
    if number < 0:
        raise InputError("it must not be negative")
    return number


def _conditions(answer: str) -> list[str]:
    texts = [part.strip() for part in answer.split(",") if part.strip()]
    parse_where(texts)
    return texts
