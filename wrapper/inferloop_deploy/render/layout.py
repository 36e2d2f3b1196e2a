"""From blocks to the text of tfvars files, through the Jinja2 templates beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from inferloop_deploy.config.source import Origin
from inferloop_deploy.render.blocks import Block, Leaf
from inferloop_deploy.render.hcl import align, key, literal

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\ud7ff]")


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring values on a line each, or (with a body) one nested object."""

    lines: str = ""
    name: str = ""
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """An object as the template lays it out."""

    comment: str
    parts: tuple[Part, ...]


def body(block: Block, depth: int = 1) -> Body:
    """Return an object's parts in the order of their keys; `depth` is how far they are indented."""
    parts: list[Part] = []
    rows: list[tuple[str, str, str]] = []
    indent = "  " * depth

    def close_rows() -> None:
        if rows:
            parts.append(Part(lines="\n".join(align(rows, indent))))
            rows.clear()

    for name, entry in sorted(block.entries.items()):
        if isinstance(entry, Leaf):
            rows.append((key(name), literal(entry.value), _leaf_comment(entry.origin, block.origin)))
        elif not entry.entries:
            rows.append((key(name), "{}", _leaf_comment(entry.origin, block.origin)))
        else:
            close_rows()
            parts.append(Part(name=key(name), body=body(entry, depth + 1)))
    close_rows()
    return Body(_place(block.origin), tuple(parts))


def _leaf_comment(origin: Origin | None, around: Origin | None) -> str:
    """Return where a value was written if that is another file or layer than its object's."""
    if origin is None or (around is not None and (origin.file, origin.layer) == (around.file, around.layer)):
        return ""
    return _place(origin)


def _place(origin: Origin | None) -> str:
    if origin is None:
        return ""
    return _UNPRINTABLE.sub("?", f"{origin.file}:{origin.line}")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("inferloop_deploy.render"),
        autoescape=False,  # noqa: S701 - Terraform's language, not HTML; `hcl.quote` escapes what goes in
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def services_text(environment: str, cloud: str, services: Block) -> str:
    """Return the text of `services.auto.tfvars`."""
    template = _templates().get_template("services.auto.tfvars.j2")
    return template.render(environment=environment, cloud=cloud, services=body(services))


def environment_text(environment: str, cloud: str, variables: Mapping[str, Block]) -> str:
    """Return the text of `environment.auto.tfvars`, which holds all variables but the services."""
    template = _templates().get_template("environment.auto.tfvars.j2")
    bodies = {name: body(block) for name, block in sorted(variables.items())}
    return template.render(environment=environment, cloud=cloud, variables=bodies)


def cluster_text(environment: str, cloud: str, cluster_services: Block) -> str:
    """Return the text of `cluster.auto.tfvars`, which the second stage alone has."""
    template = _templates().get_template("cluster.auto.tfvars.j2")
    return template.render(environment=environment, cloud=cloud, cluster_services=body(cluster_services))
