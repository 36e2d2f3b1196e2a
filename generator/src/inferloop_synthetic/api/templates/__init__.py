"""Schemas to begin with, each a YAML file beside this one that `generate` takes too."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from inferloop_synthetic.api.problems import ApiError
from inferloop_synthetic.schema import TableSchema, parse_schema


@cache
def template_texts() -> dict[str, str]:
    """Return the YAML of each template by its name."""
    found = [entry for entry in files(__package__).iterdir() if entry.name.endswith(".yaml")]
    return {entry.name.removesuffix(".yaml"): entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)}


@cache
def _parsed(name: str) -> TableSchema:
    return parse_schema(template_texts()[name], f"template {name}")


def template_title(name: str) -> str:
    """Return a template's first line, which says what it is for."""
    return template_texts()[name].splitlines()[0].lstrip("# ")


def template_schema(name: str) -> TableSchema:
    """Return the schema of a template; raises ApiError naming those that there are."""
    if name not in template_texts():
        known = ", ".join(template_texts())
        raise ApiError(404, "no-such-template", f"There is no template {name[:100]!r}.", f"There are {known}.")
    return _parsed(name)
