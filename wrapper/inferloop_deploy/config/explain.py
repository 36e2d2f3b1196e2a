"""What a field means, found in the JSON Schema by its path, and which layers say something about its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inferloop_deploy.config.patterns import ACCEPTED
from inferloop_deploy.config.source import Node, Origin, Path, Plain, Table, find, plain
from inferloop_deploy.errors import UsageError
from inferloop_deploy.names import nearest_name

Schema = Mapping[str, Any]

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


@dataclass(frozen=True)
class Explained:
    """What the schema says of a field; `variant` tells kinds of list items apart, `fields` are what it holds."""

    path: str
    meaning: str
    accepts: str
    default: Plain
    required: bool
    variant: str | None = None
    fields: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it as `--output json` prints it."""
        return {
            "path": self.path,
            "variant": self.variant,
            "meaning": self.meaning,
            "accepts": self.accepts,
            "default": self.default,
            "required": self.required,
            "fields": dict(self.fields),
        }


@dataclass(frozen=True)
class Said:
    """What one layer says about a value."""

    value: Plain
    origin: Origin


def steps_of(path: str) -> tuple[str, ...]:
    """Return the steps of a path: `spec.dependencies[postgres].size`, or with dots alone."""
    return tuple(match[1] if match[1] is not None else match[2] for match in _STEP.finditer(path))


def explain(schema: Schema, path: str) -> list[Explained]:
    """Return what a schema says of a path, once for each kind of list item that has it.

    Raises UsageError with the nearest name where there is no such field.
    """
    places = [_Place(schema, schema, None, False)]
    walked: list[str] = []
    for match in _STEP.finditer(path):
        item, name = match.groups()
        step = item if name is None else name
        following = [below for place in places for below in (place.items() if name is None else place.below(name))]
        if not following:
            raise _unknown(places, walked, step)
        places = following
        walked.append(step)
    explained: list[Explained] = []
    for place in places:
        entry = place.explained(".".join(walked))
        if entry not in explained:
            explained.append(entry)
    if all(replace(entry, variant=None) == replace(explained[0], variant=None) for entry in explained):
        return [replace(explained[0], variant=None)]
    return sorted(explained, key=lambda entry: entry.variant or "")


def _unknown(places: list[_Place], walked: list[str], step: str) -> UsageError:
    known = sorted({name for place in places for name in place.names()})
    near = nearest_name(step, known)
    where = ".".join(walked)
    question = "" if near is None else f"Did you mean {near}? "
    has = f"{where or 'The file'} has {', '.join(known)}." if known else f"{where} has no fields."
    return UsageError(f"There is no field {'.'.join([*walked, step])}.", f"{question}{has}")


@dataclass(frozen=True)
class _Place:
    """A place in a schema: the schema there, the whole one for references, the kind of list item it is in."""

    here: Schema
    whole: Schema
    variant: str | None
    required: bool

    def objects(self) -> Iterator[tuple[Schema, str | None]]:
        """Yield the objects that a value here may be, those of a list included, each with its kind."""
        yield from _objects(self.here, self.whole, self.variant)

    def names(self) -> Iterator[str]:
        for schema, _ in self.objects():
            yield from schema.get("properties", {})

    def below(self, step: str) -> Iterator[_Place]:
        """Yield the places a step leads to; the step may also choose an item of a list or a key of a map."""
        fields = [(found, variant) for found, variant in self.objects() if step in found.get("properties", {})]
        for schema, variant in fields:
            yield _Place(schema["properties"][step], self.whole, variant, step in schema.get("required", []))
        if not fields:
            yield from self.items()

    def items(self) -> Iterator[_Place]:
        """Yield what a list or a map with free keys holds."""
        for schema in _alternatives(self.here, self.whole):
            for inner in (schema.get("items"), schema.get("additionalProperties")):
                if isinstance(inner, Mapping):
                    yield _Place(inner, self.whole, self.variant, False)

    def explained(self, path: str) -> Explained:
        fields = {
            name: value.get("description", "")
            for schema, _ in self.objects()
            for name, value in schema.get("properties", {}).items()
        }
        meaning = self.here.get("description") or next(
            (schema["description"] for schema in _alternatives(self.here, self.whole) if schema.get("description")), ""
        )
        return Explained(
            path, meaning, accepts(self.here, self.whole), self.here.get("default"), self.required, self.variant,
            tuple(fields.items()),
        )  # fmt: skip


def _alternatives(schema: Schema, whole: Schema) -> Iterator[Schema]:
    """Yield what a value may be, with references followed and null left out."""
    if "$ref" in schema:
        yield whole["definitions"][schema["$ref"].rpartition("/")[2]]
    elif "anyOf" in schema or "oneOf" in schema:
        for variant in schema.get("anyOf", schema.get("oneOf", ())):
            yield from _alternatives(variant, whole)
    elif schema.get("type") != "null":
        yield schema


def _objects(schema: Schema, whole: Schema, variant: str | None) -> Iterator[tuple[Schema, str | None]]:
    for alternative in _alternatives(schema, whole):
        if isinstance(alternative.get("items"), Mapping):
            yield from _objects(alternative["items"], whole, variant)
        elif "properties" in alternative:
            kind = alternative["properties"].get("type", {}).get("const")
            yield alternative, kind or variant


def accepts(schema: Schema, whole: Schema) -> str:
    """Return in words what a schema accepts, without null."""
    words = dict.fromkeys(_words(alternative, whole) for alternative in _alternatives(schema, whole))
    if len(words) > 2 and all(word == "a mapping" or word.startswith("a mapping with type") for word in words):
        return "a mapping with type " + ", ".join(word.rpartition(" ")[2] for word in words)
    return ", or ".join(words)


def _words(schema: Schema, whole: Schema) -> str:
    kinds = schema.get("type", "")
    kind = next((each for each in kinds if each != "null"), "") if isinstance(kinds, list) else kinds
    if "enum" in schema:
        return f"one of {', '.join(str(value) for value in schema['enum'] if value is not None)}"
    if "const" in schema:
        return str(schema["const"])
    if "pattern" in schema:
        return ACCEPTED.get(schema["pattern"], "digits in quotes")
    if kind in ("integer", "number"):
        return f"a {'whole ' if kind == 'integer' else ''}number{_range(schema)}"
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        return f"a list of: {accepts(schema['items'], whole)}"
    if kind == "object":
        return _mapping(schema, whole)
    return "text"


def _mapping(schema: Schema, whole: Schema) -> str:
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"a mapping from names to: {accepts(schema['additionalProperties'], whole)}"
    kind = schema.get("properties", {}).get("type", {}).get("const")
    return "a mapping" if kind is None else f"a mapping with type {kind}"


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    least = f"{low:.12g}" if low is not None else f"above {above:.12g}" if above is not None else None
    most = f"{high:.12g}" if high is not None else f"below {below:.12g}" if below is not None else None
    if least is not None and most is not None:
        return f" from {least} to {most}" if low is not None else f" {least} and {most}"
    return "" if least is None and most is None else f" of at least {least}" if most is None else f" of at most {most}"


def said_by(layers: Sequence[Table], path: Path) -> list[Said]:
    """Return what each layer says about a path, the weakest first; a layer that says nothing is left out."""
    found = [find(layer, path) for layer in layers]
    return [Said(_shown(node), node.origin) for node in found if node is not None]


def _shown(node: Node) -> Plain:
    return plain(node)
