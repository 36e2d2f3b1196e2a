"""Who may reach whom in production: the network policies of all releases together, evaluated by cyclonus.

Policies and pods are those that helm renders, names and labels of namespaces too. Nothing here enforces them: that a
plug-in of the network does so is its own matter, and is tried on a real node.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from shipped_objects import Object, Release
from terraform_tree import ROOT

from inferloop_deploy.programs import find_programs

ALLOWED = """
kong            tabular           8000   yes  the gateway asks services
kong            textnlp           8000   yes
kong            tabular-generate  8000   no   nothing but monitoring asks workers
kong            tabular           15020  no   metrics are not for the gateway
monitoring      tabular           15020  yes  Prometheus scrapes, through the sidecar
monitoring      tabular-generate  15020  yes
monitoring      textnlp-generate  15020  yes
monitoring      tabular           8000   no   and does nothing else
textnlp         tabular           8000   yes  a dependency that is declared
textnlp-generate  tabular         8000   yes
textnlp         tabular           15020  no
tabular         textnlp           8000   no   nobody has declared it
tabular         tabular-generate  8000   no
stranger        tabular           8000   no   a pod beside them that belongs to no service
argocd          tabular           8000   no   another namespace
internet        tabular           8000   no
tabular         dns               53/UDP yes
tabular         dns               53     yes
tabular         dns               8080   no
tabular         dns               443    yes  "anywhere but link-local, port 443" has pods in it, too, unless policies of their own refuse
textnlp         tabular-generate  443    no   as those of services do
tabular         istio-system      15012  yes  certificates and settings of the mesh
tabular         collector         4318   yes  spans
tabular         collector         9090   no   but not Prometheus itself
tabular         kong              8000   no
tabular         10.30.4.7         5432   yes  its database
textnlp         10.30.4.7         6379   yes  its cache
tabular         10.30.4.7         22     no
tabular         10.31.4.7         5432   no   the range of another network
tabular         203.0.113.9       443    yes  interfaces of the cloud
tabular         203.0.113.9       80     no
tabular         203.0.113.9       25     no
tabular         169.254.169.254   80     no   the metadata of the node, and with it the node's identity
tabular         169.254.169.254   443    no
tabular         169.254.170.23    80     yes  its own identity
tabular-test    tabular           8000   yes  helm test
tabular-test    textnlp           8000   no
stranger        203.0.113.9       443    no   a pod without policies of its own may do nothing
stranger        dns               53/UDP no
"""
EXTERNAL = {"internet": "203.0.113.9"}
ELSEWHERE = {
    "kong": "kong",
    "monitoring": "monitoring",
    "argocd": "argocd",
    "istio-system": "istio-system",
    "dns": "kube-system",
    "collector": "monitoring",
}
"""Namespaces of pods that are none of ours."""
INSIDE = "10.244.0.9"
"""The address of every pod; no policy looks at those of pods."""


def rows() -> list[tuple[str, str, int, str, bool]]:
    """Return source, destination, port, protocol and answer of each line."""
    found = []
    for line in ALLOWED.strip().splitlines():
        source, destination, port, answer = line.split()[:4]
        number, _, protocol = port.partition("/")
        found.append((source, destination, int(number), protocol or "TCP", {"yes": True, "no": False}[answer]))
    return found


def pods(objects: list[Object], namespace: str) -> dict[str, Any]:
    """Return what policies see of the pods of services, by the name of what makes them."""
    templates = {one["metadata"]["name"]: one["spec"]["template"] for one in objects if one["kind"] == "Deployment"}
    alone = {one["metadata"]["name"]: one for one in objects if one["kind"] == "Pod"}
    labels = {name: one["metadata"]["labels"] for name, one in (templates | alone).items()}
    return {name: internal(namespace, each) for name, each in {**labels, "stranger": {"app": "stranger"}}.items()}


def internal(namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a pod as the simulator takes it; the one label of its namespace is that which Kubernetes itself sets."""
    inside = {
        "Namespace": namespace,
        "NamespaceLabels": {"kubernetes.io/metadata.name": namespace},
        "PodLabels": labels,
    }
    return {"Internal": inside, "IP": INSIDE}


def simulated(policies: list[Object], traffic: list[dict[str, Any]]) -> list[bool]:
    """Return whether each traffic is let out of its source and into its destination."""
    program = find_programs(ROOT, ["policy-simulator"])["policy-simulator"]
    asked = json.dumps({"policies": policies, "traffic": traffic})
    done = subprocess.run([program], input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one["egress"] and one["ingress"] for one in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def production(shipped: dict[str, list[Release]]) -> tuple[list[Object], dict[str, Any]]:
    """The network policies of production, and all who may be at an end of a connection."""
    releases = shipped["prod"]
    [namespace] = {one.namespace for one in releases if one.of_service}
    everything = [(one, release) for release in releases for one in release.objects()]
    policies = [
        one | {"metadata": {"namespace": release.namespace} | one["metadata"]}
        for one, release in everything
        if one["kind"] == "NetworkPolicy"
    ]
    others = {name: internal(space, {"app": name}) for name, space in ELSEWHERE.items()}
    outside = {name: {"IP": address} for name, address in EXTERNAL.items()}
    addresses = {row[1]: {"IP": row[1]} for row in rows() if row[1][0].isdigit()}
    own = pods([one for one, release in everything if release.of_service], namespace)
    return policies, {**own, **others, **outside, **addresses}


def test_connections_are_allowed_as_the_table_says(production: tuple[list[Object], dict[str, Any]]) -> None:
    policies, ends = production
    traffic = [
        {"Source": ends[source], "Destination": ends[destination], "ResolvedPort": port, "Protocol": protocol}
        for source, destination, port, protocol, _ in rows()
    ]
    answers = simulated(policies, traffic)

    assert [(*row[:4], answer) for row, answer in zip(rows(), answers, strict=True)] == rows()


def test_without_policies_everything_is_allowed(production: tuple[list[Object], dict[str, Any]]) -> None:
    """What the table refuses is refused by the policies, not by how the question is put."""
    _, ends = production
    traffic = [
        {"Source": ends[source], "Destination": ends[destination], "ResolvedPort": port, "Protocol": protocol}
        for source, destination, port, protocol, _ in rows()
    ]
    assert set(simulated([], traffic)) == {True}


def test_without_the_policy_of_a_dependency_it_is_refused(production: tuple[list[Object], dict[str, Any]]) -> None:
    policies, ends = production
    fewer = [one for one in policies if one["metadata"]["name"] != "tabular-main"]
    traffic = [
        {
            "Source": ends["textnlp"],
            "Destination": ends["tabular"],
            "ResolvedPort": 8000,
            "Protocol": "TCP",
        }
    ]
    assert simulated(policies, traffic) == [True]
    assert simulated(fewer, traffic) == [False]
