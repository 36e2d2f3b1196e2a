"""The shipped service tabular on a real node, with the values that Terraform computes for it, as the tests look at it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import projects
import yaml
from charts import ROOT
from real_node import RealNode

from inferloop_deploy import manifests
from inferloop_deploy.kubernetes.answers import read_documents
from inferloop_deploy.manifests import Release as Computed
from inferloop_deploy.target import Target, load

NAMESPACE = "inferloop"
SERVICE = "tabular"
CALLER = "portal"
"""A service that declares that it calls tabular."""
CALLERS = "callers"
"""The namespace of that service."""
PEPPER = "mixed into the digests of keys that the tests make"
OWN = ("REDIS", "RESULTS", "POSTGRES_AUTH", "POSTGRES_SSLMODE")
"""Variables of the shipped service that are about what AWS has and a node has not."""


def service() -> str:
    """Return the shipped configuration of tabular, on a database with a password instead of what AWS has."""
    document = yaml.safe_load((ROOT / "services" / SERVICE / "deployment-config.yaml").read_text())
    spec = document["spec"]
    main = spec["service"]
    kept = [one for one in main["env"] if not one["name"].removeprefix("GUARDIAN_").startswith(OWN)]
    main["env"] = [
        *kept,
        {"name": "GUARDIAN_POSTGRES_SSLMODE", "value": "disable"},
        {"name": "GUARDIAN_POSTGRES_PASSWORD", "secret": {"name": "database"}},
    ]
    main |= {
        "replicas": 2,
        "resources": {"cpu": "100m", "memory": "256Mi", "limits": {"cpu": "2", "memory": "1Gi"}},
    }
    # Processes take long to start and to answer on a machine that does other things too.
    for probe in main["health"].values():
        probe |= {"period": "2s", "timeout": "5s"}
    for probe in (main["health"]["liveness"], main["health"]["startup"]):
        probe["failureThreshold"] = 90
    del main["autoscaling"], spec["workers"], document["environments"]
    spec["dependencies"] = [one for one in spec["dependencies"] if one["name"] == "postgres"]
    spec["secrets"].append({"name": "database"})
    # Only Kong limits rates, and no definition of its kinds is to be had.
    del spec["networking"]["ingress"]["rateLimit"]
    return yaml.safe_dump(document)


def caller() -> str:
    """Return the configuration of a service that calls tabular; its own part is a web server of Python's."""
    spec = {
        "service": {
            "type": "api",
            "port": 8000,
            "image": {"tag": "1"},
            "command": ["python", "-m", "http.server", "8000", "--directory=/tmp"],
            "resources": {"cpu": "10m", "memory": "64Mi", "limits": {"cpu": "1"}},
            "health": {"readiness": {"path": "/", "period": "1s"}},
        },
        "dependencies": [{"name": SERVICE, "type": "service"}],
    }
    return projects.service(CALLER, yaml.safe_dump(spec), metadata=f"namespace: {CALLERS}")


def compute(folder: Path, image: str, database: Mapping[str, Any]) -> dict[str, Computed]:
    """Return what Terraform would release, by name, into a platform that has this image and this database."""
    for name, text in {
        "environments/dev/environment.yaml": projects.ENVIRONMENT + "  clusterServices: {gateway: istio}\n",
        "environments/dev/aws.yaml": projects.CLOUD,
        f"services/{SERVICE}/deployment-config.yaml": service(),
        f"services/{CALLER}/deployment-config.yaml": caller(),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("modules", "providers", "tools"):
        (folder / name).symlink_to(ROOT / name)
    target = Target(folder, "dev", "aws")
    config = load(target)
    platform = manifests.placeholder_platform(target, config, os.environ)
    repository, _, tag = image.partition(":")
    told = platform | {
        "databases": {SERVICE: {"postgres": database}},
        "placeholder": False,
        "registry": {"host": repository.partition("/")[0], "repositories": {SERVICE: repository, CALLER: repository}},
    }
    images = {name: {"tag": tag} for name in (SERVICE, CALLER)}
    return {one.name: one for one in manifests.releases(target, config, told, os.environ, images).all}


@dataclass(frozen=True)
class Release:
    """A release, and what Terraform computed for it."""

    node: RealNode
    computed: Computed
    folder: Path

    @property
    def values(self) -> dict[str, Any]:
        """The values that Terraform computed."""
        found: dict[str, Any] = yaml.safe_load(self.computed.text)
        return found

    @property
    def image(self) -> str:
        """What pods of the release run."""
        return "{repository}:{tag}".format(**self.values["image"])

    def install(self) -> None:
        """Install it and wait until it is ready."""
        self.helm("install", self.computed.name, *self.words(), "--wait", "--timeout=5m", "--atomic")

    def words(self, values: Mapping[str, Any] | None = None) -> list[str]:
        """Return what helm is told of chart and values: those of Terraform, or others."""
        path = self.folder / f"{self.computed.name}.yaml"
        path.write_text(self.computed.text if values is None else yaml.safe_dump(values))
        return [str(ROOT / str(self.computed.chart)), f"--values={path}"]

    def changed(self, **variables: str) -> dict[str, Any]:
        """Return the values with other variables of the API's process."""
        values = self.values
        values["processes"]["main"]["env"] |= {name: {"value": value} for name, value in variables.items()}
        return values

    def kubectl(self, *words: str, text: str | None = None, check: bool = True) -> CompletedProcess[str]:
        """Run kubectl in the release's namespace."""
        return self.node.cluster.kubectl([f"--namespace={self.computed.namespace}", *words], text, check=check)

    def helm(self, *words: str, check: bool = True) -> CompletedProcess[str]:
        """Run helm in the release's namespace."""
        return self.node.cluster.helm([f"--namespace={self.computed.namespace}", *words], check=check)

    def address(self) -> str:
        """Return the address of the Service, which kube-proxy leads to one of the pods."""
        return self.kubectl("get", "service", self.computed.name, "--output=jsonpath={.spec.clusterIP}").stdout

    def pods(self) -> dict[str, str]:
        """Return the addresses of the pods that are not on their way out, by name."""
        selector = f"app.kubernetes.io/name={self.computed.name},app.kubernetes.io/component=main"
        found = yaml.safe_load(self.kubectl("get", "pods", f"--selector={selector}", "--output=yaml").stdout)["items"]
        return {
            pod["metadata"]["name"]: pod["status"].get("podIP", "")
            for pod in found
            if "deletionTimestamp" not in pod["metadata"]
        }

    def fetch_secrets(self, known: Mapping[str, str]) -> None:
        """Do what External Secrets does: make the Secrets that the release's ExternalSecrets ask for, with these words."""
        rendered = self.helm("template", self.computed.name, *self.words()).stdout
        for one in read_documents(rendered):
            if one["kind"] == "ExternalSecret":
                name = one["spec"]["target"]["name"]
                word = known[name.removeprefix(f"{self.computed.name}-")]
                keys = {entry["secretKey"]: word for entry in one["spec"]["data"]}
                secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": keys}
                self.kubectl("create", "--filename=-", text=json.dumps(secret))
