"""The interface of a Terraform module, read from its files.

The text of descriptions, types, defaults and messages is taken from the source itself, where `terraform fmt` has laid
it out for people; `make lint` makes sure of that layout, and what is not laid out so is an error here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r'^(variable|output) "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
DECLARED = re.compile(r"^\s*(?:variable|output)\s+\"", re.MULTILINE)
MESSAGE = re.compile(r"^    error_message\s*= (.*?)(?=^    \w|^  \})", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r"^  (\w+)\s*= (.*?)(?=^  \w|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Variable:
    """An input of a module."""

    name: str
    description: str
    type: str
    default: str | None
    """Text of the default; none where the variable has to be given."""
    rules: tuple[str, ...]
    """Messages of its validations: what is accepted."""


@dataclass(frozen=True)
class Output:
    """An output of a module."""

    name: str
    description: str
    sensitive: bool


@dataclass(frozen=True)
class Module:
    """A folder with Terraform files."""

    name: str
    readme: str
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]

    @property
    def purpose(self) -> str:
        """Return the first paragraph of the README: what the module is for."""
        body = self.readme.split("\n", 1)[1].strip() if "\n" in self.readme else ""
        return " ".join(body.split("\n\n", 1)[0].split())


def _text(source: str) -> str:
    """Return what an HCL string says; an expression that is no plain string is returned as it stands."""
    source = source.strip()
    plain = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', source)
    return plain[1].replace('\\"', '"').replace("\\\\", "\\").replace("$${", "${") if plain else source


def _attributes(block: str) -> dict[str, str]:
    return {name: text.rstrip() for name, text in ATTRIBUTE.findall(block)}


def _dedented(text: str) -> str:
    return re.sub(r"^  ", "", text, flags=re.MULTILINE)


def read_interface(text: str) -> tuple[list[Variable], list[Output]]:
    """Return the variables and outputs of one file, in the order of the file."""
    variables: list[Variable] = []
    outputs: list[Output] = []
    for kind, name, block in BLOCK.findall(text):
        source = _attributes(block)
        description = _text(source.get("description", '""'))
        if kind == "output":
            outputs.append(Output(name, description, source.get("sensitive") == "true"))
            continue
        rules = tuple(_text(message) for message in MESSAGE.findall(block))
        default = source.get("default")
        type_text = _dedented(source.get("type", "any"))
        variables.append(Variable(name, description, type_text, None if default is None else _dedented(default), rules))
    if len(variables) + len(outputs) != len(DECLARED.findall(text)):
        raise ValueError("a variable or output is not laid out as `terraform fmt` writes it")
    return variables, outputs


def read_module(folder: Path, name: str) -> Module:
    """Return the interface of the module in a folder."""
    variables: list[Variable] = []
    outputs: list[Output] = []
    for path in sorted(folder.glob("*.tf")):
        some_variables, some_outputs = read_interface(path.read_text())
        variables += some_variables
        outputs += some_outputs
    readme = folder / "README.md"
    return Module(
        name=name,
        readme=readme.read_text() if readme.exists() else "",
        variables=tuple(sorted(variables, key=lambda variable: variable.name)),
        outputs=tuple(sorted(outputs, key=lambda output: output.name)),
    )


def module_folders(root: Path) -> dict[str, Path]:
    """Return every folder that holds Terraform files, by the name it goes by in the reference."""
    found = {}
    for top in ("modules", "providers"):
        for versions in sorted((root / top).rglob("*.tf")):
            folder = versions.parent
            inside = folder.relative_to(root)
            if ".terraform" in inside.parts or "tests" in inside.parts or "examples" in inside.parts:
                continue
            found[str(inside)] = folder
    return found
