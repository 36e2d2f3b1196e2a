"""What runs of a service, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from inferloop_deploy.kubernetes.answers import Workload
from inferloop_deploy.report.lines import Line, duration


def workload_lines(workloads: Sequence[Workload]) -> Iterator[Line]:
    """Yield a line for each workload: what it is, how much of it is ready, and its images."""
    for one in workloads:
        number = f"{one.ready} running" if one.desired is None else f"{one.ready} of {one.desired} ready"
        age = "" if one.created is None else f"  {duration((datetime.now(UTC) - one.created).total_seconds())} old"
        yield Line(
            f"    {one.kind:<12} {one.name:<28} {number:<14} {', '.join(one.images)}{age}",
            "" if one.complete else "yellow",
        )
