"""Addresses of resources, taken apart: `module.storage.aws_s3_bucket.this["tabular-datasets"]`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_STEP = re.compile(r'([A-Za-z_][\w-]*)(?:\[("(?:[^"\\]|\\.)*"|[0-9]+)\])?(?:\.|$)')


WIRING = "platform"
"""Module that calls all the others."""


@dataclass(frozen=True)
class Address:
    """A resource's address by its parts; `keys` are the text keys of its modules and of itself, the innermost last."""

    text: str
    modules: tuple[str, ...]
    type: str
    name: str
    keys: tuple[str, ...]

    @property
    def module(self) -> str:
        """Return the outermost module under the one that wires them all, or nothing where there is none."""
        return next((name for name in self.modules if name != WIRING), "")


def read_address(text: str) -> Address:
    """Return an address by its parts; what is no address has none."""
    words: list[str] = []
    keys: list[str] = []
    for match in _STEP.finditer(text):
        words.append(match.group(1))
        if match.group(2) and match.group(2).startswith('"'):
            keys.append(str(json.loads(match.group(2))))
    modules = []
    while len(words) > 1 and words[0] == "module":
        modules.append(words[1])
        words = words[2:]
    if words[:1] == ["data"]:
        words = words[1:]
    kind, name, *_ = [*words, "", ""]
    return Address(text, tuple(modules), kind, name, tuple(keys))


def split_key(key: str, services: Iterable[str]) -> tuple[str, str]:
    """Return a key's service and what follows it: `("tabular", "datasets")`; no service where none fits.

    Where several services fit, the longest name wins: `text-nlp-cache` is of `text-nlp` rather than of `text`.
    """
    fitting = [name for name in services if key == name or re.match(re.escape(name) + r"[-/.:_]", key)]
    service = max(fitting, key=len, default="")
    return service, key[len(service) + 1 :] if service else ""
