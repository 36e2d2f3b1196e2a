"""Kubernetes objects that make parts: an Indexed Job, and KubeRay's RayJob. Plain values; nothing is sent from here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

USER = 10001
INVALID = 2
"""Exit code of a command whose input is wrong: made again, it would fail again."""
PROGRAM = "inferloop-synthetic"
FOLDER = "/tmp"  # noqa: S108  (of the container, where nobody else is)
"""The only place that a container may write to, apart from where results go."""


@dataclass(frozen=True)
class Pod:
    """How the containers run. `environment` and `secrets` (names of Secrets whose keys become variables) give credentials."""

    image: str
    cpu: str = "1"
    memory: str = "2Gi"
    scratch: str = "2Gi"
    service_account: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    claim: str | None = None
    """A PersistentVolumeClaim that is mounted at `mount`, where results are a folder that pods share."""
    mount: str = "/results"


def labels(name: str) -> dict[str, str]:
    """Return the labels of everything that belongs to a job."""
    return {
        "app.kubernetes.io/name": "inferloop-synthetic",
        "app.kubernetes.io/component": "parts",
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "inferloop-synthetic",
    }


def container(pod: Pod, name: str, command: Sequence[str] = ()) -> dict[str, Any]:
    """Return a container that may do nothing but its work: no privileges, a read-only root, a scratch folder."""
    variables = {"HOME": FOLDER, "TMPDIR": FOLDER, "OMP_NUM_THREADS": "1", **pod.environment}
    mounts = [{"name": "work", "mountPath": FOLDER}]
    if pod.claim is not None:
        mounts.append({"name": "results", "mountPath": pod.mount})
    tree: dict[str, Any] = {
        "name": name,
        "image": pod.image,
        "env": [{"name": key, "value": value} for key, value in sorted(variables.items())],
        "resources": {
            "requests": {"cpu": pod.cpu, "memory": pod.memory, "ephemeral-storage": pod.scratch},
            "limits": {"memory": pod.memory, "ephemeral-storage": pod.scratch},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }
    if command:
        tree["command"] = list(command)
    if pod.secrets:
        tree["envFrom"] = [{"secretRef": {"name": secret}} for secret in pod.secrets]
    return tree


def pod_spec(pod: Pod, containers: Sequence[Mapping[str, Any]], restart: str) -> dict[str, Any]:
    """Return the specification of a pod with these containers."""
    volumes: list[dict[str, Any]] = [{"name": "work", "emptyDir": {"sizeLimit": pod.scratch}}]
    if pod.claim is not None:
        volumes.append({"name": "results", "persistentVolumeClaim": {"claimName": pod.claim}})
    tree: dict[str, Any] = {
        "restartPolicy": restart,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {"fsGroup": USER, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": list(containers),
        "volumes": volumes,
    }
    if pod.service_account is not None:
        # The identity that object storage knows comes with the account; its token is projected by the cloud's own webhook.
        tree["serviceAccountName"] = pod.service_account
    return tree


def part_command(place: str) -> list[str]:
    """Return the command that makes the part whose number the Job gives; Kubernetes puts the number in place of the variable."""
    return [PROGRAM, "part", "--index", "$(JOB_COMPLETION_INDEX)", "--of", place]


def indexed_job(name: str, namespace: str, pod: Pod, place: str, parts: int, workers: int, retries: int) -> dict[str, Any]:
    """Return a Job with one index for each part, `workers` of them at a time.

    An index is tried again `retries` times; nodes that go away do not count; a part whose input is wrong fails the Job at once
    (https://kubernetes.io/docs/concepts/workloads/controllers/job/).
    """
    main = container(pod, "part", part_command(place))
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels(name)},
        "spec": {
            "completionMode": "Indexed",
            "completions": parts,
            "parallelism": min(workers, parts),
            "backoffLimitPerIndex": retries,
            "maxFailedIndexes": 0,
            "ttlSecondsAfterFinished": 3600,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "part", "operator": "In", "values": [INVALID]},
                    },
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]
            },
            "template": {"metadata": {"labels": labels(name)}, "spec": pod_spec(pod, [main], "Never")},
        },
    }


def ray_job(name: str, namespace: str, pod: Pod, arguments: Sequence[str], workers: int, ray_version: str) -> dict[str, Any]:
    """Return a RayJob (KubeRay, ray.io/v1) that runs this program with these arguments on a cluster of its own.

    The arguments are those of `generate`; the executor that they name is replaced by the cluster that the job runs on.
    """
    entrypoint = shlex.join([PROGRAM, *with_executor(arguments, "ray:address=auto")])
    # Without a command: KubeRay writes the one that starts Ray.
    head, worker = (container(pod, name) for name in ("ray-head", "ray-worker"))
    template = {"metadata": {"labels": labels(name)}, "spec": pod_spec(pod, [worker], "Never")}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": name, "namespace": namespace, "labels": labels(name)},
        "spec": {
            "entrypoint": entrypoint,
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 3600,
            "backoffLimit": 2,
            "rayClusterSpec": {
                "rayVersion": ray_version,
                "headGroupSpec": {
                    # The head keeps the books; parts are made by the workers.
                    "rayStartParams": {"num-cpus": "0", "dashboard-host": "0.0.0.0"},  # noqa: S104  (inside the pod)
                    "template": {"metadata": {"labels": labels(name)}, "spec": pod_spec(pod, [head], "Never")},
                },
                "workerGroupSpecs": [
                    {
                        "groupName": "parts",
                        "replicas": workers,
                        "minReplicas": workers,
                        "maxReplicas": workers,
                        "rayStartParams": {},
                        "template": template,
                    }
                ],
            },
        },
    }


def with_executor(arguments: Sequence[str], executor: str) -> list[str]:
    """Return the arguments of `generate` with this executor and no other."""
    kept: list[str] = []
    skip = False
    for word in arguments:
        if skip or word.startswith("--executor="):
            skip = False
        elif word == "--executor":
            skip = True
        else:
            kept.append(word)
    return [*kept, "--executor", executor]


def job_name(text: str, digest: str) -> str:
    """Return a name that Kubernetes takes (RFC 1123, at most 52 letters: pods get more behind it)."""
    stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:35].strip("-") or "generation"
    return f"{stem}-{digest[:12]}"
