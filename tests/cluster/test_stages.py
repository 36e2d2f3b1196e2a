"""The second stage with the command line as a person uses it: a real terraform, helm and API server.

The first stage is a root that tells a platform and makes nothing, which is what makes this quick; the shipped services
are released on it. Everything runs once for all tests of this file.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from inferloop_deploy.errors import CHANGES, FAILED, USAGE
from inferloop_deploy.manifests import placeholder_platform
from inferloop_deploy.programs import crds_folder
from inferloop_deploy.sandbox.cluster import Cluster
from inferloop_deploy.sandbox.services import cluster_files
from inferloop_deploy.target import Target, load

pytestmark = [pytest.mark.cluster, pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("stages")]

DEV = ("--env", "dev", "--sandbox")
FIRST_STAGE = """\
terraform {
  required_version = ">= 1.10"
  backend "s3" {}
}
variable "environment" { type = any }
variable "eks_config" { type = any }
variable "services" { type = any }
output "platform" { value = jsondecode(file("${path.module}/../../../../../../../platform.json")) }
"""
MONITORS = "servicemonitors.monitoring.coreos.com"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    def stage(self, name: str) -> Any:
        """Return what it printed as JSON about one stage."""
        return next(one for one in self.document["stages"] if one["stage"] == name)


@dataclass
class Story:
    """What happened, command by command."""

    root: Path
    ended: dict[str, Ended] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    """What was read from the cluster in between."""

    def run(self, name: str, *arguments: str) -> Ended:
        """Run a command and keep how it ended under a name."""
        line = [sys.executable, "-c", "from inferloop_deploy.cli import main; main()", "--root", str(self.root)]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INFERLOOP_KUBE"))}
        finished = subprocess.run(
            [*line, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environ
        )
        self.ended[name] = Ended(finished.returncode, finished.stdout, finished.stderr)
        return self.ended[name]

    @property
    def cluster(self) -> Cluster:
        """The control plane that apply has started."""
        found = cluster_files(self.root, "dev").running()
        assert found is not None, "no control plane runs"
        return found

    def get(self, *arguments: str) -> Any:
        """Return what kubectl tells as JSON."""
        return json.loads(self.cluster.kubectl(["get", *arguments, "--output=json"]).stdout)

    def get_stuck(self, service: str) -> None:
        """Leave a release as a helm that was killed in the middle of an upgrade does."""
        secret = self.get("secret", f"sh.helm.release.v1.{service}.v1", "--namespace=inferloop")
        release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
        release["version"], release["info"]["status"] = 2, "pending-upgrade"
        packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(release).encode()))).decode()
        labels = {**secret["metadata"]["labels"], "version": "2", "status": "pending-upgrade"}
        metadata = {"name": f"sh.helm.release.v1.{service}.v2", "namespace": "inferloop", "labels": labels}
        document = {"apiVersion": "v1", "kind": "Secret", "type": secret["type"], "metadata": metadata}
        self.cluster.kubectl(["create", "--filename=-"], json.dumps({**document, "data": {"release": packed}}))


def images(story: Story, deployment: str) -> list[str]:
    """Return the images of a deployment."""
    template = story.get("deployment", deployment, "--namespace=inferloop")["spec"]["template"]
    return [one["image"] for one in template["spec"]["containers"]]


@pytest.fixture(scope="module")
def story(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything that is done, in order."""
    root = tmp_path_factory.mktemp("stages") / "project"
    for name in ("services", "environments", "modules", "providers/kubernetes"):
        shutil.copytree(repository / name, root / name, ignore=shutil.ignore_patterns(".terraform"))
    (root / "tools").symlink_to(repository / "tools")
    (root / "providers/aws").mkdir()
    (root / "providers/aws/versions.tf").write_text(FIRST_STAGE)
    target = Target(root, "dev", "aws")
    platform = placeholder_platform(target, load(target), os.environ)
    (root / "platform.json").write_text(json.dumps({**platform, "placeholder": False}))
    story = Story(root)
    try:
        tell(story)
        yield story
    finally:
        story.run("stop", "sandbox", "stop")


