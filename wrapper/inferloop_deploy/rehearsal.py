"""Where terraform runs: in the cloud's root, or in a tree of links with what the sandbox or the second stage adds."""

from __future__ import annotations

from pathlib import Path

from inferloop_deploy.clouds import find_cloud
from inferloop_deploy.errors import UsageError
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.sandbox.lifecycle import Sandbox, SandboxFiles, start
from inferloop_deploy.sandbox.overlay import overlay
from inferloop_deploy.stage import Surroundings
from inferloop_deploy.target import Target
from inferloop_deploy.terraform.tree import BACKEND, backend_override, linked_tree

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
        return linked_tree(target.root, tree, target.module, {BACKEND: backend_override(kind)})
    return overlay(target.root, tree, target.cloud) if target.sandbox else target.root / "providers" / target.cloud


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
