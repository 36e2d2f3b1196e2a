"""Cases of the shared platform, and what is computed for each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from terraform_tree import Tree

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "modules" / "platform"
CASES: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "cluster" / "platform" / "cases.yaml").read_text())
CHARTS = {
    "platform-base": "base",
    "platform-applications": "applications",
    "platform-resources": "resources",
    "platform-observability": "observability",
}
NAMESPACES = {
    "platform-base": "kube-system",
    "platform-applications": "argocd",
    "platform-resources": "argocd",
    "platform-observability": "monitoring",
}
MODULE = """
module "values" {
  source           = "./modules/platform/values"
  for_each         = { for name, case in jsondecode(file("cases.json")) : name => case }
  environment      = each.value.environment
  platform         = merge(yamldecode(file("modules/platform/values/tests/platform.yaml")), each.value.changes)
  cluster_services = each.value.cluster_services
  namespaces       = each.value.namespaces
}

output "computed" {
  value = module.values
}
"""
KUBERNETES = "1.35.0"
"""The version that helm renders for where it asks no cluster."""


@dataclass(frozen=True)
class Computed:
    """What modules/platform/values computes for a case."""

    name: str
    outputs: dict[str, Any]

    def values(self, release: str) -> str:
        """Return the values of a release, as helm gets them."""
        found = [one["values"] for one in self.outputs["releases"] if one["name"] == release]
        assert found, f"{self.name} has no release {release}"
        return str(found[0])

    @property
    def applications(self) -> dict[str, Any]:
        """The add-ons that Argo CD installs."""
        found: dict[str, Any] = self.outputs["applications"]["applications"]
        return found


def computed_cases(tree: Tree) -> dict[str, Computed]:
    """Compute modules/platform/values for every case, with one plan and without any provider."""
    (tree.root / "main.tf").write_text(MODULE)
    (tree.root / "cases.json").write_text(json.dumps(CASES))
    tree.succeed(".", "init", "-input=false", "-no-color")
    tree.succeed(".", "apply", "-auto-approve", "-input=false", "-no-color")
    outputs = json.loads(tree.succeed(".", "output", "-json", "computed"))
    return {name: Computed(name, found) for name, found in outputs.items()}
