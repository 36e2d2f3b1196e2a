"""Where terraform runs: in the cloud's root, or in the sandbox's copy of it against a local stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inferloop_deploy.errors import UsageError
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.stage import Surroundings, Target


@contextmanager
def surroundings(target: Target, screen: Screen) -> Iterator[Surroundings]:
    """Yield where terraform runs for a target."""
    folder = target.root / "providers" / target.cloud
    if not (folder / "versions.tf").is_file():
        raise UsageError(
            f"There is no Terraform root for {target.cloud}: {folder} holds no versions.tf.",
            "Run this in a checkout of the platform, or name one with --root DIR.",
        )
    yield Surroundings(folder)
