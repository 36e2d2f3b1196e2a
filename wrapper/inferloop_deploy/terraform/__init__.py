"""Terraform (or OpenTofu), and everything that is needed to run it the same way everywhere."""

from inferloop_deploy.terraform.failures import (
    Interrupted,
    Locked,
    TerraformFailed,
    TerraformMissing,
    TerraformTooOld,
)
from inferloop_deploy.terraform.messages import Diagnostic, Event, Lock, Progress, Started, Stopping, Summary, Text
from inferloop_deploy.terraform.plugins import plugin_environment, used_stand_ins
from inferloop_deploy.terraform.program import MINIMUM, check_version, find_terraform, own_environment
from inferloop_deploy.terraform.run import Terraform

__all__ = [
    "MINIMUM",
    "Diagnostic",
    "Event",
    "Interrupted",
    "Lock",
    "Locked",
    "Progress",
    "Started",
    "Stopping",
    "Summary",
    "Terraform",
    "TerraformFailed",
    "TerraformMissing",
    "TerraformTooOld",
    "Text",
    "check_version",
    "find_terraform",
    "own_environment",
    "plugin_environment",
    "used_stand_ins",
]
