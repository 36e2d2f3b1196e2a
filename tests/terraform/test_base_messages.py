"""What `modules/base` says about an environment that cannot be right: field, what was found, what is accepted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from terraform_tree import Tree

GOOD: dict[str, Any] = {
    "name": "dev",
    "owner": "platform@example.com",
    "cost_center": "cc-0001",
    "region": "us-east-1",
    "dns": {"domain": "dev.example.com"},
    "network": {"cidr": "10.20.0.0/16", "zones": ["us-east-1a", "us-east-1b"]},
    "sizes": {"database": {"small": "db.t4g.medium"}, "cache": {"small": "cache.t4g.small"}},
}

FAULTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "environment-faults.yaml").read_text())


def said(tree: Tree, environment: dict[str, Any]) -> list[str]:
    """Return what a plan of modules/base says about an environment, each message as one line."""
    folder = tree.root / "modules" / "base"
    (folder / "case.tfvars.json").write_text(json.dumps({"environment": environment, "services": {}}), encoding="utf-8")
    outcome = tree.terraform("modules/base", "plan", "-input=false", "-json", "-var-file=case.tfvars.json")
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    return [re.sub(r"\s+", " ", event["diagnostic"]["detail"]) for event in events if event["type"] == "diagnostic"]


@pytest.fixture(scope="module")
def base(tree: Tree) -> Tree:
    """The source with modules/base ready to be planned."""
    tree.succeed("modules/base", "init", "-input=false", "-backend=false", "-no-color")
    return tree


@pytest.mark.terraform
@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_every_fault_of_an_environment_is_named_with_what_is_accepted(base: Tree, number: int) -> None:
    found = said(base, {**GOOD, **FAULTS[number]["environment"]})
    messages = FAULTS[number]["says"]

    assert [message for message in messages if not any(message in one for one in found)] == []
    assert len(found) == len(messages), found


@pytest.mark.terraform
def test_a_good_environment_is_accepted(base: Tree) -> None:
    assert said(base, GOOD) == []


@pytest.mark.terraform
def test_a_fault_in_a_service_is_said_once_and_nothing_else(base: Tree) -> None:
    folder = base.root / "modules" / "base"
    services = {"tabular": {"spec": {"service": {"resources": {"memory": "4Gb"}}}}}
    (folder / "case.tfvars.json").write_text(json.dumps({"environment": GOOD, "services": services}), encoding="utf-8")
    outcome = base.terraform("modules/base", "plan", "-input=false", "-json", "-var-file=case.tfvars.json")
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    found = [event["diagnostic"]["detail"] for event in events if event["type"] == "diagnostic"]

    expected = "it must be a whole number with Ki, Mi, Gi, Ti, k, M, G or T, for example 512Mi or 4Gi."
    assert found == [f'services.tabular.spec.service.resources.memory is "4Gb"; {expected}']
