"""Plans of `providers/aws` for the shipped environments with the real provider and no server."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tftest
from terraform_tree import ROOT, Tree

from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.render import render

ENVIRONMENTS = ("dev", "staging", "prod")
FOLDER = "providers/aws-offline"


@dataclass(frozen=True)
class OfflinePlan:
    """A plan, and what Terraform remarked on it."""

    plan: Any
    warnings: tuple[str, ...]

    @property
    def made(self) -> dict[str, dict[str, Any]]:
        """Every resource that would be made, by address, with its values as far as they are known."""
        return {
            address: change["change"]["after"]
            for address, change in self.plan.resource_changes.items()
            if change["mode"] == "managed"
        }


def offline_root(tree: Tree) -> str:
    """Return a root like providers/aws that reaches no server, ready to be planned."""
    root = tree.root / FOLDER
    if not root.exists():
        shutil.copytree(tree.root / "providers" / "aws", root)
        shutil.copy(ROOT / "tests" / "terraform" / "offline" / "providers.tf", root / "providers.tf")
        versions = (root / "versions.tf").read_text()
        without_backend = re.sub(r'\n  backend "s3" \{.*?\n  \}', "", versions, flags=re.DOTALL)
        (root / "versions.tf").write_text(without_backend, encoding="utf-8")
        tree.succeed(FOLDER, "init", "-input=false", "-no-color")
    return FOLDER


def plan_of(tree: Tree, environment: str) -> OfflinePlan:
    """Plan an environment of the repository, with its services."""
    folder = tree.root / offline_root(tree)
    arguments = []
    for name, text in render(effective(load_project(ROOT), environment, "aws")).files.items():
        file = folder / f"{environment}-{name}".replace(".auto", "")
        file.write_text(text, encoding="utf-8")
        arguments += [f"-var-file={file.name}"] if name.endswith(".tfvars") else []
    printed = tree.succeed(
        FOLDER, "plan", "-input=false", "-json", "-refresh=false", f"-out={environment}.plan", *arguments
    )
    events = [json.loads(line) for line in printed.splitlines()]
    warnings = tuple(event["@message"] for event in events if event["type"] == "diagnostic")
    shown = tree.succeed(FOLDER, "show", "-json", f"{environment}.plan")
    return OfflinePlan(tftest.TerraformPlanOutput(json.loads(shown)), warnings)


def golden_file(name: str) -> Path:
    """Return the place of a golden file that layers of tests share."""
    return ROOT / "tests" / "golden" / name
