"""Checks of what a service keeps and how a new version arrives: volumes, parts, Ray jobs, migrations, canaries."""

from __future__ import annotations

from collections.abc import Iterator

from inferloop_deploy.config.checks.networking import LISTENS
from inferloop_deploy.config.checks.rule import Check, Finding, ServiceView
from inferloop_deploy.config.service import Worker
from inferloop_deploy.config.source import Path

SERVICE: Path = ("spec", "service")
ALL = 100
"""Percent."""


def _stateful(view: ServiceView) -> Iterator[Finding]:
    service = view.spec.service
    if service.type != "stateful":
        if service.volume is not None:
            hint = "Write type: stateful, or remove the volume."
            yield view.at((*SERVICE, "volume"), f"no effect on type {service.type}", hint=hint)
        return
    if service.volume is None and view.whole(*SERVICE, "volume"):
        expected = "volume: {size: 10Gi}"
        yield view.at(
            (*SERVICE, "type"), "type stateful without a volume", expected, hint="Add it, or write type: api."
        )
    if service.autoscaling is not None:
        hint = "Write replicas instead: a replica that goes leaves its volume, and its data, behind."
        yield view.at((*SERVICE, "autoscaling"), "type stateful is not scaled by itself", hint=hint)


def _workers(view: ServiceView) -> Iterator[tuple[Path, Worker]]:
    yield from ((("spec", "workers", index), worker) for index, worker in enumerate(view.spec.workers))


def _parts(view: ServiceView) -> Iterator[Finding]:
    for path, worker in _workers(view):
        for key in ("completions", "parallelism"):
            if worker.type != "job" and view.written(*path, key):
                yield view.at((*path, key), f"no effect on type {worker.type}", "type job")
        if worker.type != "job" or worker.parallelism is None:
            continue
        if worker.completions is None:
            yield view.at((*path, "parallelism"), "parts at once of a job without parts", "completions beside it")
        elif worker.parallelism > worker.completions:
            yield view.at((*path, "parallelism"), "more at once than there are parts", f"at most {worker.completions}")


def _ray(view: ServiceView) -> Iterator[Finding]:
    for path, worker in _workers(view):
        if worker.type != "ray":
            if worker.ray is not None:
                yield view.at((*path, "ray"), f"no effect on type {worker.type}", "type ray")
            continue
        if worker.ray is None:
            expected = "ray: {workers: 4}"
            yield view.at((*path, "type"), "type ray without workers", expected, hint="Add it, or write type: job.")
        if not worker.command and not worker.args:
            yield view.at((*path, "type"), "a Ray job that says nothing to run", "command or args")


def _migrations(view: ServiceView) -> Iterator[Finding]:
    migrations, path = view.spec.service.migrations, (*SERVICE, "migrations")
    if migrations is None:
        return
    if view.spec.service.type == "function":
        yield view.at(path, "no effect on type function", hint="Run them before the function is applied.")
    if not migrations.command and not migrations.args:
        yield view.at(path, "nothing to run, so the service itself would start", "command or args", found="neither")


def _canary(view: ServiceView) -> Iterator[Finding]:
    service, path = view.spec.service, (*SERVICE, "canary")
    canary, ingress, mesh = service.canary, view.spec.networking.ingress, view.spec.networking.service_mesh
    if canary is None:
        return
    new = canary.image.digest or canary.image.tag
    if service.type != "api":
        yield view.at(path, f"no effect on type {service.type}", "type api", hint="Remove it, or change the type.")
    elif not ingress.enabled and not mesh.enabled:
        hint = "Enable networking.ingress or networking.serviceMesh, which share requests out, or remove the canary."
        yield view.at(path, "it gets no requests", hint=hint)
    if new is None:
        yield view.at((*path, "image"), "no new version", "a tag or a digest", found="neither")
    elif new == (service.image.digest or service.image.tag):
        yield view.at((*path, "image"), "the version that the service runs already", "another version", found=new)


def _former(view: ServiceView) -> Iterator[Finding]:
    service, networking = view.spec.service, view.spec.networking
    former, path = networking.migration, ("spec", "networking", "migration")
    if former is None:
        return
    if service.type not in LISTENS:
        yield view.at(path, f"type {service.type} listens to no requests", "type api or stateful")
    elif not networking.service_mesh.enabled and service.placement.runtime == "kubernetes":
        hint = "Enable networking.serviceMesh, which shares the requests out, or remove migration."
        yield view.at(path, "nothing shares requests out", hint=hint)
    if service.canary is not None and former.weight + service.canary.weight > ALL:
        found = f"{former.weight} percent, and {service.canary.weight} for the canary"
        hint = "Lower one of the two."
        yield view.at((*path, "weight"), "more than all requests", f"at most {ALL} together", found=found, hint=hint)


SERVICE_CHECKS = (
    Check[ServiceView](
        "stateful",
        "Type stateful has a volume and a fixed number of replicas, and no other type has a volume.",
        "Add the volume, or use type api.",
        run=_stateful,
    ),
    Check[ServiceView](
        "parts",
        "A job in parts says how many parts it has, and runs no more at once.",
        "Correct completions or parallelism.",
        run=_parts,
    ),
    Check[ServiceView](
        "ray", "Type ray says how many workers its job has and what they run.", "Add what is missing.", run=_ray
    ),
    Check[ServiceView](
        "migrations", "Migrations say what to run.", "Write args: [migrate], for instance.", run=_migrations
    ),
    Check[ServiceView](
        "canary",
        "A canary is another version of an api, and gets some of its requests.",
        "Name the new version, or remove the canary.",
        run=_canary,
    ),
    Check[ServiceView](
        "former-deployment",
        "Requests go to a former deployment where a mesh can share them out.",
        "Enable networking.serviceMesh, or remove networking.migration.",
        run=_former,
    ),
)
