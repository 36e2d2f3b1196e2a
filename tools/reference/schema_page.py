"""The reference of a configuration file, from its JSON Schema."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_text import GENERATED, code, paragraphs, prose, table

Schema = dict[str, Any]
VARIANT = " (type: {})"


@dataclass
class Section:
    """One kind of object: where it stands first, where else, and its schema."""

    path: str
    schema: Schema
    also: list[str] = field(default_factory=list)


def alternatives(schema: Schema) -> list[Schema]:
    """Return the forms a value may have, without null."""
    forms = schema.get("anyOf") or schema.get("oneOf") or [schema]
    listed = [{**form, "type": kind} for form in forms for kind in _kinds(form)]
    return [form for form in listed if form.get("type") != "null"]


def _kinds(form: Schema) -> list[str | None]:
    kind = form.get("type")
    return kind if isinstance(kind, list) else [kind]


class Reference:
    """The sections of one schema, in the order in which a reader meets them."""

    def __init__(self, schema: Schema, elsewhere: dict[str, str]) -> None:
        """Walk the schema from its root; `elsewhere` says where some definitions are described already."""
        self.definitions: Schema = schema.get("definitions") or schema.get("$defs", {})
        self.elsewhere = elsewhere
        self.sections: dict[str, Section] = {}
        self._visit("", schema, "root")

    def resolve(self, schema: Schema) -> tuple[str | None, Schema]:
        """Return the name and the body of what a schema refers to."""
        if "allOf" in schema and len(schema["allOf"]) == 1:
            schema = {**schema["allOf"][0], **{key: schema[key] for key in schema if key != "allOf"}}
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            return name, self.definitions[name]
        return None, schema

    def _children(self, path: str, schema: Schema) -> Iterator[tuple[str, str, Schema]]:
        """Yield (path, name of the definition, body) of every object below a value."""
        forms = [self.resolve(form) for form in alternatives(schema)]
        several = sum("properties" in body for _, body in forms) > 1
        for name, body in forms:
            if name in self.elsewhere:
                continue
            if body.get("anyOf") or body.get("oneOf"):
                yield from self._children(path, body)
            elif body.get("type") == "array" and "items" in body:
                yield from self._children(f"{path}[]", body["items"])
            elif "properties" in body:
                yield path + (VARIANT.format(_kind(body)) if several else ""), name or path, body
            elif values := _values(body):
                yield from self._children(f"{path}.NAME", values)

    def _visit(self, path: str, schema: Schema, name: str) -> None:
        if name in self.sections:
            if path not in self.sections[name].also:
                self.sections[name].also.append(path)
            return
        self.sections[name] = Section(path, schema)
        for key, value in schema.get("properties", {}).items():
            for child_path, child_name, body in self._children(f"{path}.{key}".lstrip("."), value):
                self._visit(child_path, body, child_name)

    def anchor(self, name: str) -> str:
        """Return the anchor of a section."""
        path = self.sections[name].path or "top-level"
        return re.sub(r"[^a-z0-9_-]+", "-", path.lower().replace("[]", "")).strip("-")

    def type_text(self, schema: Schema) -> str:
        """Return the type of a value in words, objects as links to their sections."""
        texts: list[str] = []
        for form in alternatives(schema):
            name, body = self.resolve(form)
            texts.append(self._form_text(name, body))
        return " or ".join(dict.fromkeys(texts))

    def _form_text(self, name: str | None, body: Schema) -> str:
        if name in self.elsewhere:
            return f"[object]({self.elsewhere[name]})"
        if name in self.sections and "properties" in body:
            return f"[{_kind(body) or 'object'}](#{self.anchor(name)})"
        if body.get("anyOf") or body.get("oneOf"):
            return self.type_text(body)
        if body.get("type") == "array":
            return f"list of {self.type_text(body.get('items', {}))}"
        if body.get("type") == "object" and (values := _values(body)):
            return f"map of {self.type_text(values)}"
        if "const" in body:
            return code(json.dumps(body["const"]))
        if "enum" in body:
            return ", ".join(code(str(value)) for value in body["enum"] if value is not None)
        kind = str(body.get("type", "any"))
        return {"integer": "whole number", "boolean": "true or false", "None": "any"}.get(kind, kind)

    def description(self, schema: Schema) -> str:
        """Return what a value means: what the field says or, where it says nothing, its kind of object."""
        forms = [self.resolve(form)[1] for form in alternatives(schema)]
        return str(schema.get("description") or next(iter(forms), {}).get("description", ""))

    def accepted(self, schema: Schema) -> str:
        """Return the limits of a value."""
        notes: list[str] = []
        for form in alternatives(schema):
            _, body = self.resolve(form)
            for limits in (body, {key: form[key] for key in form if key != "$ref"} if "$ref" in form else {}):
                notes += _limits(limits)
        return "; ".join(dict.fromkeys(notes))


def _values(body: Schema) -> Schema | None:
    """Return what the values of a map are, where this is one."""
    further = body.get("additionalProperties")
    patterns: list[Schema] = list(body.get("patternProperties", {}).values())
    return further if isinstance(further, dict) and further else next(iter(patterns), None)


def _kind(body: Schema) -> str:
    """Return which of several kinds of object this is: the one value of its `type`."""
    kind = body["properties"].get("type", {})
    return str(kind.get("const", ""))


def _limits(schema: Schema) -> list[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    notes = []
    if low is not None and high is not None:
        notes.append(f"{low} to {high}")
    elif low is not None or high is not None:
        notes.append(f"at least {low}" if high is None else f"at most {high}")
    notes += [f"above {schema['exclusiveMinimum']}"] if "exclusiveMinimum" in schema else []
    notes += [f"below {schema['exclusiveMaximum']}"] if "exclusiveMaximum" in schema else []
    said = schema.get("patternErrorMessage", "").removeprefix("Expected ").rstrip(".")
    if said:
        notes.append(prose(said))
    elif "pattern" in schema:
        notes.append(code(schema["pattern"]))
    notes += [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    notes += [f"at least {schema['minItems']} items"] if "minItems" in schema else []
    return notes


def default_text(name: str, schema: Schema, required: list[str]) -> str:
    """Return the default of a field: its value, `required`, or nothing where leaving it out means none."""
    if name in required:
        return "required"
    value = schema.get("default")
    if value is None or isinstance(value, dict) or value == []:
        return ""  # an object's defaults are in its own section
    return code(json.dumps(value))


def schema_page(
    title: str, introduction: str, schema: Schema, source: str, elsewhere: dict[str, str] | None = None
) -> str:
    """Return the page of one kind of file."""
    reference = Reference(schema, elsewhere or {})
    parts = [f"# {title}", introduction]
    for name, section in reference.sections.items():
        rows = [
            (
                code(key),
                reference.type_text(value),
                default_text(key, value, section.schema.get("required", [])),
                reference.accepted(value),
                prose(reference.description(value)),
            )
            for key, value in section.schema.get("properties", {}).items()
        ]
        heading = section.path or "Top level"
        parts += [
            f"## {heading} {{ #{reference.anchor(name)} }}",
            section.schema.get("description", ""),
            f"The same at {', '.join(code(path) for path in section.also)}." if section.also else "",
            table(("Field", "Type", "Default", "Accepted", "What it means"), rows),
        ]
    return GENERATED.format(source=source) + paragraphs(*parts)
