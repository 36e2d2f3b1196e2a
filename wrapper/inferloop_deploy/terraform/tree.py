"""A tree for terraform to run in: the real roots and modules by links, and files that are written for one place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from inferloop_deploy.terraform.plugins import lock_with, stand_ins

BACKEND = "backend_override.tf"
LOCK = ".terraform.lock.hcl"


def linked_tree(root: Path, folder: Path, module: str, written: Mapping[str, str]) -> Path:
    """Make the tree in `folder` and return its root module; the same input leaves it as it is.

    The project's roots and modules are linked, not copied; `written` are files to add, by name.
    """
    source = root / "providers" / module
    target = folder / "providers" / module
    target.mkdir(parents=True, exist_ok=True)
    _link(folder / "modules", root / "modules")
    wanted = {path.name: path for path in [*source.glob("*.tf"), *source.glob(LOCK)] if path.name not in written}
    for path in target.iterdir():
        if path.is_symlink() and path.name not in wanted:
            path.unlink()
    for name, path in wanted.items():
        _link(target / name, path.resolve())
    for name, text in written.items():
        file = target / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
    return target


def admitting_lock(root: Path, module: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the file to write so that a root's lock admits this machine's stand-ins, nothing where there are none."""
    lock = root / "providers" / module / LOCK
    standing_in = stand_ins(environ)
    if not standing_in or not lock.is_file():
        return {}
    return {LOCK: lock_with(lock.read_text(encoding="utf-8"), standing_in)}


def backend_override(kind: str) -> str:
    """Return a file that says which kind of place a root keeps its state in that every cloud has in common."""
    return f'# Written for the cloud at hand.\nterraform {{\n  backend "{kind}" {{}}\n}}\n'


def _link(link: Path, to: Path) -> None:
    if link.is_symlink() and link.readlink() == to:
        return
    if link.is_symlink() or link.exists():
        link.unlink()
    link.symlink_to(to)
