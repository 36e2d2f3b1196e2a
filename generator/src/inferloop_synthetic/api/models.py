"""Fitted models, kept for the next request: in memory, and on disk within a bound."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import orjson

from inferloop_synthetic.errors import ModelFileError
from inferloop_synthetic.pipeline.prepare import Prepared, open_prepared
from inferloop_synthetic.pipeline.spec import GenerationSpec

logger = logging.getLogger(__name__)
LEARNED_BY = ("table_schema", "engine", "seed", "table", "query", "check", "holdout", "fit_rows")


def key_of(spec: GenerationSpec, content: str | None) -> str:
    """Return the key of the model that a specification is drawn from; `content` is the digest of an uploaded table.

    Rows, conditions' values, format and parts are not in it: they decide what is drawn and not what is learned.
    """
    learned = spec.model_dump_json(include=set(LEARNED_BY) if content or spec.source else {"table_schema"})
    return hashlib.sha256(b"\n".join([learned.encode(), orjson.dumps([content, sorted(spec.where)])])).hexdigest()


class Models:
    """A cache that several threads use. What it holds was learned by this installation; nothing is read that others wrote."""

    def __init__(self, folder: Path, *, enabled: bool, entries: int, disk_bytes: int) -> None:
        self._folder, self._enabled, self._entries, self._disk = folder, enabled, entries, disk_bytes
        self._memory: OrderedDict[str, Prepared] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}

    def get(self, key: str) -> Prepared | None:
        """Return what is kept under a key; None where there is nothing, or the cache is off."""
        if not self._enabled:
            return None
        with self._lock:
            found = self._memory.get(key)
            if found is not None:
                self._memory.move_to_end(key)
                return found
        return None

    def put(self, key: str, prepared: Prepared) -> None:
        """Keep something in memory, and let the longest unused go."""
        if not self._enabled:
            return
        with self._lock:
            self._memory[key] = prepared
            self._memory.move_to_end(key)
            while len(self._memory) > self._entries:
                self._memory.popitem(last=False)

    def learned(self, key: str, learn: Callable[[Path], None]) -> Prepared:
        """Return the model under a key; where there is none `learn` fills a folder, for one caller while the others wait."""
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                return self.get(key) or self._learned(key, learn)
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _learned(self, key: str, learn: Callable[[Path], None]) -> Prepared:
        folder = self._folder / key
        if self._enabled and folder.is_dir():
            try:
                prepared = open_prepared(folder)
                prepared.model  # noqa: B018  (reads it)
            except ModelFileError:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                folder.touch()
                self.put(key, prepared)
                return prepared
        scratch = self._folder / f".{key}.{uuid4().hex}"
        try:
            learn(scratch)
            prepared = open_prepared(scratch)
            prepared.model  # noqa: B018
            if self._enabled:
                self._keep(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self.put(key, prepared)
        return prepared

    def _keep(self, scratch: Path, folder: Path) -> None:
        """Move a model to its place; the rows that it was learned from stay nowhere."""
        for rows in scratch.glob("*.arrow"):
            rows.unlink()
        try:
            scratch.rename(folder)
        except OSError:
            logger.info("a model that another process learned at the same time is kept")
        self._sweep()

    def _sweep(self) -> None:
        kept = []
        for folder in self._folder.iterdir():
            if not folder.name.startswith("."):
                size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
                kept.append((folder.stat().st_mtime, size, folder))
        total = sum(size for _, size, _ in kept)
        for _, size, folder in sorted(kept):
            if total <= self._disk:
                return
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
