"""Nodes without machines: the scheduler and everything behind it sees them as any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GPU = "nvidia.com/gpu"
ZONES = ("a", "b", "c")
SIZE = {"cpu": "16", "memory": "64Gi", "ephemeral-storage": "200Gi", "pods": "110"}
"""What a node has where nothing else is said."""


@dataclass(frozen=True)
class Taint:
    """What keeps pods off a node that do not tolerate it."""

    key: str
    value: str | None
    effect: str

    def as_json(self) -> dict[str, str]:
        """Return it as the API server takes it."""
        return {"key": self.key, "effect": self.effect} | ({} if self.value is None else {"value": self.value})


@dataclass(frozen=True)
class Node:
    """One node: what pods can choose it by, what keeps them off, and what it has."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    capacity: Mapping[str, str] = field(default_factory=dict)
    """Quantities by resource, such as {"nvidia.com/gpu": "1"}; what is not named is as in SIZE."""
    zone: str = ZONES[0]

    def manifest(self) -> dict[str, Any]:
        """Return it as the API server takes it."""
        has = {**SIZE, **self.capacity}
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": self.zone,
            **self.labels,
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "spec": {"taints": [taint.as_json() for taint in self.taints]},
            "status": {"capacity": has, "allocatable": has},
        }


PLAIN = tuple(Node(f"node-{zone}", zone=zone) for zone in ZONES)
"""One node in each of three zones."""


def nodes_of_pools(pools: Mapping[str, Mapping[str, Any]], zones: Sequence[str] = ZONES) -> list[Node]:
    """Return nodes as the node pools of a platform object would have them: labels, taints, GPUs.

    `pools` is `cluster.node_pools` of modules/base/platform.schema.json. A pool has as many nodes as it keeps at least,
    and one where it starts with none, since nothing here adds any.
    """
    nodes = []
    for name, pool in sorted(pools.items()):
        capacity = {GPU: str(pool["gpu"]["count"])} if pool["gpu"] else {}
        taints = tuple(Taint(one["key"], one["value"], one["effect"]) for one in pool["taints"])
        for number in range(max(1, pool["min"])):
            zone = zones[number % len(zones)]
            nodes.append(Node(f"{name}-{number}", dict(pool["labels"]), taints, capacity, zone))
    return nodes
