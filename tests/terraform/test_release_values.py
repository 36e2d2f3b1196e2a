"""What Terraform gives helm for the services of each environment: of the chart's form, and as people read it here."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from offline import golden_file
from shipped_releases import DIGEST, Releases, releases_of
from terraform_tree import Tree

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "modules" / "helm-release" / "chart"
VALUES = ROOT / "modules" / "helm-release" / "values"
IMAGES = {"dev": {}, "staging": {}, "prod": dict.fromkeys(("syndoc", "tabular", "textnlp"), DIGEST)}
Golden = Callable[[Path, str], None]


@pytest.fixture(scope="module", params=sorted(IMAGES))
def released(request: pytest.FixtureRequest, tree: Tree) -> tuple[str, Releases]:
    """An environment's name and the releases of its services."""
    return request.param, releases_of(tree, request.param, IMAGES[request.param])


def faults(schema: Path, found: Any) -> list[str]:
    """Return where something is not of the form of a schema, and why."""
    form = json.loads(schema.read_text())
    validator = jsonschema.validators.validator_for(form)(form)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(found)]


@pytest.mark.terraform
def test_values_follow_the_schema_of_the_chart(released: tuple[str, Releases]) -> None:
    releases = released[1]

    assert {"tabular", "textnlp"} <= set(releases.values)
    assert {name: faults(CHART / "values.schema.json", values) for name, values in releases.values.items()} == {
        name: [] for name in releases.values
    }


@pytest.mark.terraform
def test_nothing_keeps_the_shipped_services_from_being_released(released: tuple[str, Releases]) -> None:
    assert released[1].problems == {}


@pytest.mark.terraform
def test_values_are_as_they_were(released: tuple[str, Releases], golden: Golden) -> None:
    environment, releases = released
    for name, values in releases.values.items():
        golden(golden_file(f"values/{environment}-{name}.yaml"), yaml.safe_dump(values, width=140))


@pytest.mark.terraform
def test_the_text_that_helm_reads_says_the_same_and_has_no_nulls(released: tuple[str, Releases]) -> None:
    releases = released[1]

    assert {name: yaml.safe_load(text) for name, text in releases.texts.items()} == releases.values
    assert "null" not in json.dumps(releases.values)


@pytest.mark.terraform
def test_the_placeholder_follows_the_schema_of_platforms(released: tuple[str, Releases]) -> None:
    platform = released[1].platform

    assert platform["placeholder"] is True
    assert faults(ROOT / "modules" / "base" / "platform.schema.json", platform) == []


@pytest.mark.terraform
def test_production_without_digests_is_refused_with_the_way_to_get_them(tree: Tree) -> None:
    problems = releases_of(tree, "prod", {}).problems

    assert problems
    assert all("skopeo inspect" in sentence for sentences in problems.values() for sentence in sentences)


# -- What is written in two places --------------------------------------------------------------------------------------


def outputs_accepted() -> dict[str, set[str]]:
    """Return which outputs modules/base lets a variable ask for, by kind of dependency."""
    text = (ROOT / "modules" / "base" / "checks" / "kinds.tf").read_text()
    table = text[text.index("  dependency_outputs = {") :]
    return {kind: set(re.findall(r'"([a-z]+)"', names)) for kind, names in re.findall(r"(\w+)\s+= \[(.*)\]", table)}


def outputs_given() -> dict[str, set[str]]:
    """Return which outputs the values know, by kind of dependency."""
    found = re.findall(
        r'for output in \[(.*?)\] : .*?if used\.kind == "(\w+)"', (VALUES / "dependencies.tf").read_text(), re.DOTALL
    )
    given: dict[str, set[str]] = {}
    for names, kind in found:
        given.setdefault(kind, set()).update(re.findall(r'"([a-z]+)"', names))
    return given


def test_values_know_each_output_that_may_be_asked_for_and_no_other() -> None:
    accepted = outputs_accepted()

    assert len(accepted) == 8
    assert outputs_given() == accepted


def test_a_service_without_an_image_runs_the_generator_of_this_version() -> None:
    version = tomllib.loads((ROOT / "generator" / "pyproject.toml").read_text())["project"]["version"]
    named = re.search(r'generator = \{ repository = "([^"]+)", tag = "([^"]+)" \}', (VALUES / "kinds.tf").read_text())

    assert named
    assert named.groups() == ("inferloop-synthetic-api", version)


Shape = str | tuple[str, Any]


def of_schema(schema: dict[str, Any]) -> Shape:
    """Return the Terraform type that holds what a JSON schema lets pass."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = next(kind for kind in kinds if kind != "null")
    if kind == "object" and isinstance(schema["additionalProperties"], dict):
        return "map", of_schema(schema["additionalProperties"])
    if kind == "object":
        assert set(schema["required"]) == set(schema["properties"])
        return "object", {name: of_schema(part) for name, part in schema["properties"].items()}
    if kind == "array":
        return "list", of_schema(schema["items"])
    return "bool" if kind == "boolean" else "number" if kind in ("integer", "number") else "string"


def of_type(text: str) -> Shape:
    """Return what a Terraform type says, which has neither `optional` nor comments."""
    tokens = re.findall(r"\w+|[(){}=]", text)

    def read() -> Shape:
        word = tokens.pop(0)
        if word in ("string", "number", "bool"):
            return word
        assert tokens.pop(0) == "("
        if word != "object":
            inner = read()
            assert tokens.pop(0) == ")"
            return word, inner
        fields: dict[str, Shape] = {}
        assert tokens.pop(0) == "{"
        while tokens[0] != "}":
            name = tokens.pop(0)
            assert tokens.pop(0) == "="
            fields[name] = read()
        assert [tokens.pop(0), tokens.pop(0)] == ["}", ")"]
        return word, fields

    found = read()
    assert tokens == []
    return found


def test_the_type_of_the_variable_platform_is_that_of_its_schema() -> None:
    text = re.sub(r"#.*", "", (VALUES / "variables-platform.tf").read_text())
    declared = re.search(r"\n  type = (.*?)\n  nullable", text, re.DOTALL)
    schema = json.loads((ROOT / "modules" / "base" / "platform.schema.json").read_text())

    assert declared
    assert of_type(declared[1]) == of_schema(schema)


@pytest.mark.parametrize(
    "name", ["patterns.tf", "variables-environment.tf", "variables-services.tf", "variables-platform.tf"]
)
def test_a_type_is_written_once_and_linked(name: str) -> None:
    places = [
        path
        for top in ("modules", "providers")
        for path in (ROOT / top).rglob(name)
        if ".terraform" not in path.parts and not path.is_symlink()
    ]

    assert len(places) == 1


def test_the_lock_file_covers_the_release_files_of_all_platforms() -> None:
    text = (ROOT / "providers" / "kubernetes" / ".terraform.lock.hcl").read_text()
    constraints = re.search(r'constraints = "([^"]+)"', text)
    versions = (ROOT / "providers" / "kubernetes" / "versions.tf").read_text()

    assert text.count('"zh:') >= 12
    assert constraints
    assert f'version = "{constraints[1]}"' in versions
