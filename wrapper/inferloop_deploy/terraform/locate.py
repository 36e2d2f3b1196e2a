"""From terraform's diagnostics back to the line of YAML that they are about."""

from __future__ import annotations

import re

from inferloop_deploy.plan.addresses import read_address
from inferloop_deploy.plan.causes import Sources, causes_of, service_of
from inferloop_deploy.terraform.messages import Diagnostic

_PATH = re.compile(r'\b(?:services|environment|eks_config|cluster_services)(?:\.[A-Za-z_][\w-]*|\["[^"]+"\])+')


def locate(diagnostic: Diagnostic, sources: Sources) -> str:
    """Return `file:line` of what a diagnostic is about, or nothing where that cannot be told.

    Messages of our own modules name the path of the value; others name a resource, and so its service.
    """
    for match in _PATH.finditer(f"{diagnostic.detail} {diagnostic.summary}"):
        place = sources.source_map.nearest(_plain(match.group()))
        if place is not None:
            return str(place)
    if not diagnostic.address:
        return ""
    address = read_address(diagnostic.address)
    causes = causes_of(address, service_of(address, {}, sources.services), {}, sources)
    return f"{causes[0].file}:{causes[0].line}" if causes else ""


def _plain(path: str) -> str:
    """Return a path with `.name` in the place of `["name"]` wherever both are the same."""
    return re.sub(r'\["([A-Za-z_][\w-]*)"\]', r".\1", path)
