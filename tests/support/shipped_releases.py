"""What the releases of an environment are given, computed without a cluster and without an account."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from terraform_tree import ROOT, Tree

from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.render import render

FOLDER = "providers/releases"
LINKED = (
    "modules/base/patterns.tf",
    "modules/base/variables-environment.tf",
    "modules/base/variables-services.tf",
    "modules/helm-release/values/variables-cluster-services.tf",
    "providers/aws/variables-eks.tf",
)
DIGEST = f"sha256:{'ab' * 32}"
"""Digest of an image that there is not, for production, which takes no tag."""


@dataclass(frozen=True)
class Shared:
    """A release of the shared platform, with the text that helm is given; `chart` is a folder of modules/platform/charts."""

    name: str
    namespace: str
    chart: str
    text: str


@dataclass(frozen=True)
class Releases:
    """The stand-in for a platform, the values of each service's release by its name, and what is wrong with them."""

    platform: dict[str, Any]
    problems: dict[str, list[str]]
    values: dict[str, dict[str, Any]]
    texts: dict[str, str]
    namespaces: dict[str, str]
    """Namespace of each service's release."""
    shared: tuple[Shared, ...]
    """The platform's own releases in their order, without the upstream charts, which nothing here can fetch."""
    apis: tuple[str, ...]
    """What the cluster serves once the add-ons are there, as `helm template --api-versions` takes it."""


def releases_root(tree: Tree) -> str:
    """Return a root that computes platform and values, ready to be applied: it makes nothing."""
    root = tree.root / FOLDER
    if not root.exists():
        shutil.copytree(ROOT / "tests" / "terraform" / "releases", root)
        for name in LINKED:
            (root / name.rpartition("/")[2]).symlink_to(tree.root / name)
        tree.succeed(FOLDER, "init", "-input=false", "-no-color")
    return FOLDER


def releases_of(tree: Tree, environment: str, images: Mapping[str, str]) -> Releases:
    """Compute the releases of an environment of the repository, with digests by service."""
    folder = tree.root / releases_root(tree)
    arguments = [f"-var=images={json.dumps({name: {'digest': digest} for name, digest in images.items()})}"]
    for name, text in render(effective(load_project(ROOT), environment, "aws")).files.items():
        file = folder / f"{environment}-{name}".replace(".auto", "")
        file.write_text(text, encoding="utf-8")
        arguments += [f"-var-file={file.name}"] if name.endswith(".tfvars") else []
    tree.succeed(FOLDER, "apply", "-auto-approve", "-input=false", "-no-color", "-compact-warnings", *arguments)
    outputs = {name: output["value"] for name, output in json.loads(tree.succeed(FOLDER, "output", "-json")).items()}
    return Releases(
        outputs["platform"],
        outputs["problems"],
        {name: yaml.safe_load(release["text"]) for name, release in outputs["releases"].items()},
        {name: release["text"] for name, release in outputs["releases"].items()},
        {name: release["namespace"] for name, release in outputs["releases"].items()},
        tuple(
            Shared(release["name"], release["namespace"], release["chart"], release["values"])
            for release in outputs["shared"]
            if release["repository"] is None
        ),
        tuple(outputs["apis"]),
    )
