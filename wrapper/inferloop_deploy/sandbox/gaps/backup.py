"""Gaps in AWS Backup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.backup import responses, urls
from moto.backup.exceptions import ResourceNotFoundException
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from .gap import Gap, Patches

Document = dict[str, Any]


def _selections(response: Any) -> dict[str, Document]:
    kept: dict[str, Document] = response.backup_backend.__dict__.setdefault("sandbox_selections", {})
    return kept


def _ids(response: Any) -> tuple[str, str]:
    """Return the plan and the selection of a path /backup/plans/PLAN/selections/SELECTION."""
    parts = response.path.strip("/").split("/")
    plan = parts[parts.index("plans") + 1]
    response.backup_backend.get_backup_plan(plan, None)
    return plan, parts[-1]


class Selections:
    """Calls about what a plan backs up."""

    def create_backup_selection(self: Any) -> str:
        plan, _ = _ids(self)
        request = json.loads(self.body)
        selection, now = str(mock_random.uuid4()), utcnow().timestamp()
        _selections(self)[selection] = {
            "BackupPlanId": plan,
            "BackupSelection": request["BackupSelection"],
            "CreationDate": now,
            "CreatorRequestId": request.get("CreatorRequestId"),
            "SelectionId": selection,
        }
        return json.dumps({"SelectionId": selection, "BackupPlanId": plan, "CreationDate": now})

    def get_backup_selection(self: Any) -> str:
        plan, selection = _ids(self)
        found = _selections(self).get(selection)
        if found is None or found["BackupPlanId"] != plan:
            raise ResourceNotFoundException(msg=f"Cannot find Selection with ID {selection}")
        return json.dumps(found)

    def list_backup_selections(self: Any) -> str:
        plan, _ = _ids(self)
        found = [
            {
                "BackupPlanId": plan,
                "CreationDate": one["CreationDate"],
                "IamRoleArn": one["BackupSelection"]["IamRoleArn"],
                "SelectionId": selection,
                "SelectionName": one["BackupSelection"]["SelectionName"],
            }
            for selection, one in _selections(self).items()
            if one["BackupPlanId"] == plan
        ]
        return json.dumps({"BackupSelectionsList": found})

    def delete_backup_selection(self: Any) -> str:
        _, selection = _ids(self)
        _selections(self).pop(selection, None)
        return "{}"


def _add(patches: Patches) -> None:
    patches.methods(responses.BackupResponse, Selections)
    patches.route(urls, "/backup/plans/(?P<plan>[^/]+)/selections/?$", urls.response.dispatch)
    patches.route(urls, "/backup/plans/(?P<plan>[^/]+)/selections/(?P<selection>[^/]+)$", urls.response.dispatch)


class RecoveryPoints:
    """What is in a vault: nothing, because nothing is backed up here."""

    def list_recovery_points_by_backup_vault(self: Any) -> str:
        parts = self.path.strip("/").split("/")
        self.backup_backend.describe_backup_vault(unquote(parts[parts.index("backup-vaults") + 1]))
        return json.dumps({"RecoveryPoints": []})


def _recovery_points(patches: Patches) -> None:
    patches.methods(responses.BackupResponse, RecoveryPoints)
    for end in ("", "/"):
        patches.route(urls, f"/backup-vaults/(?P<name>[^/]+)/recovery-points{end}$", urls.response.dispatch)


def _tags(patches: Patches) -> None:
    def make(_: Callable[..., str]) -> Callable[..., str]:
        def list_tags(response: Any) -> str:
            arn = unquote(response.path.rstrip("/").rpartition("/")[2])
            return json.dumps({"Tags": response.backup_backend.list_tags(resource_arn=arn)})

        return list_tags

    patches.replace(responses.BackupResponse, "list_tags", make)


GAPS = (
    Gap(
        id="backup-selections",
        service="Backup",
        stock="Has no selections.",
        remedy="Keeps what a plan selects.",
        reason="A plan selects resources by their tags.",
        hides="Which resources a selection finds, and backups themselves.",
        install=_add,
    ),
    Gap(
        id="backup-tags",
        service="Backup",
        stock="Finds tags only where the path of the request ends with a slash, which the provider's does not.",
        remedy="Finds them either way.",
        reason="Every plan would set them again.",
        hides="Nothing.",
        install=_tags,
    ),
    Gap(
        id="backup-recovery-points",
        service="Backup",
        stock="Cannot list what is in a vault.",
        remedy="Lists nothing, because nothing is backed up.",
        reason="The provider empties a vault before it destroys it, where deletion protection is off.",
        hides="How long a vault with recovery points takes to destroy.",
        install=_recovery_points,
    ),
)
