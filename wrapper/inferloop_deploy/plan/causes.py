"""Which lines of YAML a planned change comes from.

Nothing in a plan tells this outright. What does: the service that a resource is tagged with, the key it has in its
module (`<service>-<dependency>`), the module itself, and, for an update, which attributes change and to what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from inferloop_deploy.plan.addresses import Address, split_key
from inferloop_deploy.render.hcl import Value
from inferloop_deploy.render.source_map import Place, SourceMap

MOST = 4
"""Lines named for one change; more of them explain less."""


@dataclass(frozen=True)
class Cause:
    """A line of YAML, and the field that stands there."""

    file: str
    line: int
    yaml_path: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.yaml_path}".rstrip()

    def as_json(self) -> dict[str, object]:
        """Return the cause as `--output json` prints it."""
        return {"file": self.file, "line": self.line, "yaml_path": self.yaml_path}


OF_SERVICES: Mapping[str, tuple[str, ...]] = {
    "aws_cloudwatch_log_group": ("monitoring.logs",),
    "aws_xray_group": ("monitoring.tracing",),
    "aws_xray_sampling_rule": ("monitoring.tracing.sampling_rate", "monitoring.tracing"),
    "batch": ("service.placement", "service"),
    "cdn": ("networking.ingress.cdn", "networking.ingress"),
    "containers": ("service.placement", "service"),
    "edge": ("networking.ingress",),
    "functions": ("service",),
    "identity": ("dependencies",),
    "observability": ("slo", "monitoring"),
    "registry": ("service.image", "service"),
    "secrets": ("secrets",),
    "security": ("data",),
}
"""Where in a service's spec resources of a type, or of a module, come from unless their key names a dependency.

The first that somebody wrote is named.
"""

OF_ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "addons": ("cluster_services",),
    "aws_budgets_budget": ("environment.budget",),
    "aws_ce_anomaly_monitor": ("environment.budget",),
    "aws_ce_anomaly_subscription": ("environment.budget",),
    "aws_sns_topic_subscription": ("environment.notify",),
    "backup": ("environment.backup",),
    "cache": ("environment.shared.cache",),
    "cluster": ("eks_config",),
    "cluster_backup": ("cluster_services.backup",),
    "database": ("environment.shared.database",),
    "edge": ("environment.dns",),
    "helm_release": ("cluster_services",),
    "identity": ("environment.pipelines",),
    "network": ("environment.network",),
    "observability": ("environment.notify", "environment.log_retention"),
    "registry": ("environment.registry",),
    "security": ("environment.security",),
}
"""Where in the environment's files resources of a type, or of a module, come from that belong to no service."""

SHARED: Mapping[str, frozenset[str]] = {
    "database": frozenset({"database"}),
    "cache": frozenset({"cache"}),
    "storage": frozenset({"storage"}),
    "files": frozenset({"storage"}),
    "queue": frozenset({"queue"}),
}
"""Types of dependency that a module makes once for all services that share it."""

RUNTIMES: Mapping[str, str] = {"batch": "batch", "containers": "fargate"}
"""What a service's placement says where it needs what a module makes once for all services."""

_NAMED = ("dependencies", "workers", "secrets")


@dataclass(frozen=True)
class Sources:
    """What was rendered, and where each value of it was written."""

    source_map: SourceMap
    values: Mapping[str, Value]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services."""
        return self.source_map.services

    @cached_property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of each service's dependencies, workers and secrets."""
        item = re.compile(r"services\.([\w-]+)\.spec\.(?:" + "|".join(_NAMED) + r")\.[\w-]+")
        found: dict[str, list[str]] = {}
        for path in self.source_map.places:
            if match := item.fullmatch(path):
                found.setdefault(match.group(1), []).append(path)
        return {service: tuple(paths) for service, paths in found.items()}

    def under(self, path: str) -> Iterator[tuple[str, Place]]:
        """Yield what was written at a path and below it."""
        for candidate, place in self.source_map.places.items():
            if candidate == path or candidate.startswith((f"{path}.", f"{path}[")):
                yield candidate, place


def service_of(address: Address, tags: Mapping[str, object], services: Iterable[str]) -> str:
    """Return the service that a resource belongs to: by its tag, else by its key; nothing for the environment's own."""
    tag = tags.get("Service")
    known = tuple(services)
    if isinstance(tag, str) and tag:
        return "" if tag == "platform" else tag
    for key in reversed(address.keys):
        service, _ = split_key(key, known)
        if service:
            return service
    return ""


