"""Gaps in AWS CloudTrail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from .gap import Gap, Patches


def _named_trails(patches: Patches) -> None:
    def make(describe: Callable[..., str]) -> Callable[..., str]:
        def describe_trails(response: Any) -> str:
            trails = json.loads(describe(response))["trailList"]
            wanted = response._get_param("trailNameList")
            if wanted:
                trails = [one for one in trails if {one["Name"], one["TrailARN"]} & set(wanted)]
            return json.dumps({"trailList": trails})

        return describe_trails

    patches.replace(CloudTrailResponse, "describe_trails", make)


GAPS = (
    Gap(
        id="cloudtrail-names",
        service="CloudTrail",
        stock="Describes all trails whichever was asked for.",
        remedy="Describes the ones that were asked for.",
        reason="With two environments in one sandbox the provider finds two trails where it wants one.",
        hides="Nothing.",
        install=_named_trails,
    ),
)
