"""A root of some twenty lines, with no Python, makes the same infrastructure as the wrapper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from offline import FOLDER, offline_root
from terraform_tree import Tree

from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.render import render

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "modules/base/decode/examples/aws"
LAB = {
    "environment.yaml": """
apiVersion: v1
kind: Environment
metadata: {name: lab, owner: lab@example.com, costCenter: cc-0001}
spec:
  region: us-east-1
  dns: {domain: inferloop.example}
  network: {cidr: 10.90.0.0/16, zones: [us-east-1a, us-east-1b, us-east-1c]}
""",
    "aws.yaml": """
apiVersion: v1
kind: Environment
spec:
  sizes: {database: {small: db.t4g.medium}, cache: {small: cache.t4g.small}}
  cluster:
    nodePools:
      - {name: general, machineTypes: [m7i.large], max: 10}
      - {name: spot, machineTypes: [m7i.large, m6i.large], min: 0, max: 10, spot: true}
      - {name: gpu, machineTypes: [g4dn.xlarge], min: 0, disk: 100Gi, gpu: {type: nvidia-t4}}
""",
}


def planned(tree: Tree, folder: str, *arguments: str) -> dict[str, Any]:
    """Return everything that a plan would make, by address, with its values as far as they are known."""
    tree.succeed(folder, "plan", "-input=false", "-no-color", "-refresh=false", "-out=plan", *arguments)
    changes = json.loads(tree.succeed(folder, "show", "-json", "plan"))["resource_changes"]
    made = {change["address"]: change["change"]["after"] for change in changes if change["mode"] == "managed"}
    for after in made.values():
        after.pop("filename", None)  # a path, as seen from the root's own folder
    return made


def by_the_example(tree: Tree) -> dict[str, Any]:
    """Plan the example, with providers that reach no server."""
    main = tree.root / EXAMPLE / "main.tf"
    main.write_text(main.read_text().replace("providers/aws", offline_root(tree)), encoding="utf-8")
    tree.succeed(EXAMPLE, "init", "-input=false", "-no-color")
    return {address.removeprefix("module.platform."): after for address, after in planned(tree, EXAMPLE).items()}


def by_the_wrapper(tree: Tree, project: Path) -> dict[str, Any]:
    """Render the same environment from YAML, and plan what was rendered."""
    (project / "services").symlink_to(ROOT / "services")
    for name in ("dev", "staging", "prod"):
        (project / "environments").mkdir(exist_ok=True)
        (project / "environments" / name).symlink_to(ROOT / "environments" / name)
    lab = project / "environments" / "lab"
    lab.mkdir()
    for name, text in LAB.items():
        (lab / name).write_text(text, encoding="utf-8")
    arguments = []
    for name, text in render(effective(load_project(project), "lab", "aws")).files.items():
        file = project / name
        file.write_text(text, encoding="utf-8")
        arguments += [f"-var-file={file}"] if name.endswith(".tfvars") else []
    return planned(tree, FOLDER, *arguments)


@pytest.mark.terraform
@pytest.mark.slow
def test_the_root_without_python_plans_what_the_wrapper_plans(tree: Tree, tmp_path: Path) -> None:
    example = by_the_example(tree)
    wrapper = by_the_wrapper(tree, tmp_path)

    assert len(example) > 300
    assert sorted(example) == sorted(wrapper)
    assert [address for address, after in wrapper.items() if after != example[address]] == []


def test_the_example_has_some_twenty_lines() -> None:
    lines = [line for line in (ROOT / EXAMPLE / "main.tf").read_text().splitlines() if line.strip()]

    assert len(lines) <= 25
