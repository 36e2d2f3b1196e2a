"""Where the project is: the nearest folder that has both `services/` and `environments/`."""

from __future__ import annotations

from pathlib import Path

from inferloop_deploy.errors import UsageError


class ProjectError(UsageError):
    """No project where one is needed."""


def is_project(folder: Path) -> bool:
    """Tell whether a folder holds `services/` and `environments/`."""
    return (folder / "services").is_dir() and (folder / "environments").is_dir()


def find_root(start: Path, root: Path | None = None) -> Path:
    """Return the project's root: `root` where it is given, else the nearest parent of `start` that is a project.

    Raises ProjectError where there is none.
    """
    if root is not None:
        if is_project(root):
            return root.resolve()
        missing = " and ".join(f"{name}/" for name in ("services", "environments") if not (root / name).is_dir())
        raise ProjectError(
            f"--root {root}: no {missing} there.", "Name the folder that holds services/ and environments/."
        )
    here = start.resolve()
    for folder in (here, *here.parents):
        if is_project(folder):
            return folder
    raise ProjectError(
        f"No project here: neither {here} nor a folder above it holds services/ and environments/.",
        "Go to the project's folder, or name it with --root DIR before the command.",
    )
