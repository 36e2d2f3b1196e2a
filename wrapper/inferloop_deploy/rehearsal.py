"""Where terraform runs: in the cloud's root, or in the sandbox's copy of it against a local stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inferloop_deploy.errors import UsageError
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.sandbox.lifecycle import Sandbox, SandboxFiles, start
from inferloop_deploy.sandbox.overlay import overlay
from inferloop_deploy.stage import Surroundings, Target


@contextmanager
def surroundings(target: Target, screen: Screen) -> Iterator[Surroundings]:
    """Yield where terraform runs for a target; with `--sandbox` in the project's sandbox, started where none runs."""
    folder = target.root / "providers" / target.cloud
    if not (folder / "versions.tf").is_file():
        raise UsageError(
            f"There is no Terraform root for {target.cloud}: {folder} holds no versions.tf.",
            "Run this in a checkout of the platform, or name one with --root DIR.",
        )
    if not target.sandbox:
        yield Surroundings(folder)
        return
    files = SandboxFiles.of(target.root)
    if files.running() is None:
        screen.say("starting the sandbox")
    yield rehearsed(target, start(files))


def rehearsed(target: Target, sandbox: Sandbox) -> Surroundings:
    """Return where terraform runs for a target in a sandbox that runs."""
    tree = overlay(target.root, target.work / "tree", target.cloud)
    return Surroundings(tree, sandbox.environment(), sandbox.backend())
