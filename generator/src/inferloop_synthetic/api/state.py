"""What handlers find in the application."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from inferloop_synthetic.api.generation import Gate
from inferloop_synthetic.api.services import Services


def services_of(request: Request) -> Services:
    """Return the services of this process."""
    return cast(Services, request.app.state.services)


def gate_of(request: Request) -> Gate:
    """Return the gate that heavy requests pass."""
    return cast(Gate, request.app.state.gate)


def prefer(request: Request) -> dict[str, str]:
    """Return the preferences of a request by name (RFC 7240)."""
    found: dict[str, str] = {}
    for header in request.headers.getlist("prefer"):
        for entry in header[:1000].split(","):
            name, _, value = entry.partition(";")[0].partition("=")
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found
