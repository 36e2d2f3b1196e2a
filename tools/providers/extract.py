"""Read a provider's schema from a @cdktf/provider-* package, in the shape of `terraform providers schema -json`.

Such a package is generated from the schema of the real provider. Its compiled files carry the generated TypeScript in
their source maps, where every attribute has a comment `name - computed: C, optional: O, required: R`, and the
function that writes the configuration says its type. Providers of protocol 6 are read, whose structures are all nested
attributes, as hashicorp/helm's are; blocks are not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MAP_MARK = "//# sourceMappingURL=data:application/json;base64,"
_CLASS = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}\n?", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [^{]+)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_PROPERTY = re.compile(r"^  readonly (\w+)(\??): [^\n]*?;", re.MULTILINE)
_WRITER = re.compile(r"^export function (\w+)ToHclTerraform\(.*?\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_WRITTEN = re.compile(
    r"^ {4,6}(\w+): \{\n\s+value: (.*?),\n\s+isBlock: (?:true|false),\n"
    r"\s+type: \"(\w+)\",\n\s+storageClassType: \"\w+\",\n\s+\},",
    re.MULTILINE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"^  // (\S+) - computed: (true|false), optional: (true|false), required: (true|false)\n((?:.+\n){1,3})",
    re.MULTILINE,
)
_SIMPLE = {"string": "string", "number": "number", "boolean": "bool", "any": "dynamic"}
_KINDS = {"TerraformResource": "resource", "TerraformDataSource": "data", "TerraformProvider": "provider"}
_GETTERS = (
    ("getNumberListAttribute", ["list", "number"]),
    ("getListAttribute", ["list", "string"]),
    ("new cdktf.StringMap(", ["map", "string"]),
    ("new cdktf.NumberMap(", ["map", "number"]),
    ("new cdktf.BooleanMap(", ["map", "bool"]),
    ("getStringMapAttribute", ["map", "string"]),
    ("getStringAttribute", "string"),
    ("getNumberAttribute", "number"),
    ("getBooleanAttribute", "bool"),
)
"""Types of attributes that nobody configures, by how the package reads them."""

Type = Any
"""A type in terraform's JSON notation: a word, or a list of words and types."""


class Unreadable(Exception):
    """A package does not look as expected; the text says where."""


@dataclass(frozen=True)
class Written:
    """How the package writes an argument: the expression, and whether it is a simple value, a list, a map."""

    expression: str
    kind: str


@dataclass(frozen=True)
class Attribute:
    """An attribute with its flags, its type or what it is made of."""

    name: str
    computed: bool
    optional: bool
    required: bool
    type: Type = None
    members: tuple[Attribute, ...] | None = None
    mode: str = "single"

    @property
    def flags(self) -> dict[str, bool]:
        """Return the flags that are set, as terraform's JSON has them."""
        named = {"required": self.required, "optional": self.optional, "computed": self.computed}
        # A name says it: a write-only argument ends in _wo wherever a provider has one.
        named["write_only"] = self.name.endswith("_wo") and not self.computed
        return {name: True for name, given in named.items() if given}

    def as_json(self) -> dict[str, Any]:
        """Return the attribute as terraform's JSON has it."""
        if self.members is None:
            return {"type": self.type, **self.flags}
        if not self.optional and not self.required:
            return {"type": self.as_type(), **self.flags}
        attributes = {member.name: member.as_json() for member in self.members}
        return {"nested_type": {"attributes": attributes, "nesting_mode": self.mode}, **self.flags}

    def as_type(self) -> Type:
        """Return the type of the value, with that of everything in it."""
        if self.members is None:
            return self.type
        made = ["object", {member.name: member.as_type() for member in self.members}]
        return made if self.mode == "single" else [self.mode, made]


