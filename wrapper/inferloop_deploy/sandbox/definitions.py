"""Kinds of objects that the sandbox takes in without knowing what is in them.

Their definitions are published nowhere that a closed network reaches. Objects of these kinds are accepted with any
fields, so a rehearsal shows that they are released, and not that they are right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from inferloop_deploy.kubernetes.answers import Kind
from inferloop_deploy.sandbox.cluster import Cluster

OPEN_KINDS = (
    Kind("configuration.konghq.com", "v1", "KongConsumer"),
    Kind("configuration.konghq.com", "v1", "KongPlugin"),
)


def open_definition(kind: Kind) -> dict[str, Any]:
    """Return a definition of a kind that has any fields: https://kubernetes.io/docs/tasks/extend-kubernetes/."""
    single = kind.kind.lower()
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{single}s.{kind.group}", "labels": {"inferloop.io/sandbox": "any-fields"}},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.kind, "singular": single, "plural": f"{single}s", "listKind": f"{kind.kind}List"},
            "versions": [version],
        },
    }


def add_open_definitions(cluster: Cluster, kinds: Iterable[Kind] = OPEN_KINDS) -> None:
    """Let a control plane take in objects of these kinds, and return when it does."""
    definitions = [open_definition(kind) for kind in kinds]
    document = {"apiVersion": "v1", "kind": "List", "items": definitions}
    cluster.kubectl(["apply", "--server-side", "--filename=-"], json.dumps(document))
    names = [f"crd/{one['metadata']['name']}" for one in definitions]
    cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", *names])
