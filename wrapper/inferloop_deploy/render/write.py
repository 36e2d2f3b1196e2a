"""Putting rendered files where Terraform reads them: whole or not at all, and only where something changed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.changes import Changes
from inferloop_deploy.errors import InferloopError

RENDERED = ("*.auto.tfvars", "source-map.json")
"""Names of the files that rendering owns in its folder; such a file that is not rendered any more is stale."""


@dataclass(frozen=True)
class Difference:
    """How a folder differs from what would be rendered, by file names."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.written or self.removed)


def difference(folder: Path, files: Mapping[str, str], owned: Sequence[str] = RENDERED) -> Difference:
    """Compare a folder with the files that belong into it; what is `owned` there and does not is stale."""
    unchanged = tuple(name for name in sorted(files) if _text(folder / name) == files[name])
    written = tuple(name for name in sorted(files) if name not in unchanged)
    present = {path.name for pattern in owned for path in folder.glob(pattern)}
    return Difference(written, tuple(sorted(present - set(files))), unchanged)


def write(folder: Path, files: Mapping[str, str], changes: Changes, owned: Sequence[str] = RENDERED) -> Difference:
    """Make a folder hold exactly these rendered files, and return what had to be done."""
    found = difference(folder, files, owned)
    for name in found.written:
        path = folder / name
        changes.change(str(path), "write", lambda path=path, name=name: replace_file(path, files[name]))  # type: ignore[misc]
    for name in found.removed:
        changes.change(str(folder / name), "remove", (folder / name).unlink)
    return found


def replace_file(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, and never a part; only its owner may read it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InferloopError(
            f"{path} cannot be written: {error.strerror}.", "Make the folder writable, or free space."
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        temporary.replace(path)
    except OSError as error:
        raise InferloopError(f"{path} cannot be written: {error.strerror}.", "Free some space.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
