"""A real API server takes what the platform releases, with strict validation, and refuses what its policies, quotas and roles refuse."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_cases import CASES, CHARTS, PLATFORM, ROOT, Computed

from inferloop_deploy.sandbox.cluster import Cluster

Objects = Callable[[Computed, str], list[dict[str, Any]]]
UNPROVEN = {"KongClusterPlugin": "configuration.konghq.com"}
"""No schema of these is to be had: tools/kubernetes/crds.toml says why."""
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = "sha256:" + "0" * 64
LABELS = {
    "app.kubernetes.io/name": "tabular", "app.kubernetes.io/instance": "tabular", "app.kubernetes.io/part-of": "inferloop",
}  # fmt: skip


def apply(cluster: Cluster, objects: list[dict[str, Any]]) -> None:
    """Apply objects as helm 4 and Argo CD do: on the server's side, with unknown fields refused."""
    arguments = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "--filename=-"]
    cluster.kubectl(arguments, yaml.safe_dump_all(objects))


def served_kinds(cluster: Cluster) -> set[tuple[str, str]]:
    """Return group and kind of everything that a cluster serves."""
    listed = cluster.kubectl(["api-resources", "--no-headers"]).stdout.splitlines()
    return {
        ("" if "/" not in line.split()[-3] else line.split()[-3].split("/")[0], line.split()[-1]) for line in listed
    }


@pytest.mark.parametrize("name", CASES)
def test_the_api_server_accepts_everything_that_is_released(
    control_plane: Cluster, computed: dict[str, Computed], objects: Objects, name: str
) -> None:
    served = served_kinds(control_plane)
    unproven = set()
    try:
        for release in CHARTS:
            found = objects(computed[name], release)
            known = [one for one in found if (one["apiVersion"].rpartition("/")[0], one["kind"]) in served]
            apply(control_plane, known)
            unproven |= {one["kind"] for one in found if one not in known}
    finally:
        # Its provisioner and parameters cannot change, and the next case has others.
        control_plane.kubectl(["delete", "storageclass", "--all"])

    assert unproven <= set(UNPROVEN), "these have no definition on this server and are not on the list of the unproven"


def test_what_is_listed_as_unproven_is_not_served(control_plane: Cluster) -> None:
    served = {kind for group, kind in served_kinds(control_plane) if group in UNPROVEN.values()}

    assert served & set(UNPROVEN) == set(), "there is a definition now: take it off the list"


@pytest.fixture(scope="module")
def prod(
    control_plane: Cluster, computed: dict[str, Computed], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The control plane with platform-base of the case prod-aws released by helm."""
    values = tmp_path_factory.mktemp("base") / "values.yaml"
    values.write_text(computed["prod-aws"].values("platform-base"))
    # What the cases above applied without helm is not helm's.
    for kind in (
        "validatingadmissionpolicybinding",
        "validatingadmissionpolicy",
        "clusterrolebinding",
        "clusterrole",
        "priorityclass",
    ):
        control_plane.kubectl(["delete", kind, "--selector=app.kubernetes.io/instance=platform-base"])
    control_plane.kubectl(["delete", "namespace", "--selector=app.kubernetes.io/instance=platform-base"])
    chart = str(PLATFORM / "charts" / "base")
    control_plane.helm(["install", "platform-base", chart, "--namespace=kube-system", f"--values={values}", "--wait"])
    control_plane.kubectl(["create", "serviceaccount", "tabular", "--namespace=inferloop"])
    until_policies_hold(control_plane)
    yield control_plane
    control_plane.helm(["uninstall", "platform-base", "--namespace=kube-system", "--wait"])


def until_policies_hold(cluster: Cluster) -> None:
    """Ask until the API server has compiled its policies: it does so a moment after they are there."""
    said = ""
    for _ in range(200):
        said = create(
            cluster, pod(lambda one: one["spec"]["containers"][0].update(image="elsewhere.example/a@" + DIGEST))
        )
        if "come from elsewhere" in said:
            return
    pytest.fail(f"The policies never refused anything; the last answer: {said}")


def pod(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return a pod that is right, or changed to be wrong."""
    found: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tabular", "namespace": "inferloop", "labels": dict(LABELS)},
        "spec": {
            "serviceAccountName": "tabular",
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "main",
                    "image": f"{REGISTRY}/inferloop-prod/tabular@{DIGEST}",
                    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                }
            ],
        },
    }
    change(found)
    return found