@dataclass
class Module:
    """The generated TypeScript of one type, taken apart."""

    where: str
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    required: dict[str, set[str]] = field(default_factory=dict)
    writers: dict[str, dict[str, Written]] = field(default_factory=dict)

    @classmethod
    def of(cls, sources: Sequence[str], where: str) -> Module:
        """Take sources apart."""
        made = cls(where)
        for source in sources:
            made.classes |= {name: (base, body) for name, base, body in _CLASS.findall(source)}
            made.required |= {
                name: {each for each, optional in _PROPERTY.findall(body) if not optional}
                for name, body in _INTERFACE.findall(source)
            }
            made.writers |= {name: _written(body) for name, body in _WRITER.findall(source)}
        return made

    def main(self) -> tuple[str, str, str]:
        """Return the kind, the terraform name and the class of what the module is about."""
        for name, (base, body) in self.classes.items():
            if base in _KINDS:
                named = re.search(r'tfResourceType = "(\w+)"', body)
                if named is None:
                    raise Unreadable(f"{self.where}: class {name} does not tell its terraform name")
                return _KINDS[base], named[1], name
        raise Unreadable(f"{self.where} holds no resource, data source or provider")

    def attributes(self, name: str) -> tuple[Attribute, ...]:
        """Return the attributes of a class."""
        base, body = self.classes[name]
        if base == "ComplexObject":
            written = self.writers.get(_lower(name.removesuffix("OutputReference")), {})
        else:
            start = body.find("synthesizeHclAttributes()")
            written = _written(body[start:]) if start >= 0 else {}
        found = []
        for named, computed, optional, required, code in _ATTRIBUTE.findall(body):
            if base == "TerraformProvider" and named == "alias":  # terraform's own
                continue
            bare = Attribute(named, computed == "true", optional == "true", required == "true")
            found.append(self._complete(bare, written.get(named), code))
        return tuple(found)

    def _complete(self, bare: Attribute, written: Written | None, code: str) -> Attribute:
        inner = re.search(r"= new (\w+)\(this, \"\w+\"", code)
        if inner is not None and inner[1] in self.classes:
            kind, member = self._element(inner[1])
            mode = _mode(written) if written is not None else kind
            return _with(bare, members=self.attributes(member), mode=mode)
        if written is None:
            return _with(bare, type=self._read_type(bare.name, code))
        structure = re.search(r"(?:^|\()((?!cdktf)\w+)ToHclTerraform", written.expression)
        if structure is not None:
            return _with(bare, members=self._structure(structure[1]), mode=_mode(written))
        return _with(bare, type=_written_type(written))

    def _element(self, name: str) -> tuple[str, str]:
        """Return the container that a class is, and the class of its elements."""
        base, body = self.classes[name]
        if base == "ComplexObject":
            return "single", name
        element = re.search(r"return new (\w+)\(", body)
        if element is None or base not in {"ComplexList", "ComplexMap"}:
            raise Unreadable(f"{self.where}: {name} is a {base}, which is not known")
        return base.removeprefix("Complex").lower(), element[1]

    def _structure(self, name: str) -> tuple[Attribute, ...]:
        """Return the members of a structure that is known by the function that writes it, as a provider's settings."""
        required = self.required.get(name[:1].upper() + name[1:], set())
        found = []
        for named, written in self.writers[name].items():
            property_ = re.search(r"struct!?\.(\w+)", written.expression)
            needed = property_ is not None and property_[1] in required
            found.append(self._complete(Attribute(named, False, not needed, needed), written, ""))
        return tuple(found)

    def _read_type(self, name: str, code: str) -> Type:
        for getter, kind in _GETTERS:
            if getter in code:
                return ["set", *kind[1:]] if "Fn.tolist(" in code and isinstance(kind, list) else kind
        raise Unreadable(f"{self.where}: the type of {name} cannot be told from: {code.strip()}")


def extract(package: Path) -> dict[str, Any]:
    """Return the schema of the provider that an unpacked package was generated from."""
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))["cdktf"]["provider"]
    found: dict[str, dict[str, Any]] = {"resource": {}, "data": {}, "provider": {}}
    for folder in sorted(path for path in (package / "lib").iterdir() if path.is_dir()):
        module = Module.of(list(_sources(folder)), folder.name)
        kind, name, main = module.main()
        attributes = {attribute.name: attribute.as_json() for attribute in module.attributes(main)}
        found[kind][name] = {"version": 0, "block": {"attributes": attributes}}
    if len(found["provider"]) != 1:
        raise Unreadable(f"{package} holds {len(found['provider'])} providers instead of one")
    schemas = {
        "provider": next(iter(found["provider"].values())),
        "resource_schemas": found["resource"],
        "data_source_schemas": found["data"],
    }
    return {
        "format_version": "1.0",
        "provider_version": about["version"],
        "provider_schemas": {about["name"]: schemas},
    }


def complete(document: dict[str, Any], sensitive: Sequence[str], versions: dict[str, int]) -> None:
    """Add what a package does not tell: which attributes are sensitive, and the versions of resources' schemas."""
    schemas = next(iter(document["provider_schemas"].values()))
    for name, version in versions.items():
        if name not in schemas["resource_schemas"]:
            raise Unreadable(f"a version is given for {name}, which is no resource")
        schemas["resource_schemas"][name]["version"] = version
    for place in sensitive:
        kind, name, *path = place.split(".")
        section = schemas["resource_schemas" if kind == "resource" else "data_source_schemas"]
        try:
            here = section[name]["block"]
            for step in path[:-1]:
                here = here["attributes"][step]["nested_type"]
            here["attributes"][path[-1]]["sensitive"] = True
        except KeyError as missing:
            raise Unreadable(f"{place} is said to be sensitive, and there is no {missing}") from None


def _sources(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.js")):
        text = path.read_text(encoding="utf-8")
        start = text.rfind(MAP_MARK)
        if start >= 0:
            yield from json.loads(base64.b64decode(text[start + len(MAP_MARK) :].strip()))["sourcesContent"]


def _written(body: str) -> dict[str, Written]:
    return {name: Written(expression, kind) for name, expression, kind in _WRITTEN.findall(body)}


def _mode(written: Written) -> str:
    if "hashMapper" in written.expression:
        return "map"
    if "listMapper" in written.expression:
        return written.kind if written.kind in {"list", "set"} else "list"
    return "single"


def _written_type(written: Written) -> Type:
    def read(expression: str, kind: str) -> Type:
        if expression.startswith(("cdktf.listMapperHcl(", "cdktf.listMapper(")):
            return [kind if kind in {"list", "set"} else "list", read(expression[expression.index("(") + 1 :], "list")]
        if expression.startswith(("cdktf.hashMapperHcl(", "cdktf.hashMapper(")):
            return ["map", read(expression[expression.index("(") + 1 :], "list")]
        simple = re.match(r"cdktf\.(string|number|boolean|any)To", expression)
        return _SIMPLE[simple[1]] if simple else "dynamic"

    return read(re.sub(r"^.*=== undefined \? null : ", "", written.expression), written.kind)


def _with(bare: Attribute, **more: Any) -> Attribute:
    return Attribute(bare.name, bare.computed, bare.optional, bare.required, **more)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
