"""Quantities as Kubernetes writes them, durations and percentages, as types for the models.

Values stay text, exactly as they were written; the functions here turn them into numbers where a number is needed. The
forms are those of Kubernetes' `resource.Quantity`, without the ones that are mistakes more often than meant: memory has
a unit, and nothing is zero.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Annotated

from pydantic import BeforeValidator

from inferloop_deploy.config.patterns import CPU, DAYS, DURATION, LATENCY, MEMORY, also, text

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

LEAST_CORES, MOST_CORES = 0.001, 9999


def _cores_as_text(value: object) -> object:
    """YAML reads `2` and `0.5` as numbers; people write both `cpu: 2` and `cpu: "2"`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = Decimal(str(value))
    return format(number.to_integral_value() if number == number.to_integral_value() else number, "f")


Cpu = Annotated[
    str,
    text(CPU),
    BeforeValidator(_cores_as_text),
    also(CPU, {"type": "number", "minimum": LEAST_CORES, "maximum": MOST_CORES}),
]
Memory = Annotated[str, text(MEMORY)]
Duration = Annotated[str, text(DURATION)]
Days = Annotated[str, text(DAYS)]
Latency = Annotated[str, text(LATENCY)]


def cpu_millicores(cpu: str) -> int:
    """Return thousandths of a core, rounded up as Kubernetes does: `"500m"` is 500, `"2"` is 2000."""
    if cpu.endswith("m"):
        return int(cpu[:-1])
    return int((Decimal(cpu) * 1000).to_integral_value(rounding=ROUND_CEILING))


def memory_bytes(memory: str) -> int:
    """Return bytes: `"4Gi"` is 4294967296, `"1G"` is 1000000000."""
    match = re.fullmatch(r"([0-9]+)([A-Za-z]+)", memory)
    if match is None or match[2] not in _BINARY | _DECIMAL:
        raise ValueError(f"{memory!r} is not a quantity such as 512Mi or 4Gi")
    return int(match[1]) * (_BINARY | _DECIMAL)[match[2]]


def seconds(duration: str) -> int:
    """Return seconds: `"30s"` is 30, `"7d"` is 604800."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def days_of(days: str) -> int:
    """Return days: `"30d"` is 30."""
    return int(days.removesuffix("d"))
