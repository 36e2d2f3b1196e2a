"""Small YAML and JSON documents that people write, checked against a closed model; errors name line and field."""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from inferloop_synthetic.errors import InputError

LONGEST = 1_000_000
DEEPEST = 50
FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where it is there."""
Place = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """The values of a document, and the line on which each of them (or its name) stands."""

    source: str
    values: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest one around it that is written."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, message: str) -> InputError:
        """Return an error at a place."""
        return InputError(f"{self.source}:{self.line(place)}: {dotted(place)}{message}")


def read_document(path: Path) -> Document:
    """Read a YAML or JSON file."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start + 1} is not UTF-8") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_document(text, str(path))


def parse_document(text: str, source: str, longest: int = LONGEST) -> Document:
    """Read YAML or JSON.

    Raises:
        InputError: the text is neither, has more than `longest` characters, is nested too deeply (libyaml's loader would exhaust
            the stack), has aliases (a few lines can stand for billions of values), or gives a name twice in one mapping.
    """
    if len(text) > longest:
        raise InputError(f"{source}: {len(text):,} characters are too long; at most {longest:,} are read")
    flow = text.lstrip()[:1] in {"{", "["}
    if flow:
        # Raw tabs stand only between JSON's tokens, where YAML wants spaces.
        text = text.replace("\t", " ")
    try:
        _refuse_traps(yaml.parse(text, Loader=FAST), source)
        node = yaml.compose(text, Loader=FAST)
        if node is None:
            raise InputError(f"{source}: the document is empty")
        lines = dict(_lines(node, (), source))
        return Document(source, _values(text, flow=flow), lines)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        line = at.line + 1 if at is not None else 1
        raise InputError(f"{source}:{line}: not readable as YAML or JSON: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{source}: not readable as YAML or JSON: {str(error).splitlines()[0]}") from error


def _values(text: str, *, flow: bool) -> Any:
    """Return the values; of JSON as JSON's reader gives them, since 1e5 is a text and \\ud83d half a sign to YAML's."""
    if flow:
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(text)
    return yaml.load(text, Loader=FAST)  # noqa: S506  (a safe loader)


def _refuse_traps(events: Iterable[yaml.Event], source: str) -> None:
    depth = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise InputError(f"{source}:{line}: the alias *{event.anchor} is not read; write the value itself")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(f"{source}:{line}: nested too deeply; at most {DEEPEST} levels are read")


def _lines(node: yaml.Node, place: Place, source: str) -> Iterator[tuple[Place, int]]:
    if not place:
        yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InputError(f"{source}:{key.start_mark.line + 1}: a name must be a word")
            at = key.start_mark.line + 1
            if key.value in seen:
                raise InputError(f"{source}:{at}: {dotted((*place, key.value))}is given twice, first on line {seen[key.value]}")
            seen[key.value] = at
            yield (*place, key.value), at
            yield from _lines(value, (*place, key.value), source)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, number), value.start_mark.line + 1
            yield from _lines(value, (*place, number), source)


def dotted(place: Place) -> str:
    """Return a place as it is written in messages: `fairness.protected[0]: `, or nothing for the whole document."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""


def checked(document: Document, model: type[M]) -> M:
    """Return the document as a model; raises InputError with one line per problem, each with its line and field."""
    if not isinstance(document.values, dict):
        raise InputError(f"{document.source}:1: the document must be a mapping of names to values")
    try:
        return model.model_validate(document.values)
    except ValidationError as error:
        problems = {_problem(document, model, found) for found in error.errors()}
        raise InputError("\n".join(text for _, text in sorted(problems)[:20])) from error


def _problem(document: Document, model: type[BaseModel], found: Any) -> tuple[int, str]:
    place: Place = tuple(found["loc"])
    while place and place not in document.lines and found["type"] != "missing":
        # Pydantic adds the names of the alternatives that it tried.
        place = place[:-1]
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(place[-1]), _known(model, place[:-1]), 1)
        message = "is not known" + (
            f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(_known(model, place[:-1]))}"
        )
    elif found["type"] == "missing":
        message = "is missing"
    elif "input" in found and not isinstance(found["input"], (dict, list)) and found["type"] != "value_error":
        message = f"{message[0].lower()}{message[1:]}, not {found['input']!r}"
    line = document.line(place)
    return line, f"{document.source}:{line}: {dotted(place)}{message}"


def _known(model: type[BaseModel], place: Place) -> list[str]:
    """Return the names of the fields of the model that stands at a place."""
    current: Any = model
    for part in place:
        field = current.model_fields.get(part) if isinstance(part, str) else None
        if field is None:
            field = next((f for f in current.model_fields.values() if f.alias == part), None)
        if field is None:
            return []
        models = [t for t in (field.annotation, *getattr(field.annotation, "__args__", ())) if hasattr(t, "model_fields")]
        if not models:
            return []
        current = models[0]
    return [field.alias or name for name, field in current.model_fields.items()]
