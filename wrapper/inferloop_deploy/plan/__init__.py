"""Reading plans: what would change, for which service, because of which line, and whether it is what was reviewed.

Pure: takes what `terraform show -json` printed (https://developer.hashicorp.com/terraform/internals/json-format).
"""

from inferloop_deploy.plan.causes import Cause
from inferloop_deploy.plan.changes import Action, AttributeChange, PlannedChange, ServiceChanges
from inferloop_deploy.plan.digest import compare, digest_of, normalise
from inferloop_deploy.plan.read import Plan, read_drift, read_plan

__all__ = [
    "Action",
    "AttributeChange",
    "Cause",
    "Plan",
    "PlannedChange",
    "ServiceChanges",
    "compare",
    "digest_of",
    "normalise",
    "read_drift",
    "read_plan",
]