def tell(story: Story) -> None:
    """Do everything, in order."""
    story.run("plan before", "plan", *DEV, "--output", "json")
    story.run("refused", "apply", *DEV, "--stage", "services", "--yes")
    if story.run("apply", "apply", *DEV, "--yes", "--output", "json").code != 0:
        return
    story.run("second plan", "plan", *DEV, "--output", "json")
    story.run("drift", "drift", *DEV, "--stage", "services", "--output", "json")
    story.run("status", "status", *DEV, "--output", "json")
    story.run("kubeconfig", "kubeconfig", *DEV)
    story.run("scale", "scale", "textnlp", "--replicas", "2", *DEV)
    story.seen["scaled"] = story.get("deployment", "textnlp", "--namespace=inferloop")["spec"]["replicas"]
    story.run("gitops", "gitops", "render", *DEV, "--repo", "https://git.example.com/p.git", "--output", "json")
    story.seen["values"] = {
        name: json.loads(story.cluster.helm(["get", "values", name, "-n", "inferloop", "--output=json"]).stdout)
        for name in ("tabular", "textnlp")
    }
    story.seen["manifests"] = {
        name: story.cluster.helm(["get", "manifest", name, "-n", "inferloop"]).stdout for name in ("tabular", "textnlp")
    }
    story.get_stuck("textnlp")
    story.run("plan of what is stuck", "plan", *DEV, "--stage", "services")
    story.run("unlock", "release", "unlock", "textnlp", *DEV, "--yes")
    story.run("unlock again", "release", "unlock", "textnlp", *DEV, "--yes")
    story.run("deploy", "deploy", "textnlp", "--tag", "0.2.0", *DEV, "--yes", "--output", "json")
    story.seen["deployed"] = images(story, "textnlp"), images(story, "tabular")
    story.run("failing deploy", "deploy", "textnlp", "--tag", "latest", *DEV, "--yes")
    story.seen["after the failure"] = images(story, "textnlp")
    story.run("status after the failure", "status", *DEV, "--stage", "services", "--output", "json")
    story.run("restored", "apply", *DEV, "--stage", "services", "--yes", "--output", "json")
    story.seen["restored"] = images(story, "textnlp")
    story.cluster.kubectl(["delete", "crd", MONITORS])
    story.run("without a kind", "deploy", "textnlp", "--tag", "0.3.0", *DEV, "--yes")
    for file in crds_folder(story.root).rglob(f"{MONITORS}.yaml"):
        story.cluster.kubectl(["create", "--filename", str(file)])
    story.run("destroy", "destroy", *DEV, "--yes", "--output", "json")
    story.seen["left"] = json.loads(story.cluster.helm(["list", "--all-namespaces", "--output=json"]).stdout)


def test_the_services_are_planned_before_there_is_anything_to_release_into(story: Story) -> None:
    plan = story.ended["plan before"]
    assert plan.code == CHANGES, plan.err
    services = plan.stage("services")
    assert services["placeholder"] is True
    assert {one["service"] for one in services["changes"]} == {"tabular", "textnlp", None}


def test_what_was_planned_on_a_placeholder_is_not_applied(story: Story) -> None:
    refused = story.ended["refused"]
    assert refused.code == FAILED
    assert "stage 1 of dev on aws was never applied" in refused.err
    assert "Apply both stages: inferloop-deploy apply --env dev --cloud aws --sandbox" in refused.err


def test_both_stages_are_applied_in_their_order(story: Story) -> None:
    applied = story.ended["apply"]
    assert applied.code == 0, applied.err
    assert [one["stage"] for one in applied.document["stages"]] == ["infrastructure", "services"]
    assert sorted(applied.stage("services")["outputs"]["releases"]) == ["tabular", "textnlp"]


def test_the_second_plan_is_empty_in_both_stages(story: Story) -> None:
    plan = story.ended["second plan"]
    assert plan.code == 0, plan.out
    assert [(one["changes"], one["outputs"]) for one in plan.document["stages"]] == [([], []), ([], [])]


def test_nothing_has_drifted(story: Story) -> None:
    assert story.ended["drift"].code == 0, story.ended["drift"].out


def test_status_tells_releases_and_what_of_them_is_ready(story: Story) -> None:
    services = story.ended["status"].stage("services")
    releases = {one["name"]: one["status"] for one in services["releases"]}
    assert releases["tabular"] == releases["textnlp"] == "deployed"
    workloads = {one["name"]: (one["ready"], one["desired"]) for one in services["workloads"]}
    assert workloads["textnlp"][0] == workloads["textnlp"][1] > 0


