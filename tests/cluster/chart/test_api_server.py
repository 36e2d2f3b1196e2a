"""The chart on a real API server: every object is taken, with strict fields and the restricted standard enforced."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from charts import CHART, PRIORITIES, Document, Tree, case_names, case_values, documents, template

from inferloop_deploy.sandbox.cluster import Cluster


@pytest.fixture
def restricted(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A namespace as the platform makes it: nothing is admitted that is not restricted."""
    cluster.kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted"])
    cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--filename=-"], PRIORITIES)
    yield namespace
    # Their values cannot change, and other tests on this control plane give them the platform's.
    cluster.kubectl(["delete", "--ignore-not-found", "--filename=-"], PRIORITIES)


@pytest.fixture(scope="session")
def unproven(repository: Path) -> set[str]:
    """Kinds that have no definition to be had, of which no object can be sent."""
    pins = tomllib.loads((repository / "tools" / "kubernetes" / "crds.toml").read_text(encoding="utf-8"))
    return {kind for entry in pins["unproven"].values() for kind in entry["kinds"]}


def in_namespace(case: str, namespace: str) -> list[Document]:
    """Return the objects of a case in a namespace."""
    return list(documents(template(case_values(case), namespace).stdout))


@pytest.mark.parametrize("case", case_names())
def test_every_object_is_taken(case: str, cluster: Cluster, restricted: str, unproven: set[str]) -> None:
    found = in_namespace(case, restricted)
    sent = [each for each in found if f"{each.tree['apiVersion']}/{each.kind}" not in unproven]
    assert {each.kind for each in found} - {each.kind for each in sent} <= {"KongPlugin", "KongConsumer"}
    # A pod of its own needs the account to be there, also in a dry run.
    cluster.kubectl(["create", "serviceaccount", str(case_values(case)["name"]), "--namespace", restricted])
    command = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "--filename=-"]
    answers = cluster.kubectl(command, "\n---\n".join(each.text for each in sent))
    assert len(answers.stdout.splitlines()) == len(sent)
    # Admission warns of templates of pods that it would refuse later.
    assert "would violate PodSecurity" not in answers.stderr


def test_a_pod_that_is_not_restricted_is_refused_there(cluster: Cluster, restricted: str) -> None:
    """The namespace of these tests enforces what they rely on."""
    pod = {"metadata": {"name": "open"}, "spec": {"containers": [{"name": "main", "image": "registry.example.com/a"}]}}
    manifest = yaml.safe_dump({"apiVersion": "v1", "kind": "Pod"} | pod)
    done = cluster.kubectl(["apply", "--namespace", restricted, "--filename=-"], manifest, check=False)
    assert 'violates PodSecurity "restricted' in done.stderr


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """A service with migrations, a job and everything else that runs without Kong."""
    tree = case_values("migrations") | {"gateway": {"kind": "none"}, "test": {"enabled": True}}
    tree["network"]["ingressFrom"] = []
    tree["processes"]["once"] = {"kind": "Job", "args": ["index"]}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


def objects(cluster: Cluster, namespace: str, kinds: str) -> dict[str, Tree]:
    """Return objects of a namespace by kind and name."""
    items = json.loads(cluster.kubectl(["get", kinds, "--namespace", namespace, "--output=json"]).stdout)["items"]
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


KINDS = "deployments,jobs,serviceaccounts,networkpolicies,externalsecrets,services,configmaps"


def test_a_release_with_migrations_is_installed_upgraded_rolled_back_and_removed(
    cluster: Cluster, restricted: str, values: Path
) -> None:
    """Migrations run with a service account that stands in on the first installation, and with the real one afterwards."""
    place = ["--namespace", restricted]
    release = ["accounts", str(CHART), *place, "--values", str(values), "--wait", "--timeout", "3m"]
    cluster.helm(["install", *release])
    first = objects(cluster, restricted, KINDS)
    account = first["ServiceAccount/accounts"]["metadata"]
    assert account["annotations"]["meta.helm.sh/release-name"] == "accounts"
    assert "helm.sh/hook" not in account["annotations"]
    assert {"Deployment/accounts", "ConfigMap/accounts-config", "ExternalSecret/accounts-database"} <= set(first)
    assert not {name for name in first if "migrations" in name}

    cluster.helm(["upgrade", *release, "--set", "image.tag=0.2.0", "--set", "config.FEATURES=none"])
    second = objects(cluster, restricted, KINDS)
    assert second["ServiceAccount/accounts"]["metadata"]["uid"] == account["uid"]
    assert second["Deployment/accounts"]["metadata"]["uid"] == first["Deployment/accounts"]["metadata"]["uid"]
    [before], [after] = ({name for name in each if name.startswith("Job/")} for each in (first, second))
    assert before != after
    assert not {name for name in second if "migrations" in name}

    cluster.helm(["rollback", "accounts", "1", *place, "--wait", "--timeout", "3m"])
    third = objects(cluster, restricted, KINDS)
    image = third["Deployment/accounts"]["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.example.com/inferloop/accounts:0.1.0"
    assert third["ConfigMap/accounts-config"]["data"] == first["ConfigMap/accounts-config"]["data"]

    cluster.helm(["uninstall", "accounts", *place, "--wait", "--timeout", "3m"])
    assert set(objects(cluster, restricted, KINDS)) <= {"ServiceAccount/default", "ConfigMap/kube-root-ca.crt"}


def test_migrations_that_fail_leave_the_version_before_as_it_is(
    cluster: Cluster, restricted: str, values: Path, tmp_path: Path
) -> None:
    place = ["--namespace", restricted]
    cluster.helm(["install", "accounts", str(CHART), *place, "--values", str(values), "--wait", "--timeout", "3m"])
    before = objects(cluster, restricted, "deployments,serviceaccounts,configmaps")
    # No node has such a label, so that the hook cannot start and runs out of its time.
    tree = yaml.safe_load(values.read_text(encoding="utf-8"))
    tree["migrations"] |= {"timeoutSeconds": 2, "resources": {"requests": {"cpu": "9999"}}}
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(tree | {"config": {"NEW": "1"}}), encoding="utf-8")
    upgrade = ["upgrade", "accounts", str(CHART), *place, "--values", str(changed), "--timeout", "1m"]
    failed = cluster.helm(upgrade, check=False)
    assert failed.returncode != 0
    assert "pre-upgrade hooks failed" in failed.stderr
    after = objects(cluster, restricted, "deployments,serviceaccounts,configmaps")
    uids = [
        {name: item["metadata"]["resourceVersion"] for name, item in each.items() if "Deployment" not in name}
        for each in (before, after)
    ]
    assert uids[0] == uids[1]
    assert after["Deployment/accounts"]["spec"] == before["Deployment/accounts"]["spec"]
