"""Terraform releases the shared platform on a real API server, with the plug-in that stands in for hashicorp/helm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_repository import served
from platform_cases import CASES, ROOT
from terraform_tree import Tree, copy_of_the_source

from inferloop_deploy.sandbox.cluster import Cluster, temporary_cluster

pytestmark = [pytest.mark.terraform, pytest.mark.cluster, pytest.mark.xdist_group("platform")]
ROOT_MODULE = """
terraform {
  required_providers {
    helm = { source = "hashicorp/helm", version = "~> 3.1" }
  }
}

provider "helm" {}

variable "settings" {
  type = any
}

module "platform" {
  source           = "./modules/platform"
  environment      = var.settings.environment
  platform         = merge(yamldecode(file("modules/platform/values/tests/platform.yaml")), var.settings.changes)
  cluster_services = var.settings.cluster_services
  namespaces       = var.settings.namespaces
}
"""


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane on which nothing was ever released."""
    with temporary_cluster(tmp_path_factory.mktemp("cluster"), ROOT) as cluster:
        yield cluster


@pytest.fixture
def tree(fresh: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the Terraform source with a root that releases the platform on that control plane."""
    copied = copy_of_the_source(tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("plugins"))
    (copied.root / "main.tf").write_text(ROOT_MODULE)
    return replace(copied, environment=fresh.environment(environ=copied.environment))


def settle(tree: Tree, **changes: Any) -> None:
    """Write the settings of case staging-aws, with other choices of what runs in the cluster."""
    settings = json.loads(json.dumps(CASES["staging-aws"]))
    settings["cluster_services"] = changes
    (tree.root / "terraform.tfvars.json").write_text(json.dumps({"settings": settings}))


def released(cluster: Cluster) -> dict[str, str]:
    """Return what became of each release."""
    found = json.loads(cluster.helm(["list", "--all", "--all-namespaces", "--output=json"]).stdout)
    return {one["name"]: one["status"] for one in found}


def test_the_base_is_applied_planned_again_without_a_change_and_destroyed(fresh: Cluster, tree: Tree) -> None:
    settle(tree, managed=False)
    tree.succeed(".", "init", "-input=false")
    tree.succeed(".", "apply", "-auto-approve", "-input=false", "-no-color")

    assert released(fresh) == {"platform-base": "deployed"}
    assert tree.terraform(".", "plan", "-detailed-exitcode", "-input=false").returncode == 0

    # A template that has changed is a difference, though neither version nor values are others.
    template = tree.root / "modules" / "platform" / "charts" / "base" / "templates" / "priorities.yaml"
    template.write_text(template.read_text().replace("value: 1000\n", "value: 2000\n"))
    assert tree.terraform(".", "plan", "-detailed-exitcode", "-input=false").returncode == 2
    template.write_text(template.read_text().replace("value: 2000\n", "value: 1000\n"))

    tree.succeed(".", "destroy", "-auto-approve", "-input=false")
    assert released(fresh) == {}
    assert fresh.kubectl(["get", "namespace", "inferloop", "--output=name"]).stdout == "namespace/inferloop\n"
    assert "not found" in fresh.kubectl(["get", "priorityclass", "inferloop-batch"], check=False).stderr.lower()


def test_a_problem_releases_nothing(fresh: Cluster, tree: Tree) -> None:
    settle(tree, managed=False, quotas={"inferloop": {"cpu": "1"}})
    tree.succeed(".", "init", "-input=false")
    outcome = tree.terraform(".", "apply", "-auto-approve", "-input=false", "-no-color")

    assert outcome.returncode == 1
    assert "cluster_services.quotas.inferloop.cpu is 1, less than the 13200m" in " ".join(outcome.stderr.split())
    assert released(fresh) == {}


def test_the_first_apply_stops_where_the_add_ons_kinds_are_missing_and_leaves_nothing_half_released(
    fresh: Cluster, tree: Tree, helm: Path, tmp_path: Path
) -> None:
    """Argo CD's chart is one of a single ConfigMap here: upstream's cannot be pulled without a network."""
    catalogue = tree.root / "modules" / "platform" / "catalog.yaml"
    known = yaml.safe_load(catalogue.read_text())
    with served(tmp_path, helm) as repository:
        repository.publish("argo-cd", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argo-cd}\n")
        known["addons"]["argo-cd"] |= {"version": "1.0.0"}
        known["addons"]["argo-cd"]["source"]["repository"] = repository.url
        catalogue.write_text(yaml.safe_dump(known))
        settle(tree, backup={"bucket": "backups"})
        tree.succeed(".", "init", "-input=false")
        outcome = tree.terraform(".", "apply", "-auto-approve", "-input=false", "-no-color")

    assert outcome.returncode == 1
    said = " ".join(outcome.stderr.replace("\u2502", " ").split())
    assert "The cluster does not serve configuration.konghq.com/v1 (add-on kong)" in said
    assert "then apply again" in said
    assert released(fresh) == dict.fromkeys(("argo-cd", "platform-applications", "platform-base"), "deployed")
    applications = fresh.kubectl(["get", "applications", "--namespace=argocd", "--output=name"]).stdout.split()
    assert len(applications) == 18