def deployment(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return a Deployment of such a pod."""
    template = pod(change)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "tabular", "namespace": "inferloop"},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "tabular"}},
            "template": {"metadata": {"labels": template["metadata"]["labels"]}, "spec": template["spec"]},
        },
    }


def cron_job(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return a CronJob of such a pod."""
    template = copy.deepcopy(deployment(change)["spec"]["template"])
    template["spec"]["restartPolicy"] = "Never"
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tabular", "namespace": "inferloop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
    }


def service(kind: str, **changes: object) -> dict[str, Any]:
    """Return a Service of a type, changed."""
    metadata = {"name": "tabular", "namespace": "inferloop"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"type": kind, "ports": [{"port": 80}], **changes},
    }


def image(name: str) -> Callable[[dict[str, Any]], object]:
    """Return what gives a pod another image."""
    return lambda one: one["spec"]["containers"][0].update(image=name)


def create(cluster: Cluster, manifest: dict[str, Any]) -> str:
    """Return what the API server says against an object; nothing where it would take it."""
    outcome = cluster.kubectl(["create", "--dry-run=server", "--filename=-"], json.dumps(manifest), check=False)
    return "" if outcome.returncode == 0 else outcome.stderr


def sidecar(one: dict[str, Any]) -> None:
    """Put the mesh's proxy beside the container, as istiod does."""
    one["spec"]["initContainers"] = [
        one["spec"]["containers"][0] | {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.30.4"}
    ]


@pytest.mark.parametrize(
    "manifest",
    [
        pod(),
        pod(sidecar),
        pod(
            lambda one: one["spec"].pop("serviceAccountName") and one["spec"].update(automountServiceAccountToken=False)
        ),
        pod(image(f"{REGISTRY}/inferloop-prod/tabular:0.1.0@{DIGEST}")),
        deployment(),
        cron_job(),
        service("ClusterIP"),
    ],
)
def test_what_is_right_is_let_in(prod: Cluster, manifest: dict[str, Any]) -> None:
    assert create(prod, manifest) == ""


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (pod(image(f"docker.io/library/nginx@{DIGEST}")), f"images docker.io/library/nginx@{DIGEST} come from elsewhere; images of services come from {REGISTRY}"),
        (pod(image(f"{REGISTRY}.example.com/a@{DIGEST}")), "come from elsewhere"),
        (pod(image(f"{REGISTRY}/a:latest")), f"images {REGISTRY}/a:latest have no tag, or latest"),
        (pod(image(f"{REGISTRY}/a")), f"images {REGISTRY}/a have no tag, or latest"),
        (pod(image(f"{REGISTRY}:5000/a")), "come from elsewhere"),
        (pod(image(f"{REGISTRY}/a:0.1.0")), f"images {REGISTRY}/a:0.1.0 are not named by digest, which environment prod demands"),
        (pod(lambda one: one["spec"].update(initContainers=[one["spec"]["containers"][0] | {"name": "first", "image": "busybox:1"}])), "images busybox:1 come from elsewhere"),
        (pod(lambda one: one["metadata"]["labels"].pop("app.kubernetes.io/part-of")), "pods of services need the labels app.kubernetes.io/part-of"),
        (pod(lambda one: one["metadata"].pop("labels")), "pods of services need the labels app.kubernetes.io/name, app.kubernetes.io/instance, app.kubernetes.io/part-of"),
        (pod(lambda one: one["spec"].pop("serviceAccountName")), "this one would carry the token of the default one"),
        (pod(lambda one: one["spec"].update(serviceAccountName="default")), "this one would carry the token of the default one"),
        (pod(lambda one: one["spec"]["containers"][0].pop("securityContext")), 'violates PodSecurity "restricted:latest"'),
        (pod(lambda one: one["spec"].update(hostNetwork=True)), 'violates PodSecurity "restricted:latest"'),
        (deployment(image(f"{REGISTRY}/a:latest")), "have no tag, or latest"),
        (deployment(image("nginx:1")), "come from elsewhere"),
        (deployment(lambda one: one["spec"].pop("serviceAccountName")), "token of the default one"),
        (cron_job(image(f"{REGISTRY}/a:latest")), "have no tag, or latest"),
        (cron_job(lambda one: one["spec"].pop("serviceAccountName")), "token of the default one"),
        (pod(lambda one: one["spec"].update(priorityClassName="system-cluster-critical", priority=2000000000)), "priority system-cluster-critical is none of services"),
        (pod(lambda one: one["spec"].update(initContainers=[one["spec"]["containers"][0] | {"name": "shell", "image": "docker.io/istio/base:1.30.4"}])), "images docker.io/istio/base:1.30.4 come from elsewhere"),
        (deployment(lambda one: one["spec"].update(priorityClassName="system-node-critical")), "priority system-node-critical is none of services"),
        (service("LoadBalancer"), "services are reached through the gateway"),
        (service("NodePort"), "services are reached through the gateway"),
        (service("ClusterIP", externalIPs=["192.0.2.1"]), "with externalIPs a Service would take what others send"),
        (service("ExternalName", externalName="argocd-server.argocd.svc.cluster.local"), "with type ExternalName the gateway would lead"),
        (pod(lambda one: one["spec"].update(volumes=[{"name": "tools", "image": {"reference": "docker.io/library/busybox:1"}}])), "images docker.io/library/busybox:1 come from elsewhere"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_reason(prod: Cluster, manifest: dict[str, Any], said: str) -> None:
    assert said in create(prod, manifest)


SERVICES = sorted((ROOT / "tests" / "golden" / "chart").glob("*.yaml"))


@pytest.mark.parametrize("manifests", SERVICES, ids=[path.stem for path in SERVICES])
def test_what_the_chart_of_services_makes_passes_every_policy(prod: Cluster, manifests: Path) -> None:
    """With the images of this environment; what makes pods and Services is what policies look at."""
    text = re.sub(
        r'image: "?registry\.example\.com/([^\s:@"]+)\S*', rf"image: {REGISTRY}/\1@{DIGEST}", manifests.read_text()
    )
    looked_at = {"CronJob", "Deployment", "Job", "Pod", "Service", "StatefulSet"}
    found = [one for one in yaml.safe_load_all(text) if one and one["kind"] in looked_at]
    for one in found:
        one["metadata"]["namespace"] = "inferloop"
        if one["kind"] == "Pod":
            one["spec"]["serviceAccountName"] = "tabular"

    assert len(found) > 1
    assert {f"{one['kind']} {one['metadata']['name']}": said for one in found if (said := create(prod, one))} == {}


def test_namespaces_of_add_ons_are_none_of_the_policies_business(prod: Cluster) -> None:
    manifest = pod(image("docker.io/grafana/grafana:12"))
    manifest["metadata"]["namespace"] = "monitoring"
    manifest["spec"].pop("serviceAccountName")

    assert create(prod, manifest) == ""


def test_no_expression_of_a_policy_is_of_a_wrong_type(prod: Cluster) -> None:
    # The controller that checks types writes the generation that it has looked at into the status.
    names = [
        f"validatingadmissionpolicy/inferloop-{name}"
        for name in ("cronjobs", "exposure", "plugins", "pods", "volumes", "workloads")
    ]
    prod.kubectl(["wait", "--for=jsonpath={.status.observedGeneration}=1", "--timeout=60s", *names])
    found = json.loads(prod.kubectl(["get", "validatingadmissionpolicy", "--output=json"]).stdout)["items"]

    assert {one["metadata"]["name"]: one["status"].get("typeChecking", {}) for one in found} == {
        f"inferloop-{name}": {} for name in ("cronjobs", "exposure", "plugins", "pods", "volumes", "workloads")
    }


def test_more_than_the_quota_is_refused_with_the_sums(prod: Cluster) -> None:
    quota = json.loads(
        prod.kubectl(["get", "resourcequota", "services", "--namespace=inferloop", "--output=json"]).stdout
    )
    # (64000 + 60 * 50 + 1000) * 1.5
    assert quota["spec"]["hard"]["requests.cpu"] == "102"

    def ask(cores: str) -> Callable[[dict[str, Any]], object]:
        return lambda one: one["spec"]["containers"][0]["resources"]["requests"].update(cpu=cores)

    assert create(prod, pod(ask("101"))) == ""
    said = create(prod, pod(ask("103")))
    assert "exceeded quota: services, requested: requests.cpu=103" in said
    assert "limited: requests.cpu=102" in said


def test_a_container_that_asks_for_nothing_gets_the_defaults(prod: Cluster) -> None:
    manifest = pod(lambda one: one["spec"]["containers"][0].pop("resources"))
    made = prod.kubectl(["create", "--dry-run=server", "--output=json", "--filename=-"], json.dumps(manifest)).stdout
    resources = json.loads(made)["spec"]["containers"][0]["resources"]

    assert resources == {"requests": {"cpu": "100m", "memory": "128Mi"}}
    assert json.loads(made)["spec"]["priorityClassName"] == "inferloop-standard"


ALLOWED = {
    # verb, what, namespace (- for the whole cluster): who may
    "get pods inferloop": "team operator read_only ci",
    "get pods monitoring": "operator read_only",
    "get pods/log inferloop": "team operator read_only ci",
    "create pods/portforward inferloop": "team operator",
    "create pods/exec inferloop": "operator",
    "delete pods inferloop": "team operator ci",
    "get secrets inferloop": "ci",
    "get secrets monitoring": "",
    "create secrets inferloop": "ci",
    "create deployments.apps inferloop": "operator ci",
    "create deployments.apps monitoring": "operator",
    "patch deployments.apps inferloop": "operator ci",
    "patch deployments.apps/scale inferloop": "team operator ci",
    "create jobs.batch inferloop": "operator ci",
    "delete jobs.batch inferloop": "team operator ci",
    "create daemonsets.apps inferloop": "operator",
    "create envoyfilters.networking.istio.io inferloop": "operator",
    "create ingresses.networking.k8s.io inferloop": "operator",
    "create pushsecrets.external-secrets.io inferloop": "operator",
    "create gateways.gateway.networking.k8s.io inferloop": "operator",
    "create externalsecrets.external-secrets.io inferloop": "operator ci",
    "get scaledobjects.keda.sh inferloop": "team operator read_only ci",
    "get virtualservices.networking.istio.io inferloop": "team operator read_only ci",
    "create rolebindings.rbac.authorization.k8s.io inferloop": "",
    "update resourcequotas inferloop": "operator",
    "patch networkpolicies.networking.k8s.io inferloop": "operator ci",
    "create persistentvolumes -": "ci",
    "patch nodes -": "operator",
    "get nodes -": "operator read_only ci",
    "create namespaces -": "",
    "delete namespaces -": "",
    "create clusterrolebindings.rbac.authorization.k8s.io -": "",
    "get clusterroles.rbac.authorization.k8s.io -": "operator",
    "delete validatingadmissionpolicies.admissionregistration.k8s.io -": "",
    "get applications.argoproj.io argocd": "operator read_only",
    "patch applications.argoproj.io argocd": "operator",
    "impersonate users -": "",
}
GROUPS = {"team": "data-team", "operator": "on-call", "read_only": "auditors", "ci": "pipelines"}


def review(question: str, group: str) -> dict[str, Any]:
    """Return what `kubectl auth can-i` asks the API server for a question and a group."""
    verb, what, namespace = question.split()
    name, _, part = what.partition("/")
    resource, _, api_group = name.partition(".")
    attributes = {"verb": verb, "resource": resource, "subresource": part, "group": api_group}
    if namespace != "-":
        attributes["namespace"] = namespace
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "somebody", "groups": [group, "system:authenticated"], "resourceAttributes": attributes},
    }


