"""Checks of a service in an environment: pools, GPUs, zones, runtimes, machines, residency, sizes, names."""

from __future__ import annotations

from collections.abc import Iterator

from inferloop_deploy.config.checks.processes import effective_quantities
from inferloop_deploy.config.checks.rule import Asked, Check, EnvironmentView, Finding, PlacedService, Process, Together
from inferloop_deploy.config.checks.runtimes import RUNTIMES, runtime_findings, schedule_findings
from inferloop_deploy.config.environment import NodePool
from inferloop_deploy.config.quantity import cpu_millicores, days_of, memory_bytes
from inferloop_deploy.config.service import (
    CacheDependency,
    DatabaseDependency,
    Dependency,
    FunctionDependency,
    Image,
    QueueDependency,
    Resources,
    StorageDependency,
)
from inferloop_deploy.config.source import Path
from inferloop_deploy.names import nearest_name

GI = 2**30


def _on_kubernetes(placed: PlacedService) -> list[Process]:
    return [
        process
        for process in placed.service.processes
        if process.placement.runtime == "kubernetes" and process.type != "function"
    ]


def _gpu_offered(placed: PlacedService) -> Iterator[Finding]:
    environment = placed.environment
    if environment.config.spec.cluster.existing is not None:
        return
    offered = sorted({pool.gpu.type for pool in environment.pools if pool.gpu is not None})
    for asked in (asked for process in _on_kubernetes(placed) for asked in process.asked):
        gpu, path = asked.resources.gpu, (*asked.path, "gpu")
        if gpu.count == 0:
            continue
        choice = f"one that a node pool of {environment.label} offers: {', '.join(offered)}" if offered else None
        if not offered:
            file = f"environments/{environment.folder}/{placed.target.name}.yaml"
            hint = f"Add a node pool with gpu to {file}, or gpu: 0 under environments.{environment.folder}."
            yield placed.service.at(
                path, f"no node pool of {environment.label} has GPUs", found=f"{gpu.count} GPU", hint=hint
            )
        elif gpu.type is not None and gpu.type not in offered:
            near = nearest_name(gpu.type, offered)
            yield placed.service.at(
                (*path, "type"), "a GPU type that no node pool offers", choice, hint=near and f"Did you mean {near}?"
            )
        else:
            most = max(pool.gpu.count for pool in environment.pools if pool.gpu and gpu.type in (None, pool.gpu.type))
            if gpu.count > most:
                yield placed.service.at(
                    (*path, "count"), f"more GPUs than a node of {environment.label} has", f"at most {most}"
                )


def _pool(placed: PlacedService) -> Iterator[Finding]:
    environment = placed.environment
    if environment.config.spec.cluster.existing is not None:
        return
    names = [pool.name for pool in environment.pools]
    for process in placed.service.processes:
        asked = process.placement.node_pool
        if asked is not None and asked not in names and process.placement.runtime == "kubernetes":
            near = nearest_name(asked, names)
            place = (*placed.placement_path(process), "nodePool")
            expected = f"one of {', '.join(names)}" if names else f"a node pool, of which {environment.label} has none"
            yield placed.service.at(place, f"a node pool that {environment.label} does not have", expected,
                                    hint=near and f"Did you mean {near}?")  # fmt: skip


def _zones(placed: PlacedService) -> Iterator[Finding]:
    zones = placed.environment.config.spec.network.zones
    for process in placed.service.processes:
        for index, zone in enumerate(process.placement.zones):
            if zone not in zones:
                place = (*placed.placement_path(process), "zones", index)
                yield placed.service.at(
                    place, f"a zone that {placed.environment.label} does not use", f"one of {', '.join(zones)}"
                )


def _cluster(placed: PlacedService) -> Iterator[Finding]:
    cluster = placed.environment.config.spec.cluster
    if cluster.enabled or cluster.existing is not None:
        return
    for process in _on_kubernetes(placed):
        others = [runtime for runtime, types in RUNTIMES.items() if process.type in types]
        other = f"placement: {{runtime: {others[0]}}}, or " if others else ""
        hint = f"Write {other}spec.cluster.enabled: true in the environment."
        yield placed.service.at(
            (*placed.placement_path(process), "runtime"), f"{placed.environment.label} has no cluster",
            found="runtime kubernetes", hint=hint,
        )  # fmt: skip


