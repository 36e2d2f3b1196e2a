"""Which terraform program runs, whether it is new enough, and what it may see of the person's environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from inferloop_deploy.terraform.failures import TerraformMissing, TerraformTooOld

MINIMUM = (1, 10, 0)
"""First version whose S3 backend keeps its lock in the bucket itself; OpenTofu came to it at the same number."""
NAMES = ("terraform", "tofu")
GET_IT = (
    "Run `make tools` to install it into .tools/, or install Terraform "
    "(https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org/docs/intro/install/), "
    f"version {'.'.join(map(str, MINIMUM))} or newer; INFERLOOP_TERRAFORM=/path/to/terraform names one."
)


def find_terraform(root: Path, environ: Mapping[str, str]) -> Path:
    """Return the program to run: $INFERLOOP_TERRAFORM, `.tools/` under the root, then terraform or tofu on PATH.

    Raises TerraformMissing, which says how to get it.
    """
    path = environ.get("PATH", os.defpath)
    named = environ.get("INFERLOOP_TERRAFORM")
    if named:
        found = shutil.which(named, path=path)
        if found is None:
            raise TerraformMissing(f"INFERLOOP_TERRAFORM names {named}, which is not a program.", GET_IT)
        return Path(found).absolute()
    places = os.pathsep.join([str(root / ".tools"), path])
    for name in NAMES:
        found = shutil.which(name, path=places)
        if found is not None:
            return Path(found).absolute()
    raise TerraformMissing("Terraform is not installed: neither .tools/ nor PATH has terraform or tofu.", GET_IT)


def check_version(program: Path, environ: Mapping[str, str]) -> str:
    """Return the version of a terraform program.

    Raises TerraformTooOld below MINIMUM, and TerraformMissing where it is no terraform at all.
    """
    try:
        finished = subprocess.run(
            [str(program), "version", "-json"],
            env=own_environment(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise TerraformMissing(f"{program} cannot be run: {error.strerror}.", GET_IT) from error
    version = read_version(finished.stdout)
    if version is None:
        said = (finished.stderr or finished.stdout).strip().splitlines()
        raise TerraformMissing(f"{program} does not tell its version{': ' + said[-1] if said else ''}.", GET_IT)
    if _numbers(version) < MINIMUM:
        raise TerraformTooOld(
            f"{program} is version {version}; {'.'.join(map(str, MINIMUM))} or newer is needed, "
            "because the state's lock is kept in the bucket.",
            GET_IT,
        )
    return version


def read_version(said: str) -> str | None:
    """Return the version that `terraform version -json` (or an old one, in words) told."""
    try:
        version = json.loads(said)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        match = re.match(r"(?:Terraform|OpenTofu) v([0-9]\S*)", said)
        version = match.group(1) if match else None
    return version if isinstance(version, str) and re.match(r"[0-9]+\.[0-9]+\.[0-9]+", version) else None


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"([0-9]+)\.([0-9]+)\.([0-9]+)", version)
    return tuple(int(number) for number in match.groups()) if match else ()


_HIDDEN = re.compile(r"TF_CLI_ARGS(_.*)?|TF_VAR_.*|TF_WORKSPACE|TF_DATA_DIR|TF_INPUT|TF_REATTACH_PROVIDERS")


def own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a person's environment without what would change a plan behind the files' back.

    Variables, arguments and workspaces come from the configuration alone; credentials, proxies and logging pass.
    """
    return {
        **{name: value for name, value in environ.items() if not _HIDDEN.fullmatch(name)},
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }
