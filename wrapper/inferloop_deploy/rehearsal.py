"""Where terraform runs: in the cloud's root, or in a tree of links with what the sandbox or the second stage adds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inferloop_deploy.clouds import find_cloud
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import UsageError
from inferloop_deploy.kubernetes.cluster import Cluster, connect_cluster
from inferloop_deploy.kubernetes.kubeconfig import NoCluster, cluster_access
from inferloop_deploy.kubernetes.processes import released
from inferloop_deploy.manifests import kinds_released, placeholder_platform
from inferloop_deploy.releasing import Images, Releasing, write_platform
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.sandbox.cluster import Cluster as LocalCluster
from inferloop_deploy.sandbox.lifecycle import Sandbox, SandboxFiles, start
from inferloop_deploy.sandbox.overlay import overlay
from inferloop_deploy.sandbox.platform import rehearsed_config, rehearsed_platform, write_rehearsed
from inferloop_deploy.sandbox.services import cluster_files, furnish, started_cluster, version_of
from inferloop_deploy.stage import Surroundings
from inferloop_deploy.target import Target
from inferloop_deploy.terraform.tree import BACKEND, admitting_lock, backend_override, linked_tree

REHEARSED = ("aws",)
"""Clouds that there is a stand-in for."""


def surroundings(target: Target, screen: Screen) -> Surroundings:
    """Return where terraform runs for a target; starts the project's sandbox where it needs one and none runs."""
    check_root(target)
    if not target.sandbox:
        return Surroundings(_root_of(target))
    if target.cloud not in REHEARSED:
        raise UsageError(
            f"There is no sandbox for {target.cloud}.", f"Leave out --sandbox, or take one of: {', '.join(REHEARSED)}."
        )
    files = SandboxFiles.of(target.root)
    sandbox = files.running()
    if sandbox is None:
        sandbox = start(files)
        screen.say(f"started the sandbox on port {sandbox.port}; `inferloop-deploy sandbox stop` ends it")
    return surroundings_in(target, sandbox)


def surroundings_in(target: Target, sandbox: Sandbox) -> Surroundings:
    """Return where terraform runs against a sandbox."""
    return Surroundings(_root_of(target), sandbox.environment(), sandbox.backend())


def _root_of(target: Target) -> Path:
    """Return the folder that terraform runs in; the second stage's root is told where this cloud keeps states."""
    tree = target.work / "tree"
    if target.stage == "services":
        kind = find_cloud(target.cloud).backend_kind
        written = {BACKEND: backend_override(kind), **admitting_lock(target.root, target.module, os.environ)}
        return linked_tree(target.root, tree, target.module, written)
    return overlay(target.root, tree, target.cloud) if target.sandbox else target.root / "providers" / target.cloud


def prepare(
    target: Target,
    config: EffectiveConfig,
    platform: Mapping[str, Any] | None,
    environ: Mapping[str, str],
    screen: Screen,
    local: LocalCluster | None = None,
    images: Images | None = None,
) -> Releasing:
    """Return what the second stage needs, written where it reads it; `platform` is None where there is none yet.

    In the sandbox `local` is the control plane to use; the environment's own is started where none is given.
    """
    if target.sandbox:
        config = rehearsed_config(config)
        write_rehearsed(config, target.work)
    cluster: Cluster | None = None
    if platform is None:
        platform = placeholder_platform(target, config, environ)
        screen.say("stage 1 was never applied: planned with a placeholder in its place", "yellow")
    else:
        if target.sandbox:
            platform = rehearse(target, platform, screen, local)
        cluster = cluster_of(target, platform, environ)
    write_platform(target, platform, images or {})
    return Releasing(
        platform,
        cluster,
        frozenset(released(config)),
        config.environment.config.spec.cluster_services.managed,
        lambda: kinds_released(target, config, platform, environ, images),
        target.place,
    )


def rehearse(
    target: Target, platform: Mapping[str, Any], screen: Screen, local: LocalCluster | None = None
) -> Mapping[str, Any]:
    """Return a platform with the local control plane as its cluster, which is started where none runs."""
    if platform.get("cluster") is None:
        return platform
    if local is None:
        local, new = started_cluster(cluster_files(target.root, target.environment))
        if new:
            screen.say(f"started a control plane on {local.url}; `inferloop-deploy sandbox stop` ends it")
    furnish(local, platform)
    return rehearsed_platform(platform, local.kubeconfig, version_of(local))


def cluster_in(target: Target, platform: Mapping[str, Any] | None, environ: Mapping[str, str]) -> Cluster:
    """Return the cluster of an environment, to look at; nothing is started for it. Raises NoCluster."""
    where = f"{target.environment} on {target.cloud}"
    if platform is None:
        raise NoCluster(f"{where} has no cluster yet.", f"Apply both stages: inferloop-deploy apply {target.place}")
    if target.sandbox and platform.get("cluster") is not None:
        local = cluster_files(target.root, target.environment).running()
        if local is None:
            raise NoCluster(
                f"No control plane runs in the sandbox for {where}.",
                f"Apply starts one: inferloop-deploy apply {target.place}",
            )
        platform = rehearsed_platform(platform, local.kubeconfig, version_of(local))
    return cluster_of(target, platform, environ)


def cluster_of(target: Target, platform: Mapping[str, Any], environ: Mapping[str, str]) -> Cluster:
    """Return the cluster of a platform; raises NoCluster where it has none."""
    access = cluster_access(platform, f"{target.environment} on {target.cloud}")
    return connect_cluster(access, target.at("services").work, target.root, environ, target.place)


def has_root(target: Target) -> bool:
    """Tell whether a project has the Terraform root of a target's stage."""
    return (target.root / "providers" / target.module / "versions.tf").is_file()


def check_root(target: Target) -> None:
    """Raise UsageError where a project has no Terraform root for a target's stage."""
    if not has_root(target):
        folder = target.root / "providers" / target.module
        raise UsageError(
            f"There is no Terraform root for {target.module}: {folder} holds no versions.tf.",
            "Run this in a checkout of the platform, or name one with --root DIR.",
        )