def test_the_kubeconfig_leads_to_the_cluster_and_holds_no_secret(story: Story) -> None:
    document = yaml.safe_load(story.ended["kubeconfig"].out)
    assert document["clusters"][0]["cluster"]["server"] == story.cluster.url
    assert "PRIVATE KEY" not in story.ended["kubeconfig"].out
    assert set(document["users"][0]["user"]) == {"client-certificate", "client-key"}


def test_scaling_by_hand_is_for_now(story: Story) -> None:
    assert story.ended["scale"].code == 0, story.ended["scale"].err
    assert story.seen["scaled"] == 2


def test_gitops_hands_on_the_values_and_manifests_that_terraform_released(story: Story) -> None:
    assert story.ended["gitops"].code == 0, story.ended["gitops"].err
    folder = story.root / "build/dev/aws/sandbox/gitops"
    for name in ("tabular", "textnlp"):
        application = yaml.safe_load((folder / "argo-cd" / f"{name}.yaml").read_text())
        told = yaml.safe_load(application["spec"]["source"]["helm"]["values"])
        assert told == story.seen["values"][name]
        released = [one for one in yaml.safe_load_all(story.seen["manifests"][name]) if one]
        rendered = [one for one in yaml.safe_load_all((folder / "manifests" / f"{name}.yaml").read_text()) if one]
        assert released
        hooks = [one for one in rendered if "helm.sh/hook" in one["metadata"].get("annotations", {})]
        assert [one for one in rendered if one not in hooks] == released


def test_a_release_that_is_stuck_is_told_with_the_command_that_puts_it_back(story: Story) -> None:
    stuck = story.ended["plan of what is stuck"]
    assert stuck.code == FAILED
    assert "textnlp in namespace inferloop: pending-upgrade" in stuck.err
    assert "inferloop-deploy release unlock textnlp --env dev --cloud aws --sandbox" in stuck.err


def test_unlocking_puts_the_last_whole_revision_back_and_does_nothing_the_second_time(story: Story) -> None:
    assert story.ended["unlock"].code == 0, story.ended["unlock"].err
    assert "Revision 1 of textnlp is back. Deploy it again." in story.ended["unlock"].out
    assert "textnlp is not stuck, it is deployed" in story.ended["unlock again"].out


def test_one_service_is_deployed_with_another_image_and_nothing_else(story: Story) -> None:
    deployed = story.ended["deploy"]
    assert deployed.code == 0, deployed.err
    assert [one["service"] for one in deployed.document["plan"]["changes"]] == ["textnlp"]
    mine, others = story.seen["deployed"]
    assert all(image.endswith("/textnlp:0.2.0") for image in mine)
    assert not any("0.2.0" in image for image in others)


def test_a_deploy_that_fails_leaves_what_was_there(story: Story) -> None:
    failed = story.ended["failing deploy"]
    assert failed.code != 0
    assert story.seen["after the failure"] == story.seen["deployed"][0]
    releases = story.ended["status after the failure"].stage("services")["releases"]
    assert {one["status"] for one in releases} == {"deployed"}


def test_the_next_apply_brings_back_what_the_files_say(story: Story) -> None:
    assert story.ended["restored"].code == 0, story.ended["restored"].err
    assert all(image.endswith("/textnlp:0.1.0") for image in story.seen["restored"])


def test_a_missing_kind_is_named_with_what_brings_it(story: Story) -> None:
    failed = story.ended["without a kind"]
    assert failed.code == FAILED
    assert "ServiceMonitor (monitoring.coreos.com/v1), which the Prometheus operator" in failed.err


def test_destroy_removes_the_services_first_and_leaves_no_release(story: Story) -> None:
    gone = story.ended["destroy"]
    assert gone.code == 0, gone.err
    assert [one["stage"] for one in gone.document["stages"]] == ["services", "infrastructure"]
    assert story.seen["left"] == []


def test_a_service_outside_of_the_cluster_is_not_deployed(story: Story) -> None:
    ended = story.run("deploy of syndoc", "deploy", "syndoc", *DEV)
    assert ended.code == USAGE
    assert "Nothing of syndoc runs in the cluster" in ended.err
