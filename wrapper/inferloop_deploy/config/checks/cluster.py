"""Checks of what services ask of a cluster: its gateway, mesh, storage classes, quotas; and of these themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inferloop_deploy.config.checks.networking import INGRESS
from inferloop_deploy.config.checks.processes import effective_quantities, is_time_zone
from inferloop_deploy.config.checks.rule import (
    Asked,
    Check,
    EnvironmentView,
    Finding,
    PlacedService,
    Process,
    ServiceView,
    Together,
)
from inferloop_deploy.config.cron import cron_problem
from inferloop_deploy.config.environment import ClusterServices, Quota
from inferloop_deploy.config.quantity import cpu_millicores, memory_bytes
from inferloop_deploy.config.source import Path
from inferloop_deploy.names import nearest_name

MI = 2**20
CLUSTER_SERVICES: Path = ("spec", "clusterServices")
MESH: Path = ("spec", "networking", "serviceMesh")
PRODUCTION = frozenset({"prod", "production"})
"""Names of environments in which images need their digest, and nothing stops at night."""
DEFAULT_CPU, DEFAULT_MEMORY = "500m", "1Gi"
"""What a process asks for that says nothing (`modules/base/units.tf`)."""


def _services(environment: EnvironmentView) -> ClusterServices:
    return environment.config.spec.cluster_services


def _in_cluster(view: ServiceView) -> list[Process]:
    return [
        process
        for process in view.processes
        if process.placement.runtime == "kubernetes" and process.type != "function"
    ]


def _in_istio(view: ServiceView, cluster: ClusterServices) -> bool:
    """Tell whether Istio is at the service's pods, which check tokens there; elsewhere the gateway does."""
    return cluster.mesh == "istio" and view.spec.networking.service_mesh.enabled


def _image_digest(placed: PlacedService) -> Iterator[Finding]:
    """Say early what a plan of the services refuses; the image may be named with `deploy --image`."""
    view, service = placed.service, placed.service.spec.service
    folder = placed.environment.folder
    if folder not in PRODUCTION or not _in_cluster(view):
        return
    path: Path = ("spec", "service", "image")
    if service.image.digest is None:
        hint = (
            f"Write image: {{tag: null, digest: sha256:...}} under environments.{folder}, "
            f"or deploy with --image REPOSITORY@sha256:...: {folder} is not planned without."
        )
        place = (*path, "tag") if view.written(*path, "tag") else path
        found = None if service.image.tag else "neither tag nor digest"
        yield view.at(place, f"an image without a digest, in {folder}", "a digest", hint=hint, found=found)
    if service.canary is not None and service.canary.image.tag is not None:
        yield view.at(
            ("spec", "service", "canary", "image", "tag"), f"an image without a digest, in {folder}", "a digest"
        )


def _storage_class(placed: PlacedService) -> Iterator[Finding]:
    volume, environment = placed.service.spec.service.volume, placed.environment
    if volume is None:
        return
    own = () if environment.config.spec.cluster.existing else sorted(placed.target.storage_classes)
    known = [*own, *_services(environment).storage_classes]
    if volume.storage_class not in known:
        near = nearest_name(volume.storage_class, known)
        expected = (
            f"one of {', '.join(known)}" if known else f"a storage class, of which {environment.label} names none"
        )
        hint = f"Did you mean {near}?" if near else None
        yield placed.service.at(
            ("spec", "service", "volume", "storageClass"), f"a storage class that {environment.label} does not have",
            expected, hint=hint, found=f'"{volume.storage_class}"',
        )  # fmt: skip


