"""What has to be so in a cluster before anything is released into it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from inferloop_deploy.kubernetes.answers import Kind, Release
from inferloop_deploy.kubernetes.checks import (
    KindsMissing,
    StuckRelease,
    WrongVersion,
    check_kinds,
    check_releases,
    check_version,
    wait_for_kinds,
)

MONITOR = Kind("monitoring.coreos.com", "v1", "ServiceMonitor")
SCALER = Kind("keda.sh", "v1alpha1", "ScaledObject")


class Coming:
    """A cluster that misses less each time it is asked."""

    def __init__(self, *missing: tuple[Kind, ...]) -> None:
        self.left = list(missing)
        self.asked = 0

    def missing(self, wanted: Iterable[Kind]) -> tuple[Kind, ...]:
        self.asked += 1
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


@pytest.mark.parametrize("version", ["v1.30.0", "v1.34.4-eks-3025e55", "1.36"])
def test_supported_versions_pass(version: str) -> None:
    check_version(version)


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("v1.29.9", "one minor version after the other"),
        ("v1.37.0", "newer inferloop-deploy"),
        ("?", "spec.cluster.version"),
    ],
)
def test_other_versions_are_refused_with_what_to_do(version: str, hint: str) -> None:
    with pytest.raises(WrongVersion, match=r"1\.30 to 1\.36 are supported") as refused:
        check_version(version)
    assert hint in str(refused.value)


def release(name: str, status: str) -> Release:
    return Release(name, "n", 2, status, "inferloop-service-0.1.0", "2026-11-21 10:00")


def test_a_release_of_ours_that_is_stuck_is_named_with_the_command_that_helps() -> None:
    releases = [
        release("tabular", "deployed"),
        release("textnlp", "pending-upgrade"),
        release("other", "pending-install"),
    ]
    with pytest.raises(StuckRelease) as stuck:
        check_releases(releases, ["tabular", "textnlp"], "--env dev --cloud aws")
    assert "textnlp in namespace n: pending-upgrade" in str(stuck.value)
    assert "other" not in str(stuck.value)
    assert "inferloop-deploy release unlock textnlp --env dev --cloud aws" in str(stuck.value)


def test_what_others_release_is_none_of_our_business() -> None:
    check_releases([release("other", "pending-install")], ["tabular"], "")


@pytest.mark.parametrize(("managed", "hint"), [(True, "Argo CD installs them"), (False, "the cluster brings them")])
def test_missing_kinds_are_named_with_what_brings_them(managed: bool, hint: str) -> None:
    with pytest.raises(KindsMissing) as failed:
        check_kinds(Coming((MONITOR, Kind("x.io", "v1", "Y"))), [MONITOR], managed=managed)
    assert "ServiceMonitor (monitoring.coreos.com/v1), which the Prometheus operator" in str(failed.value)
    assert "Y (x.io/v1), which whatever brings x.io brings" in str(failed.value)
    assert hint in str(failed.value)


def test_waiting_ends_when_everything_is_there_and_tells_what_is_missing_only_when_that_changes() -> None:
    both = (MONITOR, SCALER)
    cluster = Coming(both, both, (SCALER,), ())
    told: list[tuple[Kind, ...]] = []
    pauses: list[None] = []
    wait_for_kinds(cluster, both, told.append, attempts=9, pause=lambda: pauses.append(None))
    assert told == [both, (SCALER,)]
    assert len(pauses) == 3


def test_waiting_has_an_end() -> None:
    cluster = Coming((SCALER,))
    with pytest.raises(KindsMissing, match="KEDA"):
        wait_for_kinds(cluster, [SCALER], lambda _: None, attempts=3, pause=lambda: None)
    assert cluster.asked == 4