def _file_ages(placed: PlacedService) -> Iterator[Finding]:
    known = placed.target.file_idle_days
    for path, item in placed.service.dependencies:
        if not isinstance(item, StorageDependency) or item.class_ != "file":
            continue
        for key, age in (
            ("infrequentAfter", item.lifecycle.infrequent_after),
            ("archiveAfter", item.lifecycle.archive_after),
        ):
            if age is not None and days_of(age) not in known:
                expected = f"one of {', '.join(f'{day}d' for day in sorted(known))}"
                yield placed.service.at((*path, "lifecycle", key), "not accepted for files", expected)


def _machines(placed: PlacedService) -> Iterator[Finding]:
    """A request that no node has room for waits for ever; a node keeps some of what its machine has for itself."""
    environment = placed.environment
    if environment.config.spec.cluster.existing is not None:
        return
    for process, asked in ((one, asked) for one in _on_kubernetes(placed) for asked in one.asked):
        pools = _fitting(placed, process, asked)
        machines = [placed.target.machine(name) for pool in pools for name in pool.machine_types]
        if not machines or any(machine is None for machine in machines):
            continue
        known = [machine for machine in machines if machine is not None]
        requests = {key: pair[0] or pair[1] for key, pair in effective_quantities(asked.resources).items()}
        cpu, memory = requests["cpu"], requests["memory"]
        wanted = (cpu_millicores(cpu) if cpu else 0, memory_bytes(memory) if memory else 0)
        if not any(machine.millicores > wanted[0] and machine.memory > wanted[1] for machine in known):
            largest = max(known, key=lambda machine: (machine.memory, machine.millicores))
            yield placed.service.at(
                asked.path, f"no node of {environment.label} has room for a replica",
                f"less than {largest.millicores // 1000} cores and {largest.memory // GI}Gi, the largest node",
                found=f"cpu {cpu or 'not written'}, memory {memory or 'not written'}",
            )  # fmt: skip


def _fitting(placed: PlacedService, process: Process, asked: Asked) -> list[NodePool]:
    """Return the pools that pods may run on: the one they name, or those with their kind of capacity and their GPUs."""
    named = process.placement.node_pool
    return [
        pool
        for pool in placed.environment.pools
        if named in (None, pool.name) and pool.spot == process.described.spot and _has_gpus_of(pool, asked.resources)
    ]


def _has_gpus_of(pool: NodePool, resources: Resources) -> bool:
    gpu = resources.gpu
    return (pool.gpu is not None and gpu.type in (None, pool.gpu.type)) if gpu.count else pool.gpu is None


def _spot(placed: PlacedService) -> Iterator[Finding]:
    environment = placed.environment
    if environment.config.spec.cluster.existing is not None:
        return
    for process in _on_kubernetes(placed):
        fits = [pool for pool in environment.pools if _has_gpus_of(pool, process.resources)]
        if process.described.spot and fits and not any(pool.spot for pool in fits):
            kind = "spot capacity with GPUs" if process.resources.gpu.count else "spot capacity"
            hint = f"Add a node pool with spot: true, or write spot: false under environments.{environment.folder}."
            yield placed.service.at(
                (*process.path, "spot"), f"no node pool of {environment.label} has {kind}", hint=hint
            )


def _residency(placed: PlacedService) -> Iterator[Finding]:
    allowed, region = placed.service.spec.data.residency, placed.environment.config.spec.region
    if allowed and region not in allowed:
        hint = f"Add {region}, or keep the service out of {placed.environment.folder}."
        yield placed.service.at(
            ("spec", "data", "residency"), f"{placed.environment.label} is in {region}", f"{region} among the regions",
            found=", ".join(allowed), hint=hint,
        )  # fmt: skip


def _sizes(placed: PlacedService) -> Iterator[Finding]:
    sizes = placed.environment.config.spec.sizes
    for path, item in placed.service.dependencies:
        if isinstance(item, DatabaseDependency) and item.engine != "dynamodb":
            known, kind = sizes.database, "database"
        elif isinstance(item, CacheDependency):
            known, kind = sizes.cache, "cache"
        else:
            continue
        if not item.shared and item.existing is None and item.size not in known:
            expected = f"one of {', '.join(known)}, or {item.size} under spec.sizes.{kind} of the environment"
            yield placed.service.at(
                (*path, "size"),
                f"a size that {placed.environment.label} has no machine for",
                expected,
                found=f'"{item.size}"',
            )