def _gateway(placed: PlacedService) -> Iterator[Finding]:
    view, ingress = placed.service, placed.service.spec.networking.ingress
    cluster = _services(placed.environment)
    if not ingress.enabled or not any(process.path == ("spec", "service") for process in _in_cluster(view)):
        return
    gateway = f"gateway {cluster.gateway} of {placed.environment.label}"
    if ingress.rate_limit is not None and cluster.gateway != "kong":
        hint = "Use gateway kong, let the firewall in front count (waf: true), or remove rateLimit."
        yield view.at((*INGRESS, "rateLimit"), f"{gateway} counts no requests", "gateway kong", hint=hint)
    auth = ingress.auth
    if auth is None:
        return
    if auth.type == "key" and cluster.gateway != "kong":
        hint = "Use gateway kong, or type jwt with the mesh istio."
        yield view.at((*INGRESS, "auth", "type"), f"{gateway} knows no keys", "gateway kong", hint=hint)
    if auth.type != "jwt" or _in_istio(view, cluster):
        return
    if cluster.gateway != "kong" or auth.secret is None:
        hint = (
            "Enable networking.serviceMesh where the mesh is istio, which fetches the issuer's keys, "
            "or use gateway kong and name a secret with the issuer's public key."
        )
        yield view.at((*INGRESS, "auth", "type"), f"{gateway} has no key to check tokens with", hint=hint)
        return
    if auth.audience is not None:
        hint = "Remove audience, or enable networking.serviceMesh where the mesh is istio."
        yield view.at((*INGRESS, "auth", "audience"), f"{gateway} does not look for whom a token is", hint=hint)
    if auth.jwks_uri is not None:
        hint = "Remove jwksUri: auth.secret has the key. Or enable networking.serviceMesh where the mesh is istio."
        yield view.at((*INGRESS, "auth", "jwksUri"), f"{gateway} fetches no keys", hint=hint)


def _issuers(together: Together) -> Iterator[Finding]:
    """Kong has one credential for an issuer in the whole cluster."""
    environment = together.environment
    if environment is None or _services(environment).gateway != "kong":
        return
    first: dict[str, str] = {}
    for name, view in together.services.items():
        ingress = view.spec.networking.ingress
        if not ingress.enabled or _in_istio(view, _services(environment)) or not _in_cluster(view):
            continue
        if ingress.auth is None or ingress.auth.issuer is None:
            continue
        other = first.setdefault(ingress.auth.issuer, name)
        if other != name:
            message = f"the issuer of {other}, too; gateway kong of {environment.label} takes an issuer for one service"
            hint = "Enable networking.serviceMesh in both where the mesh is istio, or use type key."
            yield view.at((*INGRESS, "auth", "issuer"), message, hint=hint)


LINKERD_LACKS = ("maxConnections", "maxPendingRequests", "interval")


def _mesh(placed: PlacedService) -> Iterator[Finding]:
    view, environment, networking = placed.service, placed.environment, placed.service.spec.networking
    mesh, folder = _services(environment).mesh, placed.environment.folder
    if not networking.service_mesh.enabled or not _in_cluster(view):
        return
    if mesh == "none":
        hint = f"Write serviceMesh: {{enabled: false}} under environments.{folder}, or let the environment have a mesh."
        yield view.at((*MESH, "enabled"), f"{environment.label} has no mesh", "mesh istio or linkerd", hint=hint)
    if mesh == "linkerd":
        for key in LINKERD_LACKS:
            if view.written(*MESH, "circuitBreaker", key):
                expected = "consecutiveErrors and ejectionTime"
                yield view.at((*MESH, "circuitBreaker", key), "mesh linkerd does not know it", expected)
    if networking.migration is not None and mesh == "linkerd":
        hint = "Use mesh istio, or move callers over one by one and remove migration."
        yield view.at(("spec", "networking", "migration"), "mesh linkerd leads to nothing outside", hint=hint)


def _traces(placed: PlacedService) -> Iterator[Finding]:
    if placed.service.spec.monitoring.tracing.enabled and _services(placed.environment).traces == "none":
        path: Path = ("spec", "monitoring", "tracing", "enabled")
        yield placed.service.at(path, f"{placed.environment.label} keeps no traces")


def _operators(placed: PlacedService) -> Iterator[Finding]:
    if _services(placed.environment).managed:
        return
    for process in _in_cluster(placed.service):
        if process.type == "ray":
            message = f"{placed.environment.label} brings its cluster services itself"
            yield placed.service.at((*process.path, "type"), message, "a cluster with KubeRay")


@dataclass(frozen=True)
class Request:
    """What a process of a service may ask for at its busiest, with how that comes about."""

    service: str
    process: str
    pods: int
    millicores: int
    memory: int
    gpus: int


