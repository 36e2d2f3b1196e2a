"""What the runtimes beside Kubernetes cannot do: fargate, batch, and functions."""

from __future__ import annotations

from collections.abc import Iterator

from inferloop_deploy.config.checks.processes import RUNS_TO_ITS_END, effective_quantities
from inferloop_deploy.config.checks.rule import Finding, PlacedService, Process
from inferloop_deploy.config.quantity import cpu_millicores, memory_bytes
from inferloop_deploy.config.service import StorageDependency
from inferloop_deploy.config.source import Path

GI = 2**30
FARGATE_SIZES = {
    250: (1, 2),
    500: (1, 4),
    1000: (2, 8),
    2000: (4, 16),
    4000: (8, 30),
    8000: (16, 60),
    16000: (32, 120),
}
"""Least and most GiB of a Fargate task by its processor in thousandths of a core; 0.25 cores also come with 512 MiB.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""


def runtime_findings(placed: PlacedService) -> Iterator[Finding]:
    view = placed.service
    for process in view.processes:
        placement, place = process.placement, placed.placement_path(process)
        runtime = placement.runtime
        if process.type == "function" or runtime == "kubernetes":
            if process.type == "function" and view.written(*place, "runtime"):
                yield view.at((*place, "runtime"), "a function runs as a function", hint="Remove runtime.")
            continue
        accepted = ("api", "worker") if runtime == "fargate" else RUNS_TO_ITS_END
        if process.type not in accepted:
            yield _wrong_runtime(placed, process, runtime)
        for key in ("nodePool", "spread"):
            if view.written(*place, key):
                yield view.at((*place, key), f"no effect on runtime {runtime}, which has no nodes", hint="Remove it.")
    if view.spec.service.placement.runtime == "fargate":
        yield from _fargate(placed)


def _wrong_runtime(placed: PlacedService, process: Process, runtime: str) -> Finding:
    view, own = placed.service, (*process.path, "placement")
    kinds = "api and worker" if runtime == "fargate" else "job and cron"
    if process.path[1] == "workers" and not view.written(*own):
        message = f"{runtime}, where the service runs, runs {kinds} only"
        return view.at(
            (*process.path, "name"),
            message,
            hint="Give the worker a placement of its own.",
            found=f"type {process.type}",
        )
    other = "batch" if process.type in RUNS_TO_ITS_END else "fargate"
    place = (*placed.placement_path(process), "runtime")
    return view.at(place, f"type {process.type} does not run there", f"runtime kubernetes or {other}")


def _fargate(placed: PlacedService) -> Iterator[Finding]:
    view = placed.service
    if view.spec.networking.service_mesh.enabled:
        place: Path = ("spec", "networking", "serviceMesh", "enabled")
        yield view.at(
            place, "the mesh does not reach runtime fargate", "runtime kubernetes", hint="Remove serviceMesh."
        )
    for key in ("cors", "auth", "requestHeaders"):
        if view.written("spec", "networking", "ingress", key):
            place = ("spec", "networking", "ingress", key)
            yield view.at(
                place,
                "no gateway stands before runtime fargate",
                "runtime kubernetes",
                hint="Let the service do it, or remove it.",
            )
    for path, item in view.dependencies:
        if isinstance(item, StorageDependency) and item.class_ == "file":
            yield view.at(
                (*path, "class"),
                "file systems are not mounted on runtime fargate",
                "runtime kubernetes, or another class",
            )
    for process in view.processes:
        if process.placement.runtime != "fargate":
            continue
        path = (*process.path, "resources")
        if process.resources.gpu.count:
            yield view.at((*path, "gpu"), "runtime fargate has no GPUs", "runtime kubernetes")
        quantities = effective_quantities(process.resources)
        yield from _fargate_scaling(placed, process)
        cpu, memory = quantities["cpu"][1] or "500m", quantities["memory"][1] or "1Gi"
        if not fits_fargate(cpu_millicores(cpu), memory_bytes(memory)):
            sizes = "; ".join(
                f"{cores / 1000:g} with {low}Gi to {high}Gi" for cores, (low, high) in FARGATE_SIZES.items()
            )
            yield view.at(
                path, "no size of runtime fargate", f"cpu and memory of {sizes}", found=f"cpu {cpu}, memory {memory}"
            )


def _fargate_scaling(placed: PlacedService, process: Process) -> Iterator[Finding]:
    scaling, path = process.autoscaling, (*process.path, "autoscaling")
    if scaling is None:
        return
    if scaling.queue_length is not None:
        hint = "Scale by cpu, memory or requestsPerSecond, or use runtime kubernetes."
        yield placed.service.at((*path, "queueLength"), "runtime fargate does not scale by a queue", hint=hint)
    if scaling.requests_per_second is not None and not placed.service.spec.networking.ingress.enabled:
        hint = "Scale by cpu or memory, or enable the ingress, where the requests are counted."
        yield placed.service.at(
            (*path, "requestsPerSecond"), "runtime fargate counts no requests without an ingress", hint=hint
        )


def fits_fargate(millicores: int, memory: int) -> bool:
    """Tell whether Fargate has a task of this size."""
    if (millicores, memory) == (250, GI // 2):
        return True
    low, high = FARGATE_SIZES.get(millicores, (0, -1))
    step = {8000: 4, 16000: 8}.get(millicores, 1)
    return memory % (step * GI) == 0 and low * GI <= memory <= high * GI
