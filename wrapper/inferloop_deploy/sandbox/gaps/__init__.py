"""The catalogue of what moto cannot do that the platform's Terraform needs, each with what the sandbox does about it."""

from __future__ import annotations

from . import (
    autoscaling,
    awslambda,
    backup,
    batch,
    budgets,
    cloudfront,
    cloudtrail,
    costexplorer,
    ec2,
    ecs,
    efs,
    eks,
    elasticache,
    guardduty,
    rds,
    s3,
    sqs,
    xray,
)
from .gap import Gap, GapClosed, Patches

__all__ = ["CATALOGUE", "Gap", "GapClosed", "Patches", "install"]

CATALOGUE: tuple[Gap, ...] = (
    *autoscaling.GAPS,
    *awslambda.GAPS,
    *backup.GAPS,
    *batch.GAPS,
    *budgets.GAPS,
    *cloudfront.GAPS,
    *cloudtrail.GAPS,
    *costexplorer.GAPS,
    *ec2.GAPS,
    *ecs.GAPS,
    *efs.GAPS,
    *eks.GAPS,
    *elasticache.GAPS,
    *guardduty.GAPS,
    *rds.GAPS,
    *s3.GAPS,
    *sqs.GAPS,
    *xray.GAPS,
)
"""Every gap, by service; ids are unique."""


def install() -> None:
    """Close every gap in the moto of this process; raises GapClosed where moto is not the one they were written for."""
    patches = Patches()
    for gap in CATALOGUE:
        gap.install(patches)