def causes_of(address: Address, service: str, changed: Mapping[str, object], sources: Sources) -> tuple[Cause, ...]:
    """Return the lines that a change comes from; `changed` has the attributes of an update with their new values."""
    paths = list(_places_of(address, service, sources))
    if changed:
        paths = [path for root in paths for path in _leaves_for(root, changed, sources)] or paths
    found = (sources.source_map.nearest(path) for path in paths)
    causes = dict.fromkeys(Cause(place.file, place.line, place.yaml_path) for place in found if place is not None)
    return tuple(causes)[:MOST]


def _places_of(address: Address, service: str, sources: Sources) -> Iterator[str]:
    if service and service not in sources.services:
        return  # its folder is gone
    if service:
        yield from _of_service(address, service, sources)
    else:
        yield from _of_environment(address, sources)


def _of_service(address: Address, service: str, sources: Sources) -> Iterator[str]:
    for key in reversed(address.keys):
        rest = split_key(key, (service,))[1]
        fitting = [path for path in sources.named.get(service, ()) if _names(rest, path.rsplit(".", 1)[1])]
        if rest and fitting:
            yield max(fitting, key=len)
            return
    names = OF_SERVICES.get(address.type) or OF_SERVICES.get(address.module, ())
    sections = (f"services.{service}.spec.{name}" for name in names)
    yield next((path for path in sections if path in sources.source_map.places), f"services.{service}")


def _names(rest: str, name: str) -> bool:
    return rest == name or re.match(re.escape(name) + r"[-/.:_]", rest) is not None


def _of_environment(address: Address, sources: Sources) -> Iterator[str]:
    for key in address.keys:
        pool = f"eks_config.node_pools.{key}"
        if address.module == "cluster" and pool in sources.source_map.places:
            yield pool
            return
    asking = list(_asking(address, sources))
    sections = OF_ENVIRONMENT.get(address.type) or OF_ENVIRONMENT.get(address.module, ())
    written = (path for path in sections if path in sources.source_map.places)
    yield from asking or [next(written, "environment")]


def _asking(address: Address, sources: Sources) -> Iterator[str]:
    """Yield what of the services asks for something that is made once for all of them."""
    if address.module in RUNTIMES:
        for service in sources.services:
            path = f"services.{service}.spec.service.placement.runtime"
            if sources.values.get(path) == RUNTIMES[address.module]:
                yield path
    kinds = SHARED.get(address.module, frozenset())
    for paths in sources.named.values():
        for path in paths:
            if sources.values.get(f"{path}.shared") is True and sources.values.get(f"{path}.type") in kinds:
                name = path.rsplit(".", 1)[1]
                if not address.keys or _names(address.keys[-1], "shared") or _names(address.keys[-1], name):
                    yield path


def _leaves_for(root: str, changed: Mapping[str, object], sources: Sources) -> list[str]:
    """Return the values under a path that changed attributes come from: that mean the same, or else sound the same."""
    leaves = [(path, sources.values[path]) for path, _ in sources.under(root) if path in sources.values]
    alike = [path for path, _ in leaves if any(_sounds_like(path, attribute) for attribute in changed)]
    same = [path for path, value in leaves if any(_means(value, new) for new in changed.values())]
    both = [path for path in alike if path in same]
    return both or alike or same


def _sounds_like(path: str, attribute: str) -> bool:
    """Tell whether a field's words are all in an attribute's name: `retention` in `message_retention_seconds`."""
    words = set(re.findall(r"[a-z0-9]+", path.rsplit(".", 1)[-1].lower()))
    return bool(words) and words <= set(re.findall(r"[a-z0-9]+", attribute.lower()))


_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)")
_FACTORS: Mapping[str, tuple[Decimal, ...]] = {
    "": (Decimal(1),),
    "m": (Decimal(1), Decimal(60), Decimal("0.001")),
    "s": (Decimal(1),),
    "h": (Decimal(3600), Decimal(1)),
    "d": (Decimal(86400), Decimal(1)),
    "Ki": (Decimal(1), Decimal(1024)),
    "Mi": (Decimal(1), Decimal(1024) ** 2),
    "Gi": (Decimal(1), Decimal(1024), Decimal(1024) ** 3),
    "Ti": (Decimal(1), Decimal(1024), Decimal(1024) ** 4),
}


def _means(written: Value, new: object) -> bool:
    """Tell whether an attribute's new value is what was written, in some unit: `5m` is 300, `20Gi` is 20."""
    if isinstance(written, bool) or isinstance(new, bool) or not isinstance(written, str | int | float):
        return False
    if isinstance(new, str):
        return isinstance(written, str) and len(new) > 1 and written == new
    if not isinstance(new, int | float):
        return False
    match = _AMOUNT.fullmatch(str(written))
    if match is None:
        return False
    try:
        amount = Decimal(match.group(1))
    except InvalidOperation:  # pragma: no cover - the pattern lets only numbers through
        return False
    return any(amount * factor == Decimal(str(new)) for factor in _FACTORS.get(match.group(2), ()))
