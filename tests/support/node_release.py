"""A release of the generator on a real node, as the tests look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from real_node import RealNode

NAMESPACE = "inferloop"
CALLERS = "callers"
"""A namespace whose pods may call the service."""
SERVICE = "tabular"


@dataclass(frozen=True)
class Release:
    """The release, and the values that it was installed with."""

    node: RealNode
    values: dict[str, Any]
    folder: Path

    def file(self, **changes: Any) -> Path:
        """Return a file of the values, with other variables of the API's process."""
        main = self.values["processes"]["main"]
        env = main["env"] | {name: {"value": value} for name, value in changes.items()}
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(self.values | {"processes": {"main": main | {"env": env}}}))
        return path

    def kubectl(self, *words: str) -> str:
        """Run kubectl in the release's namespace and return what it prints."""
        return self.node.cluster.kubectl(["--namespace", NAMESPACE, *words]).stdout

    def helm(self, *words: str) -> str:
        """Run helm in the release's namespace and return what it prints."""
        return self.node.cluster.helm(["--namespace", NAMESPACE, *words]).stdout

    def address(self) -> str:
        """Return the address of the Service, which kube-proxy leads to one of the pods."""
        return self.kubectl("get", "service", SERVICE, "--output=jsonpath={.spec.clusterIP}")

    def pods(self) -> list[str]:
        """Return the names of the API's pods that are not on their way out."""
        selector = f"app.kubernetes.io/name={SERVICE},app.kubernetes.io/component=main"
        found = yaml.safe_load(self.kubectl("get", "pods", f"--selector={selector}", "--output=yaml"))["items"]
        return sorted(pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"])
