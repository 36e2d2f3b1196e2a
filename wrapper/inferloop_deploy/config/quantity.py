"""Quantities as Kubernetes writes them, durations and percentages, as types for the models.

Values stay strings, exactly as they were written; the functions here turn them into numbers
where a number is needed. The Kubernetes forms follow its `resource.Quantity`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

CPU_PATTERN = r"^(?:[1-9][0-9]*m|[0-9]+(?:\.[0-9]{1,3})?)$"
MEMORY_PATTERN = r"^[1-9][0-9]*(?:Ki|Mi|Gi|Ti|k|M|G|T)?$"
DURATION_PATTERN = r"^[1-9][0-9]*(?:s|m|h|d)$"


def _number_as_text(value: object) -> object:
    """YAML reads `2` and `0.5` as numbers; people write both `cpu: 2` and `cpu: "2"`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return str(value)
    return value


Cpu = Annotated[str, BeforeValidator(_number_as_text), StringConstraints(pattern=CPU_PATTERN)]
Memory = Annotated[str, BeforeValidator(_number_as_text), StringConstraints(pattern=MEMORY_PATTERN)]
Duration = Annotated[str, StringConstraints(pattern=DURATION_PATTERN)]


def cpu_millicores(cpu: str) -> int:
    """Return thousandths of a core: `"500m"` is 500, `"2"` is 2000."""
    if cpu.endswith("m"):
        return int(cpu[:-1])
    return int(Decimal(cpu) * 1000)


def memory_bytes(memory: str) -> int:
    """Return bytes: `"4Gi"` is 4294967296, `"1G"` is 1000000000."""
    match = re.fullmatch(r"([0-9]+)([A-Za-z]*)", memory)
    if match is None:
        raise ValueError(f"{memory!r} is not a quantity such as 512Mi or 4Gi")
    number, unit = match.groups()
    return int(number) * ({"": 1} | _BINARY | _DECIMAL)[unit]


def seconds(duration: str) -> int:
    """Return seconds: `"30s"` is 30, `"7d"` is 604800."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]
