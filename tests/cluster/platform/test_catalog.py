"""The catalogue of add-ons is complete and right in itself, and the values of every case follow it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from platform_cases import CASES, PLATFORM, Computed

CATALOG: dict[str, Any] = yaml.safe_load((PLATFORM / "catalog.yaml").read_text())
ADDONS: dict[str, Any] = CATALOG["addons"]
FIELDS = {
    "crds", "digest", "health", "identity", "ignored", "images", "namespace", "needs", "read", "source", "unverified", "version", "wave", "when",
}  # fmt: skip
CHOICES = {
    "backup": {"yes", "no"},
    "certificates": {"acme", "own-ca"},
    "cloud": {"aws", "gcp", "azure", "onprem"},
    "gateway": {"kong", "istio", "gateway-api"},
    "gpu": {"yes", "no"},
    "logs": {"loki", "elastic", "none"},
    "mesh": {"istio", "linkerd", "none"},
    "nodes": {"cluster-autoscaler", "karpenter", "none"},
    "policies": {"builtin", "kyverno"},
    "traces": {"tempo", "jaeger", "none"},
}


@pytest.mark.parametrize("name", ADDONS)
def test_an_add_on_says_everything_that_is_asked_of_it(name: str) -> None:
    addon = ADDONS[name]

    assert set(addon) - {"unverified"} == FIELDS - {"unverified"}
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", addon["version"])
    assert re.match(r"(https|oci)://", addon["source"]["repository"])
    assert ("chart" in addon["source"]) != ("path" in addon["source"])
    assert addon["health"].endswith((".", ")"))
    assert all(re.fullmatch(r"[a-z0-9]+\.[a-z0-9.-]+", crd) for crd in addon["crds"])


@pytest.mark.parametrize("name", ADDONS)
def test_an_archive_is_pinned_by_its_digest_or_said_to_be_unverified_with_the_reason(name: str) -> None:
    addon = ADDONS[name]

    if addon["digest"] is None:
        assert addon["unverified"] in CATALOG["reasons"]
    else:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", addon["digest"])
        assert "unverified" not in addon


@pytest.mark.parametrize("name", ADDONS)
def test_where_a_version_was_read_is_written_down(name: str) -> None:
    assert re.match(r"202\d-\d\d-\d\d (https://github\.com/|versions of the Go module )", ADDONS[name]["read"])


@pytest.mark.parametrize("name", ADDONS)
def test_what_an_add_on_needs_is_there_in_an_earlier_wave(name: str) -> None:
    for need in ADDONS[name]["needs"]:
        assert ADDONS[need]["wave"] < ADDONS[name]["wave"], f"{name} needs {need}"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in ("addons", "resources") for name in CATALOG[kind]])
def test_conditions_name_choices_that_there_are(kind: str, name: str) -> None:
    for choice, accepted in CATALOG[kind][name]["when"].items():
        assert set(accepted) <= CHOICES[choice], f"{name}: {choice}"


def test_each_choice_is_one_that_the_values_know() -> None:
    text = (PLATFORM / "values" / "choices.tf").read_text()
    known = re.findall(r"^    (\w+) += ", text.split("choices = {")[1], re.MULTILINE)

    assert set(known) == set(CHOICES)


def test_each_add_on_has_its_values_and_each_file_its_add_on() -> None:
    charts = {name for name, addon in ADDONS.items() if "chart" in addon["source"]}

    assert {path.name.removesuffix(".yaml.tftpl") for path in (PLATFORM / "addons").iterdir()} == charts
    assert {path.name.removesuffix(".yaml.tftpl") for path in (PLATFORM / "resources").iterdir()} == set(
        CATALOG["resources"]
    )


def test_each_namespace_of_an_add_on_has_its_pod_security_level_with_the_reason() -> None:
    used = {addon["namespace"] for addon in ADDONS.values()} - {"kube-system"} | {"gateway"}

    assert set(CATALOG["namespaces"]) == used
    for namespace in CATALOG["namespaces"].values():
        assert namespace["level"] in {"restricted", "baseline", "privileged"}
        assert namespace["reason"].endswith(".")


def test_what_objects_need_is_among_the_add_ons_and_brings_their_kinds() -> None:
    for name, part in CATALOG["resources"].items():
        groups = {crd.split(".", 1)[1] for need in part["needs"] for crd in ADDONS[need]["crds"]}

        assert {api.split("/")[0] for api in part["apis"]} <= groups, name


def images_of(tree: Any) -> set[str]:
    """Return every text of a tree that names an image, a chart or a registry of someone else."""
    if isinstance(tree, dict):
        return {found for value in tree.values() for found in images_of(value)}
    if isinstance(tree, list):
        return {found for value in tree for found in images_of(value)}
    hosts = {host for addon in ADDONS.values() for host in addon["images"]}
    return {tree} if isinstance(tree, str) and any(tree.startswith(host) for host in hosts) else set()


def test_every_image_that_the_values_name_is_in_the_catalogue(computed: dict[str, Computed]) -> None:
    listed = {
        name: {f"{host}/{path}" for host, paths in addon["images"].items() for path in paths}
        for name, addon in ADDONS.items()
    }
    for case in computed.values():
        for name, application in case.applications.items():
            for image in images_of(application.get("values", {})):
                path = image.split(":")[0]
                assert any(one.startswith(path) or one.replace("/library/", "/") == path for one in listed[name]), (
                    f"{case.name} {name}: {image}"
                )


@pytest.mark.parametrize("kind", ["addons", "resources"])
def test_every_add_on_and_every_object_is_rendered_by_some_case(computed: dict[str, Computed], kind: str) -> None:
    if kind == "addons":
        shown = {name for case in computed.values() for name in case.applications} | {"argo-cd"}
    else:
        keys = {key for case in computed.values() for key in case.outputs["resources"]["objects"]}
        shown = {name for name in CATALOG[kind] if any(key.startswith(f"{name}-") for key in keys)}

    assert shown == set(CATALOG[kind])


@pytest.mark.parametrize("name", CASES)
def test_no_case_has_a_problem_or_leaves_anything_out(computed: dict[str, Computed], name: str) -> None:
    assert computed[name].outputs["problems"] == []
    assert computed[name].outputs["left_out"] == {}


@pytest.mark.parametrize("name", CASES)
def test_the_mesh_needs_no_right_to_the_network_in_a_pod_of_a_service(computed: dict[str, Computed], name: str) -> None:
    values = {addon: application.get("values") for addon, application in computed[name].applications.items()}

    if "istiod" in values:
        assert values["istiod"]["pilot"]["cni"]["enabled"]
        assert "istio-cni" in values
    if "linkerd-control-plane" in values:
        assert values["linkerd-control-plane"]["cniEnabled"]
        assert "linkerd-cni" in values


def test_the_names_that_services_count_on_are_there(
    computed: dict[str, Computed], objects: Callable[..., list[dict[str, Any]]]
) -> None:
    made = {
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for release in ("platform-base", "platform-resources")
        for one in objects(computed["prod-aws"], release)
    }

    assert {
        ("Gateway", "kong", "platform"),
        ("ClusterIssuer", None, "platform"),
        ("ClusterSecretStore", None, "platform"),
        ("PriorityClass", None, "inferloop-critical"),
        ("PriorityClass", None, "inferloop-standard"),
        ("PriorityClass", None, "inferloop-batch"),
    } <= made
    collector = computed["prod-aws"].applications["otel-collector"]
    assert (collector["namespace"], collector["values"]["fullnameOverride"]) == ("monitoring", "otel-collector")
    assert collector["values"]["service"]["enabled"]
    prometheus = computed["prod-aws"].applications["kube-prometheus-stack"]["values"]
    assert prometheus["prometheus"]["prometheusSpec"]["serviceMonitorSelectorNilUsesHelmValues"] is False
    assert prometheus["prometheus"]["prometheusSpec"]["ruleSelectorNilUsesHelmValues"] is False
    assert prometheus["grafana"]["sidecar"]["dashboards"]["label"] == "grafana_dashboard"


def test_proxies_send_their_spans_where_the_policies_of_services_let_them(computed: dict[str, Computed]) -> None:
    """A proxy shares the network of its pod, whose way to the collector is the one of OTLP by HTTP."""
    [provider] = computed["prod-aws"].applications["istiod"]["values"]["meshConfig"]["extensionProviders"]

    assert provider["opentelemetry"]["port"] == 4318
    assert provider["opentelemetry"]["http"]["path"] == "/v1/traces"
