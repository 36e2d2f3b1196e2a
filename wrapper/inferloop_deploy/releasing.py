"""What the second stage needs beside terraform: the platform that the first made, and the cluster in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.kubernetes.answers import Kind, WaitingSecret
from inferloop_deploy.kubernetes.checks import check_kinds, check_releases, check_version, wait_for_kinds
from inferloop_deploy.kubernetes.cluster import Cluster
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.target import Target

Images: TypeAlias = Mapping[str, Mapping[str, str]]
"""Images by service: repository, tag and digest, as far as they take the place of the configured ones."""
PLATFORM_FILE = "platform.auto.tfvars.json"


class NoPlatform(InferloopError):
    """The first stage was never applied, and what would be released stands on it."""


@dataclass(frozen=True)
class Releasing:
    """The second stage's surroundings; without a cluster where the platform is a placeholder."""

    platform: Mapping[str, Any]
    cluster: Cluster | None
    services: frozenset[str]
    managed: bool
    """Whether what the services need in the cluster comes from us."""
    kinds: Callable[[], frozenset[Kind]]
    """Renders what would be released, and returns the kinds that it is of."""
    place: str

    @property
    def placeholder(self) -> bool:
        """Whether the platform only stands for one that is not there yet."""
        return bool(self.platform["placeholder"])

    def check(self) -> None:
        """Raise what keeps anything from being released: no answer, a wrong version, a release that is stuck."""
        cluster = self._there()
        check_version(cluster.version())
        check_releases(cluster.releases(), self.services, self.place)

    def missing(self) -> tuple[Kind, ...]:
        """Return the kinds that the services need and the cluster does not know."""
        return self._there().missing(self.kinds())

    def check_kinds(self) -> None:
        """Raise KindsMissing where the cluster does not know what the services need."""
        check_kinds(self._there(), self.kinds(), managed=self.managed)

    def wait(self, tell: Callable[[tuple[Kind, ...]], None], *, attempts: int, pause: Callable[[], None]) -> None:
        """Wait until the cluster knows what the services need; raises KindsMissing at the end."""
        wait_for_kinds(self._there(), self.kinds(), tell, attempts=attempts, pause=pause)

    def waiting_secrets(self) -> tuple[WaitingSecret, ...]:
        """Return the secrets that their store did not give."""
        return self._there().waiting_secrets()

    def _there(self) -> Cluster:
        if self.cluster is None:
            raise RuntimeError("a placeholder has no cluster")
        return self.cluster


def releases_services(target: Target, config: EffectiveConfig) -> bool:
    """Tell whether an environment has a second stage: a cluster, and a root that releases into it."""
    root = target.root / "providers" / target.at("services").module / "versions.tf"
    return config.environment.config.spec.cluster.enabled and root.is_file()


def check_platform(releasing: Releasing, target: Target) -> None:
    """Raise NoPlatform where what would be applied stands on a placeholder."""
    if releasing.placeholder:
        raise NoPlatform(
            f"Nothing was applied: stage 1 of {target.environment} on {target.cloud} was never applied, "
            "so there is no cluster to release into.",
            f"Apply both stages: inferloop-deploy apply {target.place}",
        )


def platform_file(target: Target) -> Path:
    """Return the file that the second stage reads its platform from."""
    return target.at("services").work / PLATFORM_FILE


def write_platform(target: Target, platform: Mapping[str, Any], images: Images) -> None:
    """Write the platform, and images in the place of the configured ones, where the second stage reads them."""
    document = {"images": images, "platform": platform}
    replace_file(platform_file(target), json.dumps(document, indent=2, sort_keys=True) + "\n")


def read_platform(target: Target) -> dict[str, Any] | None:
    """Return the platform that was written last, or None where none was."""
    try:
        found: dict[str, Any] = json.loads(platform_file(target).read_text(encoding="utf-8"))["platform"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found
