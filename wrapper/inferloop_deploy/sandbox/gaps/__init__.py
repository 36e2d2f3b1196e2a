"""The catalogue of what moto cannot do that the platform's Terraform needs, each with what the sandbox does about it."""

from __future__ import annotations

from . import ec2, eks, elasticache, rds
from .gap import Gap, GapClosed, Patches

__all__ = ["CATALOGUE", "Gap", "GapClosed", "Patches", "install"]

CATALOGUE: tuple[Gap, ...] = (*ec2.GAPS, *eks.GAPS, *elasticache.GAPS, *rds.GAPS)
"""Every gap, by service; ids are unique."""


def install() -> None:
    """Close every gap in the moto of this process; raises GapClosed where moto is not the one they were written for."""
    patches = Patches()
    for gap in CATALOGUE:
        gap.install(patches)
