"""Gaps in Amazon GuardDuty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.guardduty.models import Detector

from .gap import Gap, Patches


def _features(patches: Patches) -> None:
    def make(update: Callable[..., None]) -> Callable[..., None]:
        def keep_the_others(
            detector: Any,
            enable: bool | None,
            finding_publishing_frequency: str | None,
            data_sources: dict[str, Any] | None,
            features: list[dict[str, Any]] | None,
        ) -> None:
            named = {feature["name"]: feature for feature in [*detector.features, *(features or [])]}
            update(detector, enable, finding_publishing_frequency, data_sources, list(named.values()))

        return keep_the_others

    patches.replace(Detector, "update", make)


GAPS = (
    Gap(
        id="guardduty-features",
        service="GuardDuty",
        stock="An update of one feature of a detector drops the others.",
        remedy="Changes the named features alone.",
        reason="Each feature is a resource of its own in Terraform.",
        hides="Which features a region offers.",
        install=_features,
    ),
)
