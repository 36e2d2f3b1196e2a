"""Shipped releases applied to a control plane, as helm 4 and Argo CD apply them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipped_objects import Object, Release, apply, placed, served_kinds

from inferloop_deploy.sandbox.cluster import Cluster

REFUSED: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "from-elsewhere", "labels": {f"app.kubernetes.io/{part}": "x" for part in ("name", "instance", "part-of")}},
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": f"elsewhere.example.com/a@sha256:{'0' * 64}",
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    },
}  # fmt: skip
"""A pod that is right but for where its image comes from, which only a policy of the platform looks at."""
READY = (
    ("deployment", "condition=Available"),
    ("job", "condition=Complete"),
    ("persistentvolumeclaim", "jsonpath={.status.phase}=Bound"),
)


@dataclass(frozen=True)
class Deployed:
    """An environment whose releases were applied."""

    cluster: Cluster
    releases: list[Release]
    sent: list[Object]
    taken: list[str]
    """What the API server said it took, one name for each object."""
    said: str
    """What it warned of."""
    namespaces: tuple[str, ...]
    """Those of services."""

    def get(self, kinds: str) -> list[Object]:
        """Return the objects of these kinds in the namespaces of services."""
        return [
            item
            for namespace in self.namespaces
            for item in json.loads(
                self.cluster.kubectl(["get", kinds, f"--namespace={namespace}", "--output=json"]).stdout
            )["items"]
        ]


def deploy(cluster: Cluster, shipped: list[Release]) -> Deployed:
    """Apply every object of an environment's releases in their order, and wait until what runs in them is ready."""
    served = served_kinds(cluster)
    sent, taken, said = [], [], []
    base = shipped[0].name
    for release in shipped:
        objects = placed(release.objects(), release.namespace, served)
        done = apply(cluster, objects)
        sent += objects
        taken += done.stdout.splitlines()
        said.append(done.stderr)
        if release.name == base:
            until_policies_hold(cluster, {one.namespace for one in shipped if one.of_service})
    namespaces = tuple(sorted({release.namespace for release in shipped if release.of_service}))
    for namespace in namespaces:
        for resource, state in READY:
            if cluster.kubectl(["get", resource, f"--namespace={namespace}", "--output=name"]).stdout:
                wait = ["wait", resource, "--all", f"--for={state}", f"--namespace={namespace}", "--timeout=120s"]
                cluster.kubectl(wait)
    return Deployed(cluster, shipped, sent, taken, "".join(said), namespaces)


def until_policies_hold(cluster: Cluster, namespaces: set[str]) -> None:
    """Ask until the API server has compiled the policies of the platform: it does so a moment after they are there."""
    for namespace in sorted(namespaces):
        for _ in range(200):
            pod = REFUSED | {"metadata": REFUSED["metadata"] | {"namespace": namespace}}
            done = apply(cluster, [pod], "--dry-run=server", check=False)
            if "come from elsewhere" in done.stderr:
                break
        else:
            raise AssertionError(f"The policies never refused anything in {namespace}: {done.stderr}")
