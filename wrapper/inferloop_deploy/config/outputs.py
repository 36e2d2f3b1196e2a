"""What a dependency gives to the service: the names that `${dependencies.NAME.OUTPUT}` may use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inferloop_deploy.config.service import DatabaseDependency, Dependency, StorageDependency

OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "database": {
        "host": "host name of the writer",
        "port": "port",
        "database": "name of the service's database",
        "user": "name of the service's role, which signs in with an IAM token",
    },
    "table": {"table": "name of the table"},
    "cache": {
        "host": "host name of the primary, which answers TLS only",
        "port": "port",
        "user": "name of the service's user, which signs in with an IAM token",
        "name": "name of the cache, which its users' tokens are for",
        "prefix": "prefix of the keys that the service may use",
    },
    "storage": {"bucket": "name of the bucket", "prefix": "prefix of the objects that the service may use"},
    "file": {"path": "folder under which the file system is mounted"},
    "queue": {"url": "URL of the queue", "arn": "ARN of the queue"},
    "function": {"name": "name of the function", "arn": "ARN of the function"},
    "service": {"url": "URL inside the cluster", "host": "host name inside the cluster", "port": "port"},
}
"""Outputs and their meaning, by kind of dependency."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)(\}?)")
_REFERENCE = re.compile(r"dependencies\.([a-z](?:[-a-z0-9]*[a-z0-9])?)\.([A-Za-z]+)")


@dataclass(frozen=True)
class Reference:
    """One `${...}` of a text; without names where it is not of the form that is known."""

    text: str
    dependency: str | None = None
    output: str | None = None


def references(text: str) -> Iterator[Reference]:
    """Yield every `${...}` of a text."""
    for match in _PLACEHOLDER.finditer(text):
        inner = _REFERENCE.fullmatch(match[1]) if match[2] else None
        yield Reference(match[0]) if inner is None else Reference(match[0], inner[1], inner[2])


def outputs_of(dependency: Dependency) -> tuple[str, ...]:
    """Return the outputs of a dependency; who brings one has user and name in its secret and signs in with no token."""
    kind, brought = kind_of(dependency), getattr(dependency, "existing", None) is not None
    missing = {"user", "name"} if kind == "cache" else {"user"}
    return tuple(output for output in OUTPUTS[kind] if output not in missing or not brought)


def kind_of(dependency: Dependency) -> str:
    """Return the kind of dependency that decides its outputs."""
    if isinstance(dependency, DatabaseDependency) and dependency.engine == "dynamodb":
        return "table"
    if isinstance(dependency, StorageDependency) and dependency.class_ == "file":
        return "file"
    return dependency.type