def _versions(placed: PlacedService) -> Iterator[Finding]:
    """What is shared has the environment's version, and so has what names none: that is checked there."""
    for path, item in placed.service.dependencies:
        if isinstance(item, DatabaseDependency | CacheDependency) and item.version is not None and not item.shared:
            known = placed.target.engine_versions.get(item.engine)
            if known is not None and item.version not in known:
                message = f"a version of engine {item.engine} that is not supported on {placed.target.name}"
                yield placed.service.at((*path, "version"), message, known.expected)


def _shared_no_effect(placed: PlacedService) -> Iterator[Finding]:
    """What the environment decides for all cannot be asked for by one, unless it is the same."""
    shared = placed.environment.config.spec.shared
    keys: tuple[str, ...]
    for path, item in placed.service.dependencies:
        if isinstance(item, DatabaseDependency) and item.shared and item.engine != "dynamodb":
            theirs = shared.database.model_dump(by_alias=True)
            keys = ("engine", "version", "size", "storage", "replicas", "backupRetention")
        elif isinstance(item, CacheDependency) and item.shared:
            theirs = shared.cache.model_dump(by_alias=True)
            keys = ("engine", "version", "size", "replicas")
        else:
            continue
        ours = item.model_dump(by_alias=True)
        for key in keys:
            if placed.service.written(*path, key) and ours[key] != theirs[key]:
                theirs_at = f"spec.shared.{item.type}.{key} of {placed.environment.folder}"
                hint = f"Remove it, remove shared, or change {theirs_at} for all."
                yield placed.service.at(
                    (*path, key), "no effect on what is shared", f"the environment's: {theirs[key]}", hint=hint
                )


def _log_retention(placed: PlacedService) -> Iterator[Finding]:
    retention = placed.service.spec.monitoring.logs.retention
    if retention is not None and days_of(retention) not in placed.target.log_retention_days:
        days = ", ".join(f"{day}d" for day in sorted(placed.target.log_retention_days))
        yield placed.service.at(("spec", "monitoring", "logs", "retention"), "not accepted", f"one of {days}")


def _mutable_image(placed: PlacedService) -> Iterator[Finding]:
    if not placed.environment.config.spec.deletion_protection:
        return
    view = placed.service
    images: list[tuple[Path, Image]] = [(("spec", "service", "image"), view.spec.service.image)]
    images += [
        ((*path, "image"), item.image) for path, item in view.dependencies if isinstance(item, FunctionDependency)
    ]
    for path, image in images:
        if image.tag == "latest":
            message = f"a tag that changes, in {placed.environment.folder}, which has deletion protection"
            yield view.at((*path, "tag"), message, 'a tag that never changes such as "1.4.2", or a digest')


def _names(placed: PlacedService) -> Iterator[Finding]:
    metadata = placed.environment.config.metadata
    base = f"{metadata.project}-{metadata.name}"
    name = placed.service.config.metadata.name
    limits = placed.target.longest_names
    yield from _too_long(placed, ("metadata", "name"), f"{base}-{name}", "role", limits["role"])
    for path, item in placed.service.dependencies:
        kind = _named_kind(item)
        if kind is None or getattr(item, "existing", None) is not None:
            continue
        shared = getattr(item, "shared", False)
        full = f"{base}-{item.name}" if shared else f"{base}-{name}-{item.name}"
        yield from _too_long(placed, (*path, "name"), full, kind, limits[kind])
    for index, secret in enumerate(placed.service.spec.secrets):
        if secret.existing is None:
            yield from _too_long(
                placed, ("spec", "secrets", index, "name"), f"{base}-{name}-{secret.name}", "secret", limits["secret"]
            )


def _named_kind(item: Dependency) -> str | None:
    """Return what the name of a dependency becomes the name of, or None where nothing is named after it."""
    match item:
        case DatabaseDependency(engine="dynamodb"):
            return "table"
        case DatabaseDependency(shared=False):
            return "database instance"
        case CacheDependency(shared=False):
            return "cache"
        case StorageDependency():
            return "file system" if item.class_ == "file" else "bucket"
        case QueueDependency():
            return "queue"
        case FunctionDependency():
            return "function"
        case _:
            return None


def _too_long(placed: PlacedService, path: Path, name: str, kind: str, most: int) -> Iterator[Finding]:
    if len(name) > most:
        message = f"the {kind} would be called {name}, {len(name)} characters"
        yield placed.service.at(
            path, message, f"a name shorter by {len(name) - most}", hint=f"{placed.target.name} takes at most {most}."
        )