def requests_of(name: str, view: ServiceView) -> Iterator[Request]:
    """Yield what a service may ask of a cluster, as `modules/base` counts it for quotas."""
    service = view.spec.service
    for process in _in_cluster(view):
        label = "" if process.path == ("spec", "service") else f".{process.described.__dict__['name']}"
        for asked in process.asked:
            yield _request(name, f"{name}{label}", asked)
        if label:
            continue
        own = process.asked[0]
        if service.canary is not None:
            yield _request(name, f"{name} (canary)", Asked(own.path, own.resources, service.canary.replicas))
        if service.migrations is not None:
            run = _request(name, f"{name} (migrations)", Asked(own.path, own.resources, 1))
            yield Request(run.service, run.process, run.pods, run.millicores, run.memory, 0)


def _request(service: str, process: str, asked: Asked) -> Request:
    quantities = effective_quantities(asked.resources)
    cpu, memory = ((request or limit) for request, limit in quantities.values())
    return Request(
        service, process, asked.pods, asked.pods * cpu_millicores(cpu or DEFAULT_CPU),
        asked.pods * -(-memory_bytes(memory or DEFAULT_MEMORY) // MI), asked.pods * asked.resources.gpu.count,
    )  # fmt: skip


def _quotas(together: Together) -> Iterator[Finding]:
    environment = together.environment
    if environment is None:
        return
    asked: dict[str, list[Request]] = defaultdict(list)
    for name, view in together.services.items():
        asked[view.config.metadata.namespace] += list(requests_of(name, view))
    for namespace, quota in _services(environment).quotas.items():
        path = (*CLUSTER_SERVICES, "quotas", namespace)
        if namespace not in asked:
            known = ", ".join(sorted(asked)) or "none"
            near = nearest_name(namespace, sorted(asked))
            hint = f"Did you mean {near}?" if near else None
            message = "a namespace that no service is in"
            yield environment.at(path, message, f"one of {known}", hint=hint, found=f'"{namespace}"')
        yield from _over(environment, path, quota, asked[namespace])


def _over(environment: EnvironmentView, path: Path, quota: Quota, requests: list[Request]) -> Iterator[Finding]:
    limits: Mapping[str, tuple[int | None, str]] = {
        "cpu": (None if quota.cpu is None else cpu_millicores(quota.cpu), "millicores"),
        "memory": (None if quota.memory is None else memory_bytes(quota.memory) // MI, "memory"),
        "pods": (quota.pods, "pods"),
        "gpus": (quota.gpus, "gpus"),
    }
    for key, (limit, field) in limits.items():
        asked: dict[str, int] = defaultdict(int)
        for request in requests:
            asked[request.process] += getattr(request, field)
        if limit is None or sum(asked.values()) <= limit:
            continue
        largest = sorted(asked.items(), key=lambda item: (-item[1], item[0]))
        by = ", ".join(f"{process} {_shown(key, amount)}" for process, amount in largest if amount)
        message = f"less than its services ask for, with every autoscaling at its max: {by}"
        yield environment.at(
            (*path, key), message, f"{_shown(key, sum(asked.values()))} or more", found=_shown(key, limit)
        )


def _shown(key: str, amount: int) -> str:
    return {"cpu": f"{amount / 1000:g}", "memory": f"{amount / 1024:g}Gi"}.get(key, str(amount))


def _choices(view: EnvironmentView) -> Iterator[Finding]:
    services = _services(view)
    if services.gateway == "istio" and services.mesh != "istio":
        place = (*CLUSTER_SERVICES, "gateway")
        yield view.at(place, f"gateway istio beside mesh {services.mesh}", "mesh istio, or another gateway")
    if services.certificates.issuer == "own-ca":
        for key in ("email", "server"):
            if view.written(*CLUSTER_SERVICES, "certificates", key):
                place = (*CLUSTER_SERVICES, "certificates", key)
                yield view.at(place, "no effect on issuer own-ca", hint="Remove it, or write issuer: acme.")
    for path, schedule in _schedules(services):
        problem = cron_problem(schedule)
        if problem is not None:
            yield view.at((*CLUSTER_SERVICES, *path), problem.message, problem.expected)
    if not is_time_zone(services.night.time_zone):
        place = (*CLUSTER_SERVICES, "night", "timeZone")
        yield view.at(place, "a time zone that does not exist", "an IANA name such as Europe/Berlin or Etc/UTC")
    for index, name in enumerate(services.storage_classes):
        if name in services.storage_classes[:index] or name in view.target.storage_classes:
            place = (*CLUSTER_SERVICES, "storageClasses", index)
            yield view.at(place, "a storage class that is there already", "other names", hint="Remove it.")


def _schedules(services: ClusterServices) -> list[tuple[Path, str]]:
    return [
        (("backup", "schedule"), services.backup.schedule),
        (("night", "start"), services.night.start),
        (("night", "end"), services.night.end),
    ]


def _night(view: EnvironmentView) -> Iterator[Finding]:
    services, place = _services(view), (*CLUSTER_SERVICES, "night", "enabled")
    if not services.night.enabled:
        return
    if view.folder in PRODUCTION:
        yield view.at(place, f"services of {view.folder} would stop at night", "false")
    elif not services.managed:
        hint = "Remove night, or write managed: true."
        yield view.at(place, "KEDA, which stops services, is not installed by the platform here", hint=hint)


def _nodes(view: EnvironmentView) -> Iterator[Finding]:
    cluster = view.config.spec.cluster
    if _services(view).nodes != "none" or cluster.existing is not None:
        return
    for index, pool in enumerate(view.pools):
        if pool.min == 0:
            place: Path = ("spec", "cluster", "nodePools", index, "min")
            yield view.at(place, f"nobody adds nodes to {pool.name}, as nodes is none", "1 or more")


PLACED_CHECKS = (
    Check[PlacedService](
        "image-digest",
        "In production an image has a digest: a tag may be another image tomorrow.",
        "Write the digest that was tested.",
        severity="warning",
        run=_image_digest,
    ),
    Check[PlacedService](
        "storage-class",
        "A volume has a storage class of the cluster.",
        "Choose one that is there, or list it under spec.clusterServices.storageClasses of the environment.",
        run=_storage_class,
    ),
    Check[PlacedService](
        "gateway",
        "The gateway of the environment can do what the ingress asks for.",
        "Change spec.clusterServices.gateway of the environment, or leave out what it cannot do.",
        run=_gateway,
    ),
    Check[PlacedService](
        "mesh",
        "The mesh of the environment can do what the service asks for.",
        "Change spec.clusterServices.mesh of the environment, or leave out what it cannot do.",
        run=_mesh,
    ),
    Check[PlacedService](
        "traces",
        "Traces are recorded where something keeps them.",
        "Write spec.clusterServices.traces: tempo in the environment, or tracing: {enabled: false}.",
        severity="warning",
        run=_traces,
    ),
    Check[PlacedService](
        "ray-operator",
        "Ray jobs run where KubeRay is.",
        "Make sure that the cluster has KubeRay, or write spec.clusterServices.managed: true.",
        severity="warning",
        run=_operators,
    ),
)
TOGETHER_CHECKS = (
    Check[Together](
        "issuer",
        "Where Kong checks tokens, each of their issuers is that of one service.",
        "Let the services take part in the mesh istio, where pods check tokens, or use keys.",
        run=_issuers,
    ),
    Check[Together](
        "quota",
        "A namespace's quota is no less than what its services may ask for together.",
        "Raise the quota, or let services ask for less.",
        run=_quotas,
    ),
)
ENVIRONMENT_CHECKS = (
    Check[EnvironmentView](
        "cluster-services",
        "What runs in the cluster for all services fits together.",
        "Change one of the two.",
        run=_choices,
    ),
    Check[EnvironmentView](
        "night", "Nothing stops at night in production, nor where KEDA is not installed.", "Remove night.", run=_night
    ),
    Check[EnvironmentView](
        "node-scaling",
        "Where nobody adds nodes, every pool has some.",
        "Raise min, or write spec.clusterServices.nodes: cluster-autoscaler.",
        severity="warning",
        run=_nodes,
    ),
)
