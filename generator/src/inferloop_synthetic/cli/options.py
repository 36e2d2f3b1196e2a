"""Reading what stands on the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import typer
import yaml

from inferloop_synthetic.config import read_config
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.reading import FORMATS
from inferloop_synthetic.errors import InputError

SCHEMA_SUFFIXES = {".yaml", ".yml", ".json"}
_WHERE = re.compile(r"^\s*(.+?)\s*(>=|<=|=)\s*(.*?)\s*$")


def is_schema(source: str) -> bool:
    """Say whether a file holds a schema and not data, by its extension."""
    return Location.parse(source).is_local and Path(source).suffix.lower() in SCHEMA_SUFFIXES


def is_model(source: str) -> bool:
    """Say whether a file is a model that was saved: no table by its extension, and an archive by its first bytes."""
    path = Path(source)
    if not Location.parse(source).is_local or path.suffix.lower() in FORMATS or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def options_from_file(context: typer.Context, path: Path | None) -> Path | None:
    """Take what a configuration file gives for what stands not on the command line."""
    if path is not None:
        context.default_map = read_config(path).as_options()
    return path


def engine_options(pairs: Sequence[str]) -> dict[str, object]:
    """Return what texts such as `epochs=50` or `generator_dim=[64, 64]` set, by name."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise InputError(f"--engine-option {pair!r}: write name=value")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(f"--engine-option {pair!r}: {value!r} is no value: {str(error).splitlines()[0]}") from error
    return found


def refuse_given(context: typer.Context, names: Collection[str], why: str) -> None:
    """Raise InputError where one of these parameters was given, which would do nothing."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name in {"COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP"}:
            raise InputError(f"{parameter.opts[0]} {why}")


def parse_where(texts: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the conditions that texts such as `age>=40`, `age<=60`, `city=Paris|Rome` stand for, by column."""
    found: dict[str, dict[str, object]] = {}
    for text in texts:
        match = _WHERE.match(text)
        if not match:
            raise InputError(f"--where {text!r}: write column=value, column=value|value, column>=value or column<=value")
        name, sign, value = match.groups()
        if sign == "=" and "" in value.split("|"):
            raise InputError(f"--where {text!r}: a value is missing; rows whose {name} is missing cannot be asked for")
        if sign == "=":
            found[name] = {"values": value.split("|")}
        else:
            bounds = {key: bound for key, bound in found.get(name, {}).items() if key != "values"}
            found[name] = bounds | {"low" if sign == ">=" else "high": value}
    return found
