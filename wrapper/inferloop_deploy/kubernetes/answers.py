"""What kubectl and helm answer, read into values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from inferloop_deploy.kubernetes.argv import COMPONENT, NAME

PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
"""Status of a release that somebody works on, or worked on when they were cut off."""


@dataclass(frozen=True)
class Release:
    """A Helm release as the cluster has it."""

    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    updated: str

    @property
    def stuck(self) -> bool:
        """Whether it waits for the end of something: where nobody works on it, that never comes."""
        return self.status in PENDING

    def as_json(self) -> dict[str, object]:
        """Return the release as `--output json` prints it."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "revision": self.revision,
            "status": self.status,
            "chart": self.chart,
            "updated": self.updated,
        }


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet, Job or CronJob of a service."""

    service: str
    process: str
    kind: str
    name: str
    namespace: str
    desired: int | None
    """Pods that there should be; None for what has none of its own (a CronJob)."""
    ready: int
    images: tuple[str, ...]
    created: datetime | None

    @property
    def complete(self) -> bool:
        """Whether everything that should be there is."""
        return self.desired is None or self.ready >= self.desired

    def as_json(self) -> dict[str, object]:
        """Return the workload as `--output json` prints it."""
        return {
            "service": self.service,
            "process": self.process,
            "kind": self.kind,
            "name": self.name,
            "namespace": self.namespace,
            "desired": self.desired,
            "ready": self.ready,
            "images": list(self.images),
            "created": None if self.created is None else self.created.isoformat(),
        }


@dataclass(frozen=True)
class WaitingSecret:
    """An ExternalSecret that the store did not give."""

    name: str
    namespace: str
    service: str
    reason: str

    def __str__(self) -> str:
        return f"secret {self.name} in namespace {self.namespace}: {self.reason}"


@dataclass(frozen=True, order=True)
class Kind:
    """A kind of object by its API."""

    group: str
    version: str
    kind: str

    @property
    def path(self) -> str:
        """Where the API lists its kinds."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def text(self) -> str:
        """As `helm template --api-versions` takes it."""
        return f"{self.group}/{self.version}/{self.kind}" if self.group else f"{self.version}/{self.kind}"


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast reader where it is there: manifests are long."""


def read_documents(text: str) -> list[dict[str, Any]]:
    """Return the manifests in a text."""
    return [one for one in yaml.load_all(text, Loader=_LOADER) if one]


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of a manifest."""
    group, _, version = str(document.get("apiVersion", "")).rpartition("/")
    return Kind(group, version, str(document.get("kind", "")))


def read_releases(text: str) -> tuple[Release, ...]:
    """Return what `helm list --output json` printed, by namespace and name."""
    found = [
        Release(
            str(one["name"]),
            str(one["namespace"]),
            int(one["revision"]),
            str(one["status"]),
            str(one["chart"]),
            str(one["updated"]),
        )
        for one in json.loads(text or "[]")
    ]
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name)))


def last_deployed(text: str) -> int | None:
    """Return the newest revision that was there whole, from `helm history --output json`; None where there is none."""
    good = [int(one["revision"]) for one in json.loads(text or "[]") if one["status"] in ("deployed", "superseded")]
    return max(good, default=None)


def read_workloads(text: str) -> tuple[Workload, ...]:
    """Return the workloads of `kubectl get --output json`, by service and process."""
    found = [_workload(item) for item in json.loads(text).get("items", [])]
    return tuple(sorted(found, key=lambda one: (one.service, one.process, one.kind, one.name)))


def _workload(item: Mapping[str, Any]) -> Workload:
    meta, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    labels = meta.get("labels", {})
    kind = str(item["kind"])
    template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
    if kind == "Job":
        desired, ready = spec.get("completions") or 1, status.get("succeeded", 0)
    elif kind == "CronJob":
        desired, ready = None, len(status.get("active", []))
    else:
        desired, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    return Workload(
        str(labels.get(NAME, "")),
        str(labels.get(COMPONENT, "")),
        kind,
        str(meta["name"]),
        str(meta["namespace"]),
        desired,
        int(ready or 0),
        tuple(str(one["image"]) for one in template.get("spec", {}).get("containers", [])),
        read_time(meta.get("creationTimestamp")),
    )


def read_waiting_secrets(text: str) -> tuple[WaitingSecret, ...]:
    """Return the ExternalSecrets of `kubectl get --output json` that are not ready, with why."""
    found = []
    for item in json.loads(text).get("items", []):
        conditions = item.get("status", {}).get("conditions", [])
        ready = next((one for one in conditions if one.get("type") == "Ready"), None)
        if ready is not None and ready.get("status") == "True":
            continue
        meta = item["metadata"]
        why = "nobody looked yet" if ready is None else ready.get("message") or ready.get("reason") or "not ready"
        found.append(WaitingSecret(meta["name"], meta["namespace"], meta.get("labels", {}).get(NAME, ""), str(why)))
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name)))


def kinds_in(text: str) -> frozenset[str]:
    """Return the kinds that a group's version has, from what its path answered."""
    return frozenset(str(one["kind"]) for one in json.loads(text).get("resources", []))


def missing_kinds(wanted: Iterable[Kind], there: Mapping[str, frozenset[str]]) -> tuple[Kind, ...]:
    """Return the kinds that a cluster does not have; `there` has kinds by path, and no path that it does not know."""
    return tuple(sorted({one for one in wanted if one.kind not in there.get(one.path, frozenset())}))


def read_time(text: str | None) -> datetime | None:
    """Return a time as Kubernetes writes it."""
    return None if not text else datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
