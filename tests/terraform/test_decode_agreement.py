"""`modules/base/decode` and the wrapper make the same services of the same files, as far as nothing is overridden."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from terraform_tree import Tree

from inferloop_deploy.config.checks.cluster import requests_of
from inferloop_deploy.config.checks.rule import ServiceView
from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.render import render

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "agreement"
ENVIRONMENTS = ("lab", "dev", "staging", "prod", "elsewhere")
"""`lab` is what is planned; the services override something in the others, which must exist for that."""
PROJECTS = {"shipped": ROOT, "example of the issue": HERE / "issue", "every field": HERE / "whole"}


def stand(tree: Tree, project: Path, name: str) -> tuple[str, list[str]]:
    """Lay out a root with a project's services, an environment without overrides, and what the wrapper renders."""
    root = tree.root / name
    shutil.copytree(project / "services", root / "services")
    for number, environment in enumerate(ENVIRONMENTS):
        folder = root / "environments" / environment
        folder.mkdir(parents=True)
        shutil.copy(HERE / "aws.yaml", folder)
        text = (HERE / "environment.yaml").read_text().replace("10.30.", f"10.{30 + number}.")
        (folder / "environment.yaml").write_text(text.replace("name: lab", f"name: {environment}"), encoding="utf-8")
    shutil.copy(HERE / "main.tf", root / "main.tf")
    for file, text in render(effective(load_project(root), "lab", "aws")).files.items():
        (root / file).write_text(text, encoding="utf-8")
    return name, sorted(folder.name for folder in (root / "services").iterdir())


def planned(tree: Tree, folder: str, names: list[str]) -> dict[str, Any]:
    """Return what the root's outputs would be."""
    tree.succeed(folder, "init", "-input=false", "-no-color")
    tree.succeed(folder, "plan", "-input=false", "-no-color", "-out=plan", "-var", f"names={json.dumps(names)}")
    outputs = json.loads(tree.succeed(folder, "show", "-json", "plan"))["planned_values"]["outputs"]
    return {name: output["value"] for name, output in outputs.items()}


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return the paths at which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [found for key in keys for found in differences(one.get(key), other.get(key), f"{path}.{key}")]
    return [] if one == other else [f"{path}: {one!r} by file, {other!r} by the wrapper"]


@pytest.mark.terraform
@pytest.mark.parametrize("project", PROJECTS)
def test_file_and_wrapper_give_the_same_services(tree: Tree, project: str) -> None:
    folder, names = stand(tree, PROJECTS[project], f"agreement-{re.sub('[^a-z]', '-', project)}")
    outputs = planned(tree, folder, names)

    assert sorted(outputs["by_file"]["services"]) == names
    assert differences(outputs["by_file"], outputs["by_wrapper"]) == []


@pytest.mark.terraform
@pytest.mark.parametrize("project", ["shipped", "every field"])
def test_the_wrapper_counts_for_quotas_what_the_modules_count(tree: Tree, project: str) -> None:
    folder, names = stand(tree, PROJECTS[project], f"quotas-{re.sub('[^a-z]', '-', project)}")
    quotas = planned(tree, folder, names)["by_wrapper"]["quotas"]
    counted = {name: dict.fromkeys(quotas[name], 0) for name in quotas}
    for name, service in effective(load_project(tree.root / folder), "lab", "aws").services.items():
        view = ServiceView(name, service.config, service.tree)
        sums = counted[service.config.metadata.namespace]
        for request in requests_of(name, view):
            sums["cpu_millicores"] += request.millicores
            sums["memory_mb"] += request.memory
            sums["gpus"] += request.gpus
            sums["pods"] += request.pods

    assert any(quota["pods"] for quota in quotas.values())
    assert counted == quotas


@pytest.mark.terraform
def test_a_file_that_says_something_else_for_the_environment_is_refused(tree: Tree) -> None:
    folder, names = stand(tree, HERE / "whole", "agreement-override")
    main = tree.root / folder / "main.tf"
    main.write_text(main.read_text().replace('environment = "lab"', 'environment = "elsewhere"'), encoding="utf-8")
    tree.succeed(folder, "init", "-input=false", "-no-color")
    outcome = tree.terraform(folder, "plan", "-input=false", "-no-color", "-var", f"names={json.dumps(names)}")

    assert outcome.returncode == 1
    assert "services.whole: environments.elsewhere says something else for this environment" in re.sub(
        r"\s+", " ", outcome.stderr.replace("│", " ")
    )


def keys_of(schema: Any) -> set[str]:
    """Return every key that a JSON Schema knows, at any depth."""
    if isinstance(schema, list):
        return {key for part in schema for key in keys_of(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {key for part in schema.values() for key in keys_of(part)}


def test_the_project_with_every_field_has_every_field_of_the_models() -> None:
    """A field that is added to the models, but not to `whole`, would not be compared."""
    schema = json.loads((ROOT / "schemas" / "service-config.schema.json").read_text())
    texts = "\n".join(path.read_text() for path in (HERE / "whole" / "services").rglob("*.yaml"))

    assert sorted(key for key in keys_of(schema) if not re.search(rf"\b{key}:", texts)) == []