@pytest.fixture(scope="module")
def answers(prod: Cluster) -> dict[tuple[str, str], bool]:
    """What each role may do, for every question, asked at once."""
    asked = [(question, role) for question in ALLOWED for role in GROUPS]
    reviews = yaml.safe_dump_all(review(question, GROUPS[role]) for question, role in asked)
    said = prod.kubectl(["create", "--output=json", "--filename=-"], reviews).stdout
    found = json.JSONDecoder()
    decided, at = [], 0
    while at < len(said.rstrip()):
        one, at = found.raw_decode(said, at)
        decided.append(one["status"]["allowed"])
        at += len(said[at:]) - len(said[at:].lstrip())
    assert len(decided) == len(asked)
    return dict(zip(asked, decided, strict=True))


@pytest.mark.parametrize("question", ALLOWED)
def test_each_role_may_do_what_it_is_for_and_no_more(answers: dict[tuple[str, str], bool], question: str) -> None:
    assert " ".join(role for role in GROUPS if answers[question, role]) == ALLOWED[question]


def test_kubectl_answers_as_the_table_does(prod: Cluster) -> None:
    """One question in kubectl's own words, with a certificate of a user in the group."""
    member = prod.user("ann", ["data-team"])

    assert prod.kubectl(["auth", "can-i", "get", "pods", "--namespace=inferloop"], kubeconfig=member).stdout == "yes\n"
    refused = prod.kubectl(["auth", "can-i", "get", "secrets", "--namespace=inferloop"], check=False, kubeconfig=member)
    assert refused.stdout == "no\n"


