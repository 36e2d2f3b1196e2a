"""Reading what stands on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import typer

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


def parse_where(texts: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the conditions that texts such as `age>=40`, `age<=60`, `city=Paris|Rome` stand for, by column."""
    found: dict[str, dict[str, object]] = {}
    for text in texts:
        match = _WHERE.match(text)
        if not match:
            raise InputError(f"--where {text!r}: write column=value, column=value|value, column>=value or column<=value")
        name, sign, value = match.groups()
        if sign == "=":
            found[name] = {"values": value.split("|")}
        else:
            bounds = {key: bound for key, bound in found.get(name, {}).items() if key != "values"}
            found[name] = bounds | {"low" if sign == ">=" else "high": value}
    return found