def _capacity(together: Together) -> Iterator[Finding]:
    """Compare what all services ask for at the quietest time with what the pools have at their largest."""
    environment = together.environment
    if environment is None or environment.config.spec.cluster.existing is not None:
        return
    has = [_pool_capacity(environment, pool) for pool in environment.pools if pool.gpu is None]
    if not has or any(capacity is None for capacity in has):
        return
    cores = sum(capacity[0] for capacity in has if capacity)
    memory = sum(capacity[1] for capacity in has if capacity)
    asked_cores, asked_memory = 0, 0
    for view in together.services.values():
        for process in _on_kubernetes(PlacedService(view, environment)):
            if process.resources.gpu.count == 0 and process.type in ("api", "stateful", "worker"):
                quantities = effective_quantities(process.resources)
                cpu, size = (pair[0] or pair[1] for pair in quantities.values())
                asked_cores += process.least_replicas * (cpu_millicores(cpu) if cpu else 0)
                asked_memory += process.least_replicas * (memory_bytes(size) if size else 0)
    if asked_cores > cores or asked_memory > memory:
        found = f"{asked_cores / 1000:g} cores and {asked_memory / GI:.0f}Gi asked for"
        expected = f"at most {cores / 1000:g} cores and {memory / GI:.0f}Gi, with every pool at its max"
        message = f"the services of {environment.label} ask for more than its nodes have"
        yield environment.at(("spec", "cluster", "nodePools"), message, expected, found=found)


def _pool_capacity(environment: EnvironmentView, pool: NodePool) -> tuple[int, int] | None:
    machine = environment.target.machine(pool.machine_types[0])
    return None if machine is None else (machine.millicores * pool.max, machine.memory * pool.max)


TOGETHER_CHECKS = (
    Check[Together](
        "capacity",
        "The services of an environment fit on its nodes, with every pool at its max.",
        "Raise the max of a pool, or let services ask for less; some replicas would wait for a node for ever.",
        severity="warning",
        run=_capacity,
    ),
)
PLACED_CHECKS = (
    Check[PlacedService](
        "gpu",
        "A GPU is one that a node pool of the environment offers.",
        "Choose one that is offered.",
        run=_gpu_offered,
    ),
    Check[PlacedService](
        "node-pool", "A node pool is one of the environment's.", "Choose one that is there.", run=_pool
    ),
    Check[PlacedService](
        "zone", "A zone is one of the environment's.", "Choose among the environment's zones.", run=_zones
    ),
    Check[PlacedService](
        "cluster",
        "What runs on Kubernetes has a cluster in the environment.",
        "Choose another runtime, or let the environment have a cluster.",
        run=_cluster,
    ),
    Check[PlacedService](
        "runtime",
        "A runtime can do what the service asks of it.",
        "Choose another runtime, or leave out what it cannot do.",
        run=runtime_findings,
    ),
    Check[PlacedService](
        "schedule-days",
        "What the cloud starts or scales by a schedule has days that the cloud's schedules take.",
        "Write * for one of the two; only crons on runtime kubernetes start on either.",
        run=schedule_findings,
    ),
    Check[PlacedService](
        "node-size",
        "A replica fits on a node of the environment.",
        "Ask for less, or add a node pool with larger machines.",
        run=_machines,
    ),
    Check[PlacedService](
        "spot",
        "What runs on spot capacity has a node pool with it.",
        "Add a node pool with spot: true, or write spot: false.",
        run=_spot,
    ),
    Check[PlacedService](
        "residency", "The environment is in a region where the data may be.", "Change one of the two.", run=_residency
    ),
    Check[PlacedService]("size", "A size has a machine in the environment.", "Choose a size that has one.", run=_sizes),
    Check[PlacedService](
        "engine-version",
        "The version of a database or a cache is supported on the cloud.",
        "Choose one that is accepted, or leave it out for the environment's.",
        run=_versions,
    ),
    Check[PlacedService](
        "shared-no-effect",
        "What is shared is as the environment says.",
        "Remove what has no effect.",
        run=_shared_no_effect,
    ),
    Check[PlacedService](
        "log-retention",
        "Logs are kept for as many days as the cloud's log store knows.",
        "Choose one.",
        run=_log_retention,
    ),
    Check[PlacedService](
        "file-lifecycle",
        "Files move after as many days as the cloud's file systems know.",
        "Choose one.",
        run=_file_ages,
    ),
    Check[PlacedService](
        "mutable-tag",
        "Where deletion protection is on, an image's tag is not latest.",
        "Name the version that was tested.",
        run=_mutable_image,
    ),
    Check[PlacedService](
        "name-length", "Every name that is derived is within the cloud's limits.", "Shorten the name.", run=_names
    ),
)
