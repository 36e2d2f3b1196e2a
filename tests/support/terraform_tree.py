"""Terraform for tests: the program, its provider plug-ins, and a copy of the source to run it in."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from inferloop_deploy.terraform import find_terraform, plugin_environment
from inferloop_deploy.terraform.plugins import lock_with, stand_ins

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("modules", "providers", "services", "environments")
LEFT_OUT = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfplan")


@dataclass(frozen=True)
class Tree:
    """A copy of the repository's Terraform source, in which tests may init and write."""

    root: Path
    program: Path
    environment: dict[str, str]

    def terraform(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run terraform in a folder of the copy."""
        return subprocess.run(
            [self.program, f"-chdir={self.root / folder}", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, folder: str, *arguments: str) -> str:
        """Run terraform in a folder of the copy and return what it prints, or fail the test with all of it."""
        outcome = self.terraform(folder, *arguments)
        if outcome.returncode:
            printed = f"{outcome.stdout}\n{outcome.stderr}".replace(str(self.root), "")
            pytest.fail(
                f"terraform {' '.join(arguments)} in {folder} ended with {outcome.returncode}:\n{printed}",
                pytrace=False,
            )
        return outcome.stdout


def clean_environment(scratch: Path) -> dict[str, str]:
    """Return an environment without anybody's credentials, settings or caches, in which `terraform init` works."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    named = {name: os.environ[name] for name in ("TF_PLUGIN_MIRROR", "TF_CLI_CONFIG_FILE") if name in os.environ}
    return {
        **kept,
        **plugin_environment({**kept, **named}, scratch),
        "AWS_CONFIG_FILE": str(scratch / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(scratch / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "NO_COLOR": "1",
    }


def copy_of_the_source(root: Path, scratch: Path) -> Tree:
    """Copy the Terraform source below `root`, so that nothing is written into the checkout."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=LEFT_OUT)
    for path in (root / "providers").glob("*/.terraform.lock.hcl"):
        path.write_text(lock_with(path.read_text(encoding="utf-8"), stand_ins(os.environ)), encoding="utf-8")
    return Tree(root, find_terraform(ROOT, os.environ), clean_environment(scratch))
