"""What is known of the machines of a cloud."""

from __future__ import annotations

import pytest

from inferloop_deploy.config.targets import AWS, GI, Machine


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("m7i.large", Machine(2000, 8 * GI)),
        ("m7i.xlarge", Machine(4000, 16 * GI)),
        ("c7i.4xlarge", Machine(16000, 32 * GI)),
        ("r7g.2xlarge", Machine(8000, 64 * GI, arm=True)),
        ("g4dn.xlarge", Machine(4000, 16 * GI, "nvidia-t4", 1)),
        ("g5.12xlarge", Machine(48000, 192 * GI, "nvidia-a10g", 4)),
        ("t3.medium", None),
        ("m7i.metal-24xl", None),
        ("x2idn.xlarge", None),
    ],
)
def test_machines_are_known_by_family_and_size(name: str, machine: Machine | None) -> None:
    assert AWS.machine(name) == machine


@pytest.mark.parametrize(
    ("name", "arm"),
    [("m7g.large", True), ("c7gn.large", True), ("g5g.xlarge", True), ("g5.xlarge", False), ("m7i.large", False)],
)
def test_graviton_is_told_apart_from_gpus(name: str, arm: bool) -> None:
    assert AWS.is_arm(name) is arm
