"""Every release of every shipped environment, rendered by helm from the very values that Terraform computes."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from charts import CHART, run_helm
from shipped_releases import DIGEST, Releases, releases_of
from terraform_tree import ROOT, Tree

from inferloop_deploy.sandbox.cluster import Cluster

ENVIRONMENTS = ("dev", "staging", "prod")
IMAGES = {"prod": dict.fromkeys(("syndoc", "tabular", "textnlp"), DIGEST)}
CHARTS = ROOT / "modules" / "platform" / "charts"
Object = dict[str, Any]
Kind = tuple[str, str]
"""Group and kind of an object; the group of the first kinds is the empty text."""


@dataclass(frozen=True)
class Release:
    """One release of helm, and what it is given."""

    environment: str
    name: str
    namespace: str
    chart: Path
    text: str
    """Its values."""
    apis: tuple[str, ...]

    @property
    def of_service(self) -> bool:
        """Whether it is one of a service, and not of what services share."""
        return self.chart == CHART

    def objects(self) -> list[Object]:
        """Return its objects."""
        return [json.loads(text) for text in _rendered(self)]


@cache
def template(release: Release) -> str:
    """Return what `helm template` prints for a release."""
    command = ["template", release.name, str(release.chart), f"--namespace={release.namespace}", "--values=-"]
    done = run_helm(*command, *(f"--api-versions={api}" for api in release.apis), text=release.text)
    assert done.returncode == 0, f"{release.name} of {release.environment}: {done.stderr}"
    return done.stdout


@cache
def _rendered(release: Release) -> tuple[str, ...]:
    found = yaml.load_all(template(release), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(json.dumps(one) for one in found if one)


def computed(tree: Tree) -> dict[str, Releases]:
    """Return what Terraform computes for each environment."""
    return {name: releases_of(tree, name, IMAGES.get(name, {})) for name in ENVIRONMENTS}


def releases(environment: str, found: Releases) -> list[Release]:
    """Return the releases of an environment in their order: what services share first."""
    shared = [
        Release(environment, one.name, one.namespace, CHARTS / one.chart, one.text, found.apis) for one in found.shared
    ]
    services = [
        Release(environment, name, found.namespaces[name], CHART, text, ()) for name, text in found.texts.items()
    ]
    return [*shared, *services]


def kind_of(one: Object) -> Kind:
    """Return group and kind of an object."""
    return str(one["apiVersion"]).rpartition("/")[0], str(one["kind"])


def unproven_kinds() -> dict[Kind, str]:
    """Return the kinds that have no definition to be had, and why: what crds.toml says."""
    pins = tomllib.loads((ROOT / "tools" / "kubernetes" / "crds.toml").read_text(encoding="utf-8"))
    return {
        (parts[0], parts[-1]): entry["reason"]
        for entry in pins["unproven"].values()
        for parts in (name.split("/") for name in entry["kinds"])
    }


def served_kinds(cluster: Cluster) -> dict[Kind, bool]:
    """Return every kind that a cluster serves, and whether its objects lie in namespaces."""
    lines = [line.split() for line in cluster.kubectl(["api-resources", "--no-headers"]).stdout.splitlines()]
    return {(version.rpartition("/")[0], kind): inside == "true" for *_, version, inside, kind in lines}


def placed(objects: Iterable[Object], namespace: str, served: Mapping[Kind, bool]) -> list[Object]:
    """Return the objects whose kind is served, in this namespace where they lie in one and name none."""
    here = {"namespace": namespace}
    return [
        one | {"metadata": here | one["metadata"]} if served[kind_of(one)] else one
        for one in objects
        if kind_of(one) in served
    ]


def apply(
    cluster: Cluster, objects: Iterable[Object], *options: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Apply objects on the server's side, with every unknown field refused; prints one name a line."""
    command = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "--output=name", *options]
    return cluster.kubectl([*command, "--filename=-"], "\n---\n".join(map(json.dumps, objects)), check=check)
