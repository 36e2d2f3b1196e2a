"""Where terraform runs: in the cloud's root, or in the sandbox's copy of it against a local stand-in."""

from __future__ import annotations

from inferloop_deploy.errors import UsageError
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.sandbox.lifecycle import Sandbox, SandboxFiles, start
from inferloop_deploy.sandbox.overlay import overlay
from inferloop_deploy.stage import Surroundings
from inferloop_deploy.target import Target

REHEARSED = ("aws",)
"""Clouds that there is a stand-in for."""


def surroundings(target: Target, screen: Screen) -> Surroundings:
    """Return where terraform runs for a target; starts the project's sandbox where it needs one and none runs."""
    check_root(target)
    if not target.sandbox:
        return Surroundings(target.root / "providers" / target.cloud)
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
    folder = overlay(target.root, target.work / "tree", target.cloud)
    return Surroundings(folder, sandbox.environment(), sandbox.backend())


def check_root(target: Target) -> None:
    """Raise UsageError where a project has no Terraform root for its cloud."""
    folder = target.root / "providers" / target.cloud
    if not (folder / "versions.tf").is_file():
        raise UsageError(
            f"There is no Terraform root for {target.cloud}: {folder} holds no versions.tf.",
            "Run this in a checkout of the platform, or name one with --root DIR.",
        )
