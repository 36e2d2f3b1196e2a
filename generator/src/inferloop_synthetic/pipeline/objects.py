"""Results in object storage through obstore: S3, Google Cloud Storage, Azure. Credentials come from the environment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.objects import object_store, obstore_module
from inferloop_synthetic.pipeline.destination import READ_BYTES, DestinationError, checked

PART_BYTES = 8 << 20
"""Bytes of a piece of a multipart upload; 10,000 pieces, the most that S3 takes, are 80 GB."""


class ObjectDestination:
    """A prefix of a bucket. An object appears when its upload was completed, and not before."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._obstore = obstore_module()
        self._store, self._prefix = object_store(location)

    def __reduce__(self) -> tuple[type[ObjectDestination], tuple[Location]]:
        """Travel to other processes as the URL, and open the store anew there."""
        return ObjectDestination, (self._location,)

    @property
    def location(self) -> str:
        """The URL."""
        return self._location.shown

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{checked(name)}" if self._prefix else checked(name)

    def write(self, name: str, chunks: Iterable[bytes]) -> tuple[int, str]:
        """Write an object; see Destination."""
        size, digest = 0, hashlib.sha256()

        def counted() -> Iterator[bytes]:
            nonlocal size
            for chunk in chunks:
                size += len(chunk)
                digest.update(chunk)
                yield chunk

        path = self._path(name)
        try:
            self._obstore.put(self._store, path, counted(), chunk_size=PART_BYTES, max_concurrency=2)
        except (self._obstore.exceptions.BaseError, OSError) as error:
            raise self._problem(name, error) from error
        return size, digest.hexdigest()

    def read(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes; see Destination."""
        try:
            for chunk in self._obstore.get(self._store, self._path(name)).stream(min_chunk_size=READ_BYTES):
                yield bytes(chunk)
        except FileNotFoundError:
            raise
        except self._obstore.exceptions.BaseError as error:
            raise self._problem(name, error) from error

    def size(self, name: str) -> int | None:
        """Return an object's bytes."""
        try:
            return int(self._obstore.head(self._store, self._path(name))["size"])
        except FileNotFoundError:
            return None
        except self._obstore.exceptions.BaseError as error:
            raise self._problem(name, error) from error

    def exists(self, name: str) -> bool:
        """Say whether there is such an object."""
        return self.size(name) is not None

    def delete(self, name: str) -> None:
        """Remove an object."""
        try:
            self._obstore.delete(self._store, self._path(name))
        except FileNotFoundError:
            return
        except self._obstore.exceptions.BaseError as error:
            raise self._problem(name, error) from error

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names that begin with `prefix`."""
        base = f"{self._prefix}/" if self._prefix else ""
        folder = base + prefix.rpartition("/")[0]
        try:
            found = [entry["path"] for page in self._obstore.list(self._store, folder or None) for entry in page]
        except self._obstore.exceptions.BaseError as error:
            raise self._problem(prefix, error) from error
        return tuple(sorted(path[len(base) :] for path in found if path.startswith(base + prefix)))

    def url(self, name: str, expires_s: int) -> str | None:
        """Return a presigned address of the object."""
        signed: str = self._obstore.sign(self._store, "GET", self._path(name), timedelta(seconds=expires_s))
        return signed

    def sweep(self) -> None:
        """Do nothing: uploads that were not completed are no objects; the bucket's lifecycle rule removes them."""

    def _problem(self, name: str, error: Exception) -> DestinationError:
        reason = self._location.scrubbed(str(error)).splitlines()[0][:300]
        return DestinationError(f"{self._location.shown}/{name}: {type(error).__name__}: {reason}")
