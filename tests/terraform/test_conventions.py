"""The rules of style for Terraform that no formatter checks, one test each, over every module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    {
        str(path.parent.relative_to(ROOT))
        for top in ("modules", "providers")
        for path in (ROOT / top).rglob("versions.tf")
        if ".terraform" not in path.parts
    }
)
REUSABLE = [module for module in MODULES if module.startswith("modules/")]
BLOCK = re.compile(r'^(variable|output) "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def files(module: str) -> dict[str, str]:
    """Return the text of every Terraform file of a module, comments taken out."""
    texts = {path.name: path.read_text() for path in sorted((ROOT / module).glob("*.tf"))}
    return {name: re.sub(r"^\s*(?:#|//).*$", "", text, flags=re.MULTILINE) for name, text in texts.items()}


def blocks(module: str, kind: str) -> dict[str, str]:
    """Return the bodies of all variables or outputs of a module by name."""
    return {name: body for text in files(module).values() for found, name, body in BLOCK.findall(text) if found == kind}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("kind", ["variable", "output"])
def test_each_variable_and_output_is_described_by_a_sentence(module: str, kind: str) -> None:
    bad = [
        name
        for name, body in blocks(module, kind).items()
        if not re.search(r'^  description\s*= ".*[^. ]\."$', body, re.MULTILINE)
        and not re.search(r"^  description\s*= <<-?EOT\n.*?\.\n\s*EOT$", body, re.MULTILINE | re.DOTALL)
    ]

    assert bad == []


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("kind", ["variable", "output"])
def test_variables_and_outputs_are_alphabetical_in_each_file(module: str, kind: str) -> None:
    for name, text in files(module).items():
        names = [found for some, found, _ in BLOCK.findall(text) if some == kind]

        assert names == sorted(names), f"{module}/{name}"


@pytest.mark.parametrize("module", MODULES)
def test_each_variable_has_a_type_and_none_is_any(module: str) -> None:
    for name, body in blocks(module, "variable").items():
        declared = re.search(r"^  type\s*= (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)

        assert declared, f"{module}: variable {name} has no type"
        assert not re.search(r"\bany\b", re.sub(r'"[^"]*"', "", declared[1])), f"{module}: variable {name} is any"


@pytest.mark.parametrize("module", MODULES)
def test_each_variable_is_used(module: str) -> None:
    everything = "\n".join(files(module).values())
    without_declarations = BLOCK.sub(lambda match: match[0] if match[1] == "output" else "", everything)

    for name in blocks(module, "variable"):
        assert re.search(rf"\bvar\.{name}\b", without_declarations), f"{module}: variable {name} does nothing"


@pytest.mark.parametrize("module", REUSABLE)
@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r'^provider "', "a module takes its providers from the root"),
        (r'provisioner "', "a provisioner runs outside of the plan"),
        (r'resource "random_|resource "null_resource"|resource "terraform_data"', "names are derived, never random"),
        (r"^\s*backend ", "the root owns the state"),
    ],
)
def test_a_module_holds_nothing_that_belongs_elsewhere(module: str, pattern: str, why: str) -> None:
    for name, text in files(module).items():
        assert not re.search(pattern, text, re.MULTILINE), f"{module}/{name}: {why}"


@pytest.mark.parametrize("module", REUSABLE)
def test_a_module_looks_nothing_up_but_policy_documents(module: str) -> None:
    looked_up = {kind for text in files(module).values() for kind in re.findall(r'^data "([^"]+)"', text, re.MULTILINE)}

    assert looked_up <= {"aws_iam_policy_document"}


@pytest.mark.parametrize("module", REUSABLE)
def test_a_module_states_the_versions_that_it_works_with(module: str) -> None:
    versions = (ROOT / module / "versions.tf").read_text()

    assert re.search(r'required_version\s*= ">= 1\.9"', versions)
    if module.startswith("modules/aws/"):
        assert re.search(r'aws\s*= \{\s*source\s*= "hashicorp/aws",?\s*version\s*= ">= 5\.83, < 6\.0"\s*\}', versions)


@pytest.mark.parametrize("module", MODULES)
def test_changes_are_ignored_only_with_a_reason_and_a_link_beside_it(module: str) -> None:
    for path in sorted((ROOT / module).glob("*.tf")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.search(r"^\s*ignore_changes\b", line):
                beside = "\n".join(lines[max(0, number - 6) : number + 1])

                assert re.search(r"#.*\w", beside), f"{path.name}:{number + 1} gives no reason"
                assert "https://" in beside, f"{path.name}:{number + 1} has no link"


@pytest.mark.parametrize("module", MODULES)
def test_a_readme_says_what_the_module_is_for_and_not_for_and_shows_it(module: str) -> None:
    readme = (ROOT / module / "README.md").read_text()

    assert readme.startswith("# ")
    assert re.search(r"^(For|The|What|Wires|Makes|Turns|Derives)\b", readme.split("\n", 2)[2].lstrip())
    assert re.search(r"\bnot for\b", readme, re.IGNORECASE), "what it is not for"
    assert "```hcl" in readme, "an example"
