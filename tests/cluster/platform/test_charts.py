"""The platform's own charts: strict in what they take, right in what they render, and the same as yesterday."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_cases import CASES, CHARTS, KUBERNETES, PLATFORM, ROOT, Computed

GOLDEN = ROOT / "tests" / "golden" / "platform"
SHOWN = ("dev-aws", "staging-aws", "prod-aws")
"""Cases whose manifests a person reads."""
OWN = ("platform-base", "platform-applications", "platform-resources")
"""Releases whose charts are of this folder's tests; pages and alerts have tests of their own."""
Objects = Callable[[Computed, str], list[dict[str, Any]]]
RELEASES = [(case, release) for case in CASES for release in CHARTS]


@pytest.mark.parametrize(("name", "release"), [(case, release) for case in SHOWN for release in OWN])
def test_manifests_are_those_of_the_golden_files(
    computed: dict[str, Computed],
    rendered: Callable[[Computed, str], str],
    golden: Callable[[Path, str], None],
    name: str,
    release: str,
) -> None:
    golden(GOLDEN / f"{name}-{CHARTS[release]}.yaml", rendered(computed[name], release))


@pytest.mark.parametrize("name", SHOWN)
def test_the_values_of_argo_cd_are_those_of_the_golden_file(
    computed: dict[str, Computed], golden: Callable[[Path, str], None], name: str
) -> None:
    golden(GOLDEN / f"{name}-argo-cd-values.yaml", computed[name].values("argo-cd"))


