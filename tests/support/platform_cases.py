"""Cases of the shared platform, and what is computed for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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
