"""What has to be so in a cluster before the second stage is planned or applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.kubernetes.answers import Kind, Release

OLDEST, NEWEST = (1, 30), (1, 36)
"""Versions of Kubernetes that the charts are made for: from 1.30 on ValidatingAdmissionPolicy is there for all."""

BRINGS: Mapping[str, str] = {
    "argoproj.io": "Argo CD",
    "cert-manager.io": "cert-manager",
    "configuration.konghq.com": "Kong",
    "external-secrets.io": "External Secrets",
    "gateway.networking.k8s.io": "the Gateway API",
    "keda.sh": "KEDA",
    "kyverno.io": "Kyverno",
    "monitoring.coreos.com": "the Prometheus operator (kube-prometheus-stack)",
    "networking.istio.io": "Istio",
    "ray.io": "KubeRay",
    "security.istio.io": "Istio",
    "velero.io": "Velero",
}
"""What brings the kinds of a group."""


class WrongVersion(InferloopError):
    """The cluster's version is not one that the charts are made for."""


class StuckRelease(InferloopError):
    """A release waits for the end of something that was cut off."""


class KindsMissing(InferloopError):
    """The cluster does not know kinds that the services need."""

    def __init__(self, missing: Sequence[Kind], hint: str) -> None:
        self.missing = tuple(missing)
        lines = [f"  {one.kind} ({one.group}/{one.version}), which {bringer(one)} brings" for one in missing]
        super().__init__("The cluster does not know what the services need:\n" + "\n".join(lines), hint)


class SeesKinds(Protocol):
    """What of a cluster the wait for kinds needs."""

    def missing(self, wanted: Iterable[Kind]) -> tuple[Kind, ...]:
        """Return the kinds that the cluster does not know."""
        ...


def bringer(kind: Kind) -> str:
    """Return what brings a kind, in words."""
    return BRINGS.get(kind.group, f"whatever brings {kind.group}")


def check_version(version: str) -> None:
    """Raise WrongVersion where an API server is older or newer than the charts are made for."""
    match = re.match(r"v?([0-9]+)\.([0-9]+)", version)
    numbers = (int(match[1]), int(match[2])) if match else (0, 0)
    if not OLDEST <= numbers <= NEWEST:
        first, last = (".".join(map(str, one)) for one in (OLDEST, NEWEST))
        raise WrongVersion(
            f"The cluster is Kubernetes {version}; {first} to {last} are supported.",
            "Set spec.cluster.version in the environment's file, and apply stage 1, one minor version after the other."
            if numbers < OLDEST
            else "Use a newer inferloop-deploy.",
        )


def check_releases(releases: Iterable[Release], ours: Iterable[str], place: str) -> None:
    """Raise StuckRelease where one of our releases waits for the end of something."""
    names = frozenset(ours)
    stuck = [one for one in releases if one.stuck and one.name in names]
    if stuck:
        lines = [f"  {one.name} in namespace {one.namespace}: {one.status}, since {one.updated}" for one in stuck]
        raise StuckRelease(
            "A release was cut off in the middle, and nothing can be released over it:\n" + "\n".join(lines),
            "Where nobody works on it any more, put it back to what was there before: "
            f"inferloop-deploy release unlock {stuck[0].name} {place}",
        )


def check_kinds(cluster: SeesKinds, wanted: Iterable[Kind], *, managed: bool) -> None:
    """Raise KindsMissing where the cluster does not know a kind."""
    missing = cluster.missing(wanted)
    if missing:
        hint = (
            "Argo CD installs them; `kubectl get applications -n argocd` tells how far it is. Run this again then."
            if managed
            else "With spec.clusterServices.managed: false the cluster brings them: install them, or set it to true."
        )
        raise KindsMissing(missing, hint)


def wait_for_kinds(
    cluster: SeesKinds,
    wanted: Iterable[Kind],
    tell: Callable[[tuple[Kind, ...]], None],
    *,
    attempts: int,
    pause: Callable[[], None],
) -> None:
    """Wait until a cluster knows kinds, telling what is missing when that changes; raises KindsMissing at the end."""
    kinds = frozenset(wanted)
    told: tuple[Kind, ...] = ()
    for _ in range(attempts):
        missing = cluster.missing(kinds)
        if not missing:
            return
        if missing != told:
            tell(missing)
            told = missing
        pause()
    check_kinds(cluster, kinds, managed=True)
