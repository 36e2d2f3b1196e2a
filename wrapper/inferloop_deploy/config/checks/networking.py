"""Checks of how services are reached: paths, hosts, authentication, cross-origin requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from inferloop_deploy.config.checks.rule import Check, Finding, ServiceView, Together
from inferloop_deploy.config.source import Path

INGRESS: Path = ("spec", "networking", "ingress")
LISTENS = ("api", "stateful")
"""Types of processes that listen to requests."""


def ingress_path(view: ServiceView) -> str:
    """Return the path of a service, without a slash at its end; /api/<name> where none is written."""
    path = view.spec.networking.ingress.path or f"/api/{view.config.metadata.name}"
    return path.rstrip("/") or "/"


def _ingress_type(view: ServiceView) -> Iterator[Finding]:
    kind = view.spec.service.type
    if view.spec.networking.ingress.enabled and kind not in LISTENS:
        hint = "Write spec.service.type: api, or remove the ingress."
        yield view.at((*INGRESS, "enabled"), f"type {kind} listens to no requests", hint=hint)


def _cors(view: ServiceView) -> Iterator[Finding]:
    cors = view.spec.networking.ingress.cors
    if cors is not None and cors.credentials and "*" in cors.origins:
        index = cors.origins.index("*")
        hint = "Name the origins, or remove credentials: browsers refuse the two together."
        yield view.at((*INGRESS, "cors", "origins", index), "every origin, with credentials", hint=hint)


def _auth(view: ServiceView) -> Iterator[Finding]:
    auth = view.spec.networking.ingress.auth
    if auth is None:
        return
    path = (*INGRESS, "auth")
    if auth.type == "jwt":
        if auth.issuer is None:
            yield view.at(path, "type jwt without an issuer", "issuer, such as https://login.example.com", found="none")
        foreign = []
    else:
        if auth.secret is None:
            yield view.at(path, "type key without a secret", "secret, one listed under spec.secrets", found="none")
        foreign = ["issuer", "audience", "jwksUri"]
    for key in foreign:
        if view.written(*path, key):
            yield view.at((*path, key), f"no effect on type {auth.type}", hint="Remove it, or change the type.")


def _headers(view: ServiceView) -> Iterator[Finding]:
    headers = view.spec.networking.ingress.request_headers
    seen: dict[str, str] = {}
    for key, names in (("add", list(headers.add)), ("set", list(headers.set)), ("remove", headers.remove)):
        for index, name in enumerate(names):
            place = (*INGRESS, "requestHeaders", key, index if key == "remove" else name)
            if name.lower() in seen:
                yield view.at(
                    place, f"the header is also under {seen[name.lower()]}", "one of the two", found=f'"{name}"'
                )
            seen.setdefault(name.lower(), key)


@dataclass(frozen=True)
class _Route:
    service: str
    path: str


def _routes(together: Together) -> dict[str, list[_Route]]:
    """Return who is reached under which path, by host; services without hosts are at the environment's domain."""
    environment = together.environment
    domain = "the environment's domain" if environment is None else environment.config.spec.dns.domain
    routes: dict[str, list[_Route]] = defaultdict(list)
    for name, view in together.services.items():
        ingress = view.spec.networking.ingress
        if ingress.enabled and view.spec.service.type in LISTENS:
            for host in dict.fromkeys(ingress.hosts or [domain]):
                routes[host].append(_Route(name, ingress_path(view)))
    return routes


def _at_ingress(view: ServiceView) -> Path:
    return next(path for path in ((*INGRESS, "path"), INGRESS) if view.written(*path))


def _same_path(together: Together) -> Iterator[Finding]:
    for host, routes in _routes(together).items():
        first: dict[str, str] = {}
        for route in routes:
            other = first.setdefault(route.path, route.service)
            if other != route.service:
                view, earlier = together.services[route.service], together.services[other]
                place = earlier.at(_at_ingress(earlier), "").problem(_PATH).place
                yield view.at(
                    _at_ingress(view), f"{other} is reached there already ({place})", f"a path of its own on {host}",
                    found=f'"{route.path}"',
                )  # fmt: skip


def _nested_path(together: Together) -> Iterator[Finding]:
    for host, routes in _routes(together).items():
        owners = {route.path: route.service for route in routes}
        for route in routes:
            parts = route.path.rstrip("/").split("/")
            above = next(
                (owners[up] for end in range(len(parts) - 1, 0, -1) if (up := "/".join(parts[:end]) or "/") in owners),
                None,
            )
            if above is not None and above != route.service:
                view = together.services[route.service]
                yield view.at(
                    _at_ingress(view), f"it lies below the path of {above} on {host}", found=f'"{route.path}"'
                )


def _runtimes(together: Together) -> Iterator[Finding]:
    """Kubernetes and Fargate have a load balancer each, and the name of a host leads to one of them."""
    for host, routes in _routes(together).items():
        runtimes = {route.service: together.services[route.service].spec.service.placement.runtime for route in routes}
        first = next(iter(runtimes))
        for name, runtime in runtimes.items():
            if runtime != runtimes[first]:
                view = together.services[name]
                path: Path = (*INGRESS, "hosts") if view.written(*INGRESS, "hosts") else INGRESS
                message = f"{host} leads to {first}, on runtime {runtimes[first]}"
                yield view.at(path, message, f"a host of its own for runtime {runtime}", found=f"runtime {runtime}")


_PATH = Check[Together](
    "ingress-path",
    "No two services are reached under the same path of the same host.",
    "Change the path of one of them, or give it hosts of its own.",
    run=_same_path,
)
SERVICE_CHECKS = (
    Check[ServiceView](
        "ingress-type",
        "Only services of types api and stateful have an ingress.",
        "Remove the ingress.",
        run=_ingress_type,
    ),
    Check[ServiceView]("cors", "Credentials are let through for named origins only.", "Name the origins.", run=_cors),
    Check[ServiceView]("auth", "Type jwt names its issuer, type key its secret.", "Add what is missing.", run=_auth),
    Check[ServiceView]("request-headers", "A request header is changed once.", "Keep one of the two.", run=_headers),
)
TOGETHER_CHECKS = (
    _PATH,
    Check[Together](
        "host-runtime",
        "All services of a host run on the same runtime.",
        "Give the service hosts: [NAME], a name within the environment's domain.",
        run=_runtimes,
    ),
    Check[Together](
        "nested-path",
        "A service's path does not lie below another's.",
        "The longer path wins, so the other service never sees these requests; is that meant?",
        severity="warning",
        run=_nested_path,
    ),
)
