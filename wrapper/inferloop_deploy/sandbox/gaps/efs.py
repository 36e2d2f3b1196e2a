"""Gaps in Amazon EFS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse

from .gap import Gap, Patches


class BackupPolicy:
    """The call that switches automatic backups."""

    def put_backup_policy(self: Any) -> tuple[str, dict[str, Any]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        policy = self._get_param("BackupPolicy")
        system._backup = policy["Status"] == "ENABLED"
        return json.dumps({"BackupPolicy": policy}), {"status": 200, "Content-Type": "application/json"}


class Policies:
    """The call that takes a file system's policy away."""

    def delete_file_system_policy(self: Any) -> tuple[str, dict[str, Any]]:
        self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")].file_system_policy = None
        return "{}", {"status": 200, "Content-Type": "application/json"}


def _backup_policy(patches: Patches) -> None:
    def make(_: Callable[..., Any]) -> Any:
        return property(lambda system: {"Status": "ENABLED" if system._backup else "DISABLED"})

    patches.methods(EFSResponse, BackupPolicy)
    patches.replace(FileSystem, "backup_policy", make)


GAPS = (
    Gap(
        id="efs-backup-policy",
        service="EFS",
        stock="Cannot switch automatic backups, and says nothing of them where they are off.",
        remedy="Switches them, and says so.",
        reason="Every file system has a backup policy.",
        hides="Nothing.",
        install=_backup_policy,
    ),
    Gap(
        id="efs-policy-removal",
        service="EFS",
        stock="Cannot take a file system's policy away.",
        remedy="Takes it away.",
        reason="Destroying a file system begins with its policy.",
        hides="Nothing.",
        install=lambda patches: patches.methods(EFSResponse, Policies),
    ),
)
