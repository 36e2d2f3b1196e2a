"""Checks of an environment: addresses, zones, pools, sizes, retention, money."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inferloop_deploy.config.checks.dependencies import LONGEST_BACKUP
from inferloop_deploy.config.checks.processes import reserved
from inferloop_deploy.config.checks.rule import Check, EnvironmentView, Finding
from inferloop_deploy.config.quantity import days_of, memory_bytes
from inferloop_deploy.config.source import Path, Scalar, Table, find
from inferloop_deploy.names import nearest_name

GI = 2**30
NETWORK: Path = ("spec", "network")
PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
LONGEST_BASE_NAME = 32
COLD_DAYS = 90
"""Days that cold storage keeps what was moved there, at least."""


@dataclass(frozen=True)
class Range:
    """An address range with the path where it was written."""

    path: Path
    text: str
    network: ipaddress.IPv4Network | None


def read_range(path: Path, text: str) -> Range:
    """Return a range; without a network where the text is none."""
    try:
        return Range(path, text, ipaddress.IPv4Network(text))
    except ValueError:
        return Range(path, text, None)


def _ranges(view: EnvironmentView) -> list[Range]:
    network = view.config.spec.network
    texts = [((*NETWORK, "cidr"), network.cidr), ((*NETWORK, "serviceCidr"), network.service_cidr)]
    texts += [((*NETWORK, "reservedCidrs", index), text) for index, text in enumerate(network.reserved_cidrs)]
    if network.existing is not None:
        texts.append(((*NETWORK, "existing", "cidr"), network.existing.cidr))
    public = view.config.spec.cluster.public_cidrs
    texts += [(("spec", "cluster", "publicCidrs", index), text) for index, text in enumerate(public)]
    return [read_range(path, text) for path, text in texts]


def _folder(view: EnvironmentView) -> Iterator[Finding]:
    if view.config.metadata.name != view.folder:
        yield view.at(("metadata", "name"), "not the name of its folder", f'"{view.folder}"')
    for label in reserved(view.config.metadata.tags):
        yield view.at(("metadata", "tags", label), "a tag that the platform writes itself", hint="Remove it.")
    base = f"{view.config.metadata.project}-{view.config.metadata.name}"
    if len(base) > LONGEST_BASE_NAME:
        message = f"every resource would be called {base}-..., {len(base)} characters before its own name"
        yield view.at(("metadata", "name"), message, f"project and name together {LONGEST_BASE_NAME} characters")


def _addresses(view: EnvironmentView) -> Iterator[Finding]:
    for entry in _ranges(view):
        if entry.network is None:
            expected = "four numbers up to 255, a length up to /32, no bits behind it"
            yield view.at(entry.path, "no address range", expected, hint=_meant(entry.text))
    network = view.config.spec.network
    if network.existing is not None and network.existing.cidr != network.cidr:
        message = "not the range of the existing network"
        yield view.at((*NETWORK, "cidr"), message, f'"{network.existing.cidr}"', hint="Write the same range twice.")
    main = read_range((), network.cidr).network
    if main is not None and not 16 <= main.prefixlen <= 20:
        yield view.at((*NETWORK, "cidr"), "not accepted", "a length of /16 to /20")
    services = read_range((), network.service_cidr).network
    if services is not None and not (
        12 <= services.prefixlen <= 24 and any(services.subnet_of(wide) for wide in PRIVATE)
    ):
        expected = "a length of /12 to /24 inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
        yield view.at((*NETWORK, "serviceCidr"), "not accepted", expected)


def _meant(text: str) -> str | None:
    try:
        return f"Did you mean {ipaddress.IPv4Network(text, strict=False)}?"
    except ValueError:
        return None


def _overlaps(view: EnvironmentView) -> Iterator[Finding]:
    ranges = [entry for entry in _ranges(view) if entry.path[1] == "network" and entry.network is not None]
    for index, later in enumerate(ranges):
        for earlier in ranges[:index]:
            both_reserved = "reservedCidrs" in earlier.path and "reservedCidrs" in later.path
            if later.network and earlier.network and not both_reserved and later.network.overlaps(earlier.network):
                if {"cidr", "existing"} <= {*earlier.path, *later.path}:
                    continue
                place = later if view.written(*later.path) else earlier
                other = earlier if place is later else later
                yield view.at(
                    place.path,
                    f"it overlaps {'.'.join(map(str, other.path[1:3]))}, {other.text}",
                    "ranges that do not overlap",
                    found=f'"{place.text}"',
                )


@dataclass(frozen=True)
class Neighbours:
    """An environment among all environments on the same cloud, each as its tree."""

    name: str
    cloud: str
    trees: Mapping[str, Table]


def _neighbours(among: Neighbours) -> Iterator[Finding]:
    ours = _network(among.trees[among.name])
    for name, tree in among.trees.items():
        theirs = _network(tree)
        if name != among.name and ours is not None and theirs is not None and ours.overlaps(theirs):
            message = f"it overlaps the network of {name} on {among.cloud}, {theirs}"
            yield Finding(among.trees[among.name], (*NETWORK, "cidr"), message, "ranges that do not overlap")


def _network(tree: Table) -> ipaddress.IPv4Network | None:
    node = find(tree, (*NETWORK, "cidr"))
    return read_range((), node.value).network if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _zones(view: EnvironmentView) -> Iterator[Finding]:
    region, network = view.config.spec.region, view.config.spec.network
    for index, zone in enumerate(network.zones):
        if not zone.startswith(region):
            yield view.at(
                (*NETWORK, "zones", index), f"a zone of another region than {region}", f"a zone such as {region}a"
            )
        if zone in network.zones[:index]:
            yield view.at((*NETWORK, "zones", index), "a zone for the second time", "different zones")
    existing = network.existing
    if existing is not None:
        for key, ids in (
            ("publicSubnetIds", existing.public_subnet_ids),
            ("privateSubnetIds", existing.private_subnet_ids),
            ("dataSubnetIds", existing.data_subnet_ids),
        ):
            if ids and len(ids) != len(network.zones):
                place = (*NETWORK, "existing", key)
                yield view.at(
                    place,
                    "not one subnet for each zone",
                    f"{len(network.zones)}, as many as zones",
                    found=f"{len(ids)}",
                )


def _endpoint(view: EnvironmentView) -> Iterator[Finding]:
    cluster, path = view.config.spec.cluster, ("spec", "cluster")
    if cluster.public_endpoint and not cluster.public_cidrs:
        yield view.at(
            (*path, "publicEndpoint"),
            "open to nobody in particular",
            "publicCidrs beside it, with the ranges that may connect",
        )
    if cluster.public_cidrs and not cluster.public_endpoint:
        yield view.at(
            (*path, "publicCidrs"),
            "no effect while publicEndpoint is false",
            hint="Remove it, or write publicEndpoint: true.",
        )
    for index, text in enumerate(cluster.public_cidrs):
        network = read_range((), text).network
        if network is not None and network.prefixlen == 0:
            yield view.at((*path, "publicCidrs", index), "open to everybody", "the ranges that may connect")


def _pools(view: EnvironmentView) -> Iterator[Finding]:
    cluster = view.config.spec.cluster
    if (
        cluster.enabled
        and cluster.existing is None
        and not any(pool.gpu is None and not pool.spot and pool.min > 0 for pool in view.pools)
    ):
        yield view.at(
            ("spec", "cluster", "nodePools"),
            "no node to start on",
            "a node pool without GPUs, not spot, whose min is 1 or more",
        )
    for index, pool in enumerate(view.pools):
        path: Path = ("spec", "cluster", "nodePools", index)
        if pool.min > pool.max:
            place = (*path, "min" if view.written(*path, "min") else "max")
            yield view.at(place, "min is greater than max", "min <= max", found=f"min {pool.min}, max {pool.max}")
        least = 50 if pool.gpu else 20
        if not least * GI <= memory_bytes(pool.disk) <= 16384 * GI:
            yield view.at((*path, "disk"), "not accepted", f"{least}Gi to 16384Gi", found=f'"{pool.disk}"')
        if len({view.target.is_arm(name) for name in pool.machine_types}) > 1:
            yield view.at(
                (*path, "machineTypes"),
                "x86_64 and arm64 machines in one pool",
                "machines of one architecture",
                found=", ".join(pool.machine_types),
            )
        yield from _pool_gpus(view, index)


def _pool_gpus(view: EnvironmentView, index: int) -> Iterator[Finding]:
    pool, target = view.pools[index], view.target
    path: Path = ("spec", "cluster", "nodePools", index)
    for number, name in enumerate(pool.machine_types):
        place = (*path, "machineTypes", number)
        has = target.gpu_families.get(name.partition(".")[0])
        if "." not in name:
            near = f"Did you mean {name}.large?" if name in target.machine_families else None
            yield view.at(place, "no machine type", "a machine type such as m7i.large", hint=near)
        elif pool.gpu is None:
            if has is not None:
                yield view.at(
                    place, f"a machine with GPUs ({has}) in a pool without", f"gpu: {{type: {has}}} beside it"
                )
        elif has is not None and has != pool.gpu.type:
            yield view.at((*path, "gpu", "type"), f"{name} has {has}", f'"{has}", or other machines')
        elif has is None and name.partition(".")[0] in target.machine_families:
            yield view.at(
                place, "a machine without GPUs in a pool with", f"one of the families {', '.join(target.gpu_families)}"
            )
        elif has is not None and pool.gpu.count != target.gpu_counts.get(name, 1):
            count = target.gpu_counts.get(name, 1)
            yield view.at(
                (*path, "gpu"),
                f"{name} has {count} GPU{'s' if count > 1 else ''}",
                f"count: {count}",
                found=f"{pool.gpu.count}",
            )


def _spot_pools(view: EnvironmentView) -> Iterator[Finding]:
    for index, pool in enumerate(view.pools):
        if pool.spot and len(pool.machine_types) == 1:
            place: Path = ("spec", "cluster", "nodePools", index, "machineTypes")
            yield view.at(place, "one machine type for spot capacity", "three or more", found=pool.machine_types[0])


def _shared_sizes(view: EnvironmentView) -> Iterator[Finding]:
    spec = view.config.spec
    for kind, size, known, existing in (
        ("database", spec.shared.database.size, spec.sizes.database, spec.shared.database.existing),
        ("cache", spec.shared.cache.size, spec.sizes.cache, spec.shared.cache.existing),
    ):
        if size not in known and existing is None:
            expected = f"one of {', '.join(known)}, or {size} under spec.sizes.{kind}"
            yield view.at(("spec", "shared", kind, "size"), "a size without a machine", expected, found=f'"{size}"')
    for kind, engine, version in (
        ("database", spec.shared.database.engine, spec.shared.database.version),
        ("cache", spec.shared.cache.engine, spec.shared.cache.version),
    ):
        versions = view.target.engine_versions.get(engine)
        if versions is not None and version not in versions:
            message = f"a version of engine {engine} that is not supported on {view.target.name}"
            yield view.at(("spec", "shared", kind, "version"), message, versions.expected, found=f'"{version}"')
    database, path = spec.shared.database, ("spec", "shared", "database")
    if database.engine == "postgres" and database.replicas:
        yield view.at((*path, "replicas"), "engine postgres has no read replicas", "engine: aurora-postgresql")
    if days_of(database.backup_retention) > LONGEST_BACKUP:
        yield view.at((*path, "backupRetention"), "not accepted", f"1d to {LONGEST_BACKUP}d")


def _retention(view: EnvironmentView) -> Iterator[Finding]:
    spec = view.config.spec
    known = view.target.log_retention_days
    for path, retention in (
        (("spec", "logRetention"), spec.log_retention),
        (("spec", "network", "flowLogs", "retention"), spec.network.flow_logs.retention),
    ):
        if days_of(retention) not in known:
            yield view.at(path, "not accepted", f"one of {', '.join(f'{day}d' for day in sorted(known))}")


def _backup(view: EnvironmentView) -> Iterator[Finding]:
    backup, path = view.config.spec.backup, ("spec", "backup")
    if backup.cold_after is None:
        return
    least = days_of(backup.cold_after) + COLD_DAYS
    if days_of(backup.retention) < least:
        yield view.at((*path, "retention"), "deleted too early after coldAfter", f"{least}d or more")


def _service_names(view: EnvironmentView) -> Iterator[Finding]:
    spec = view.config.spec
    known = sorted(view.services)
    asked: list[tuple[Path, str]] = [(("spec", "identities", name), name) for name in spec.identities]
    asked += [(("spec", "budget", "services", name), name) for name in (spec.budget.services if spec.budget else ())]
    for path, name in asked:
        if name not in view.services:
            near = nearest_name(name, known)
            yield view.at(path, "a service that does not exist", f"one of {', '.join(known)}", found=f'"{name}"',
                          hint=near and f"Did you mean {near}?")  # fmt: skip
    if spec.budget is not None and sum(spec.budget.services.values()) > spec.budget.monthly:
        found = f"{sum(spec.budget.services.values())} for single services"
        yield view.at(
            ("spec", "budget", "monthly"), "less than the services' budgets together", "the sum or more", found=found
        )


BETWEEN_ENVIRONMENTS = Check[Neighbours](
    "environments-overlap",
    "Environments on the same cloud have networks that do not overlap.",
    "Choose another range, so that the two can be connected one day.",
    run=_neighbours,
)
ENVIRONMENT_CHECKS = (
    Check[EnvironmentView](
        "environment-name",
        "An environment has the name of its folder, and with the project at most 32 characters.",
        "Change metadata.name or metadata.project, or rename the folder.",
        run=_folder,
    ),
    Check[EnvironmentView](
        "address-range",
        "An address range is one, and has a size that is accepted.",
        "Write another range.",
        run=_addresses,
    ),
    Check[EnvironmentView](
        "overlap", "The ranges of an environment do not overlap.", "Choose ranges that do not overlap.", run=_overlaps
    ),
    Check[EnvironmentView](
        "environment-zones", "Zones belong to the region and differ.", "Choose zones of the region.", run=_zones
    ),
    Check[EnvironmentView](
        "public-endpoint",
        "A public endpoint says who may connect.",
        "Write publicEndpoint and publicCidrs together.",
        run=_endpoint,
    ),
    Check[EnvironmentView](
        "node-pools",
        "Node pools can be made, and one starts with a node.",
        "Look at what the machine types have.",
        run=_pools,
    ),
    Check[EnvironmentView](
        "spot-machines",
        "A spot pool has several machine types.",
        "The more types, the seldomer all of them are taken away at once.",
        severity="warning",
        run=_spot_pools,
    ),
    Check[EnvironmentView](
        "shared-instances",
        "What is shared has a machine, a version that is supported on the cloud, and what its engine knows.",
        "Change spec.shared or spec.sizes.",
        run=_shared_sizes,
    ),
    Check[EnvironmentView](
        "environment-logs",
        "Logs are kept for as many days as the cloud's log store knows.",
        "Choose one.",
        run=_retention,
    ),
    Check[EnvironmentView](
        "backup",
        "Backups that move to cold storage stay there for 90 days.",
        "Keep them longer, or remove coldAfter.",
        run=_backup,
    ),
    Check[EnvironmentView](
        "environment-services",
        "Budgets and identities name services of the project, and budgets add up.",
        "Name a folder of services/.",
        run=_service_names,
    ),
)