def test_teams_say_what_pods_run_only_where_it_is_not_production(
    computed: dict[str, Computed], objects: Objects
) -> None:
    """Who opens a shell in a pod, changes it, or makes a job, reads what the pod may read."""
    found = objects(computed["dev-aws"], "platform-base")
    (role,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == ("ClusterRole", "inferloop-team")]
    may = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}

    assert {("pods/exec", "create"), ("deployments", "patch"), ("jobs", "create")} <= may


def volume(**source: object) -> dict[str, Any]:
    """Return a volume of a source for a claim of a service."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "inferloop-tabular-models"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": "inferloop", "name": "tabular-models"},
            **source,
        },
    }


EFS = {"csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1"}}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (volume(**EFS), ""),
        (volume(hostPath={"path": "/"}), "others, such as hostPath, open the disks of nodes"),
        (volume(**EFS, claimRef=None), "spec.claimRef.namespace has to name inferloop"),
        (volume(**EFS, claimRef={"namespace": "monitoring", "name": "a"}), "pipelines make and change volumes of services only"),
    ],
)  # fmt: skip
def test_pipelines_make_volumes_of_drivers_for_services_only(
    prod: Cluster, manifest: dict[str, Any], said: str
) -> None:
    pipeline = prod.user("deploy", ["pipelines"])
    outcome = prod.kubectl(
        ["create", "--dry-run=server", "--filename=-"], json.dumps(manifest), check=False, kubeconfig=pipeline
    )

    assert said in outcome.stderr
    assert (outcome.returncode == 0) == (said == "")


def test_pipelines_do_not_touch_volumes_of_others(prod: Cluster) -> None:
    theirs = volume(**EFS, claimRef={"namespace": "monitoring", "name": "prometheus"})
    prod.kubectl(["create", "--filename=-"], json.dumps(theirs))
    try:
        outcome = prod.kubectl(
            ["delete", "persistentvolume", "inferloop-tabular-models", "--wait=false"],
            check=False,
            kubeconfig=prod.user("deploy", ["pipelines"]),
        )
    finally:
        prod.kubectl(["delete", "persistentvolume", "inferloop-tabular-models", "--ignore-not-found"])

    assert "pipelines make and change volumes of services only" in outcome.stderr


def test_a_release_that_needs_kinds_which_are_not_there_makes_nothing(
    prod: Cluster, computed: dict[str, Computed], tmp_path: Path
) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(computed["prod-aws"].values("platform-resources"))
    arguments = [
        "install",
        "platform-resources",
        str(PLATFORM / "charts" / "resources"),
        "--namespace=argocd",
        f"--values={values}",
    ]
    outcome = prod.helm([*arguments, "--atomic"], check=False)

    assert outcome.returncode != 0
    assert "The cluster does not serve configuration.konghq.com/v1 (add-on kong)" in outcome.stderr
    assert prod.helm(["list", "--all", "--namespace=argocd", "--short"]).stdout == ""


def test_namespaces_that_are_protected_outlive_their_release(
    prod: Cluster, computed: dict[str, Computed], tmp_path: Path
) -> None:
    """Releasing again takes them over; helm says which it kept."""
    values = tmp_path / "values.yaml"
    values.write_text(computed["prod-aws"].values("platform-base"))
    said = prod.helm(["uninstall", "platform-base", "--namespace=kube-system", "--wait"]).stdout

    assert "[Namespace] inferloop" in said
    assert prod.kubectl(["get", "namespace", "inferloop", "--output=name"]).stdout.strip() == "namespace/inferloop"
    chart = str(PLATFORM / "charts" / "base")
    prod.helm(["install", "platform-base", chart, "--namespace=kube-system", f"--values={values}", "--wait"])
