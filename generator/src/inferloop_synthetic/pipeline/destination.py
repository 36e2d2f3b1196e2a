"""Where results go: a local folder or object storage. A file appears there whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.errors import InputError, OutsideError

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,200}){0,3}$")
_HIDDEN = re.compile(r"^\..+\.[0-9a-f]{16}\.part$")
READ_BYTES = 1 << 20


class DestinationError(OutsideError):
    """Results cannot be written to, or read from, where they belong."""


class Destination(Protocol):
    """A flat place for files named like `part-00000.parquet` or `_receipts/part-00000.json`."""

    @property
    def location(self) -> str:
        """The path or URL that `open_destination` opens again, without credentials."""
        ...

    def write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Write a file, replacing one of that name, and return its bytes and SHA-256; on any error nothing is left of it."""
        ...

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; raises FileNotFoundError where there is none."""
        ...

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, or None where there is none."""
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; it need not be there."""
        ...

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names that begin with `prefix`, in order."""
        ...

    def url(self, name: str, expires_s: int) -> str | None:
        """Return an address from which anybody can fetch the file for `expires_s` seconds; None where there is no such thing."""
        ...

    def sweep(self) -> None:
        """Remove what writers that were killed left half written; call it when nobody writes any more."""
        ...


def checked(name: str) -> str:
    """Return the name; raises ValueError for one that could leave the destination."""
    if not _NAME.match(name) or ".." in name:
        raise ValueError(f"{name!r} is not a name of a file in a destination")
    return name


class LocalDestination:
    """A folder. Files are written under a hidden name beside their own, flushed to disk, and renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self._folder.absolute())

    def write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Write a file; see Destination."""
        target = self._folder / checked(name)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
        size, digest = 0, hashlib.sha256()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    size += len(chunk)
                    digest.update(chunk)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            raise DestinationError(f"{target}: nothing was written: {error.strerror or error}") from error
        finally:
            temporary.unlink(missing_ok=True)
        return size, digest.hexdigest()

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes; see Destination."""
        with (self._folder / checked(name)).open("rb") as file:
            while chunk := file.read(READ_BYTES):
                yield chunk

    def size(self, name: str) -> int | None:
        """Return a file's bytes."""
        try:
            return (self._folder / checked(name)).stat().st_size
        except FileNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        return (self._folder / checked(name)).is_file()

    def delete(self, name: str) -> None:
        """Remove a file, and its folder inside the destination when that is empty."""
        path = self._folder / checked(name)
        path.unlink(missing_ok=True)
        if path.parent != self._folder and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names that begin with `prefix`."""
        found = (p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file())
        return tuple(sorted(name for name in found if name.startswith(prefix) and _NAME.match(name)))

    def url(self, name: str, expires_s: int) -> str | None:
        """Return None: a folder serves nobody."""
        return None

    def sweep(self) -> None:
        """Remove the hidden files of writers, and folders such as `_receipts` that are empty without them."""
        for path in self._folder.rglob(".*.part"):
            if _HIDDEN.match(path.name):
                path.unlink(missing_ok=True)
        for folder in self._folder.glob("_*"):
            with contextlib.suppress(OSError):  # it is a file, or not empty
                folder.rmdir()


def open_destination(place: str) -> Destination:
    """Return the destination at a path or at an s3://, gs:// or az:// URL."""
    location = Location.parse(place)
    if location.is_local:
        folder = location.path
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is a file; results need a folder")
        return LocalDestination(folder)
    if location.is_object:
        from inferloop_synthetic.pipeline.objects import ObjectDestination

        return ObjectDestination(location)
    raise InputError(f"{location.shown}: results go to a folder or to s3://, gs:// or az://")