@pytest.mark.parametrize(("name", "release"), RELEASES)
def test_helm_lint_finds_nothing(
    computed: dict[str, Computed], helm: Path, tmp_path: Path, name: str, release: str
) -> None:
    values = yaml.safe_load(computed[name].values(release))
    # `helm lint` cannot be told what a cluster serves; what asks for it is tested below.
    values.pop("apis", None)
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    command = [helm, "lint", "--strict", PLATFORM / "charts" / CHARTS[release], "--values", tmp_path / "values.yaml"]
    outcome = subprocess.run([*command, f"--kube-version={KUBERNETES}"], capture_output=True, text=True, check=False)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("chart", "values", "said"),
    [
        ("base", {"environment": "Prod"}, "environment"),
        ("base", {"environment": "dev", "nodes": 3}, "nodes"),
        ("base", {"environment": "dev", "namespaces": {"a": {"level": "open"}}}, "level"),
        ("base", {"environment": "dev", "namespaces": {"A_b": {"level": "baseline"}}}, "A_b"),
        ("base", {"environment": "dev", "namespaces": {"a": {"level": "baseline", "quota": {"cores": "3"}}}}, "cores"),
        ("base", {"environment": "dev", "policies": {"enabled": True, "images": {"registries": []}}}, "registries"),
        ("base", {"environment": "dev", "policies": {"images": {"registries": ["a.example/"]}}}, "registries"),
        ("applications", {"environment": "dev", "applications": {"a": {"namespace": "a", "wave": 1}}}, "source"),
        ("applications", {"environment": "dev", "applications": {"a": {"namespace": "a", "wave": 1, "source": {"repository": "ftp://a", "version": "1", "chart": "a"}}}}, "repository"),
        ("applications", {"environment": "dev", "applications": {"a": {"namespace": "a", "wave": 1, "source": {"repository": "https://a", "version": "1"}}}}, "source"),
        ("resources", {"environment": "dev", "objects": {"a": {"apiVersion": "v1"}}}, "a"),
        ("resources", {"environment": "dev", "objects": {"a": {"apiVersion": "core.example/v1", "kind": "Secret", "metadata": {"name": "a"}}}}, "kind"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused_by_name(
    helm: Path, tmp_path: Path, chart: str, values: dict[str, Any], said: str
) -> None:
    (tmp_path / "values.yaml").write_text(json.dumps(values))
    command = [helm, "template", "x", PLATFORM / "charts" / chart, "--values", tmp_path / "values.yaml"]
    outcome = subprocess.run([*command, f"--kube-version={KUBERNETES}"], capture_output=True, text=True, check=False)

    assert outcome.returncode != 0
    assert "values don't meet the specifications" in outcome.stderr
    assert said in outcome.stderr


def test_objects_are_not_rendered_before_their_kinds_are_served(
    computed: dict[str, Computed], helm: Path, tmp_path: Path
) -> None:
    (tmp_path / "values.yaml").write_text(computed["prod-aws"].values("platform-resources"))
    served = [
        f"--api-versions={api}" for api in computed["prod-aws"].outputs["apis"] if not api.startswith("cert-manager.io")
    ]
    command = [helm, "template", "x", PLATFORM / "charts" / "resources", "--values", tmp_path / "values.yaml"]
    outcome = subprocess.run(
        [*command, f"--kube-version={KUBERNETES}", *served], capture_output=True, text=True, check=False
    )

    assert outcome.returncode != 0
    assert "The cluster does not serve cert-manager.io/v1 (add-on cert-manager). Argo CD installs" in outcome.stderr
    assert "then apply again" in outcome.stderr


@pytest.mark.parametrize(("name", "release"), RELEASES)
def test_every_object_says_whose_it_is(
    computed: dict[str, Computed], objects: Objects, name: str, release: str
) -> None:
    found = objects(computed[name], release)

    assert found
    for one in found:
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "inferloop", one["metadata"]["name"]
        assert one["metadata"]["labels"]["inferloop.io/environment"] == CASES[name]["environment"]["name"]
    assert len({(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]) for one in found}) == len(
        found
    )


@pytest.mark.parametrize("name", CASES)
def test_every_namespace_has_pod_security_and_those_of_services_a_quota_limits_and_a_closed_door(
    computed: dict[str, Computed], objects: Objects, name: str
) -> None:
    found = objects(computed[name], "platform-base")
    kept = CASES[name]["environment"]["deletion_protection"]
    for namespace in [one for one in found if one["kind"] == "Namespace"]:
        labels, annotations = namespace["metadata"]["labels"], namespace["metadata"].get("annotations", {})
        inside = {one["kind"] for one in found if one["metadata"].get("namespace") == namespace["metadata"]["name"]}

        assert labels["pod-security.kubernetes.io/enforce"] in {"restricted", "baseline", "privileged"}
        assert labels["pod-security.kubernetes.io/warn"] == labels["pod-security.kubernetes.io/audit"] == "restricted"
        assert ("helm.sh/resource-policy" in annotations) == kept
        if labels.get("inferloop.io/services") == "true":
            assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
            assert {"ResourceQuota", "LimitRange", "NetworkPolicy"} <= inside
        else:
            assert annotations["inferloop.io/pod-security"].endswith(".")
            assert "ResourceQuota" not in inside


def test_every_add_on_has_a_namespace_that_is_made_or_there(computed: dict[str, Computed], objects: Objects) -> None:
    for case in computed.values():
        made = {one["metadata"]["name"] for one in objects(case, "platform-base") if one["kind"] == "Namespace"} | {
            "kube-system"
        }
        for release in ("platform-applications", "platform-resources"):
            used = {one["metadata"]["namespace"] for one in objects(case, release) if "namespace" in one["metadata"]}

            assert used <= made, f"{case.name} {release}"
        assert {application["namespace"] for application in case.applications.values()} <= made


@pytest.mark.parametrize("name", CASES)
def test_the_project_lets_each_application_take_its_source_to_its_namespace_and_no_other(
    computed: dict[str, Computed], objects: Objects, name: str
) -> None:
    found = objects(computed[name], "platform-applications")
    (project,) = [one["spec"] for one in found if one["kind"] == "AppProject"]
    applications = [one["spec"] for one in found if one["kind"] == "Application"]

    assert {one["project"] for one in applications} == {"platform"}
    assert {one["source"]["repoURL"] for one in applications} == set(project["sourceRepos"])
    assert {one["destination"]["namespace"] for one in applications} <= {
        one["namespace"] for one in project["destinations"]
    }
    assert "*" not in json.dumps(project)


@pytest.mark.parametrize("name", CASES)
def test_applications_mend_what_drifts_and_are_tried_until_what_they_need_is_there(
    computed: dict[str, Computed], objects: Objects, name: str
) -> None:
    for one in objects(computed[name], "platform-applications"):
        if one["kind"] == "Application":
            policy = one["spec"]["syncPolicy"]

            assert policy["automated"] == {"prune": True, "selfHeal": True}
            assert policy["retry"]["limit"] >= 20
            assert {"ServerSideApply=true", "CreateNamespace=false"} <= set(policy["syncOptions"])
            assert re.fullmatch(r"\d", one["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
            assert ("finalizers" in one["metadata"]) != CASES[name]["environment"]["deletion_protection"]


def test_charts_in_registries_are_made_known_as_such(computed: dict[str, Computed], objects: Objects) -> None:
    def registries(name: str) -> list[dict[str, str]]:
        return [
            one["stringData"] for one in objects(computed[name], "platform-applications") if one["kind"] == "Secret"
        ]

    assert registries("prod-aws") == []
    assert registries("linkerd-aws") == [{"type": "helm", "enableOCI": "true", "url": "public.ecr.aws/karpenter"}]
    assert registries("staging-aws") == [
        {"type": "helm", "enableOCI": "true", "url": "registry.example.com/mirror/charts"}
    ]


def test_one_storage_class_is_the_default_and_waits_for_its_pod(
    computed: dict[str, Computed], objects: Objects
) -> None:
    for case in computed.values():
        classes = [one for one in objects(case, "platform-base") if one["kind"] == "StorageClass"]
        default = "storageclass.kubernetes.io/is-default-class"

        assert [
            one["metadata"]["annotations"][default]
            for one in classes
            if default in one["metadata"].get("annotations", {})
        ] == ["true"]
        assert all(
            one["volumeBindingMode"] == "WaitForFirstConsumer" and one["allowVolumeExpansion"] for one in classes
        )


def test_no_object_brings_a_secret_along(computed: dict[str, Computed], objects: Objects) -> None:
    """Secrets are made in the cluster by what generates or fetches them; a registry's address is none."""
    for case in computed.values():
        for release in CHARTS:
            for one in objects(case, release):
                if one["kind"] == "Secret":
                    assert set(one["stringData"]) == {"type", "enableOCI", "url"}


def test_pipelines_may_write_every_kind_that_the_chart_of_services_makes(
    computed: dict[str, Computed], objects: Objects
) -> None:
    """And by name: with * a pipeline could write what reaches further than its service."""
    base = objects(computed["prod-aws"], "platform-base")
    roles = [one for one in base if one["kind"] == "ClusterRole" and one["metadata"]["name"].startswith("inferloop-ci")]
    may = {
        (group, resource)
        for role in roles
        for rule in role["rules"]
        if "create" in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    made = {
        (one["apiVersion"].rpartition("/")[0], re.sub("y$", "ie", one["kind"].lower()) + "s")
        for path in sorted((ROOT / "tests" / "golden" / "chart").glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
        if one
    }

    assert made - may == set()
    assert "*" not in {resource for _, resource in may}


def test_kyverno_takes_over_what_is_said_of_pods_and_nothing_else(
    computed: dict[str, Computed], objects: Objects
) -> None:
    """What would open the gateway or the way around it is refused by the API server itself, whoever refuses the rest."""

    def policies(case: str) -> set[str]:
        found = objects(computed[case], "platform-base")
        bound = {one["spec"]["policyName"] for one in found if one["kind"] == "ValidatingAdmissionPolicyBinding"}
        assert bound == {one["metadata"]["name"] for one in found if one["kind"] == "ValidatingAdmissionPolicy"}
        return bound - {"inferloop-volumes"}

    assert policies("linkerd-aws") == {"inferloop-exposure", "inferloop-plugins"}
    assert policies("prod-aws") - policies("linkerd-aws") == {
        f"inferloop-{one}" for one in ("cronjobs", "pods", "workloads")
    }


def test_kong_lets_services_have_the_plugins_that_their_chart_makes(
    computed: dict[str, Computed], objects: Objects
) -> None:
    found = objects(computed["prod-aws"], "platform-base")
    [policy] = [
        one
        for one in found
        if one["kind"] == "ValidatingAdmissionPolicy" and one["metadata"]["name"] == "inferloop-plugins"
    ]
    allowed = set(re.findall(r'"([a-z-]+)"', policy["spec"]["validations"][0]["expression"]))
    made = {
        one["plugin"]
        for path in sorted((ROOT / "tests" / "golden" / "chart").glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
        if one and one["kind"] == "KongPlugin"
    }
    assert made == allowed
