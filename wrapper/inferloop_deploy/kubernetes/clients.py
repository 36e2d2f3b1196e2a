"""Which kubectl and which helm run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.programs import find_programs

VARIABLES: Mapping[str, str] = {"helm": "INFERLOOP_HELM", "kubectl": "INFERLOOP_KUBECTL"}
"""The variables that name a program of a person's own."""


class ClientMissing(InferloopError):
    """A variable names a program that is none."""


def find_client(name: str, root: Path, environ: Mapping[str, str]) -> Path:
    """Return `kubectl` or `helm`: the one that its variable names, `.tools/`, what was built, then PATH.

    Raises ClientMissing where the variable names no program, and ProgramMissing, which says how to get one.
    """
    named = environ.get(VARIABLES[name])
    if named:
        found = shutil.which(named, path=environ.get("PATH", os.defpath))
        if found is None:
            raise ClientMissing(
                f"{VARIABLES[name]} names {named}, which is not a program.",
                f"Name {name} itself, or unset {VARIABLES[name]} to use the one that `make cluster-tools` builds.",
            )
        return Path(found).absolute()
    own = shutil.which(name, path=str(root / ".tools"))
    return Path(own).absolute() if own else find_programs(root, [name], environ)[name]
