"""What the benchmark measures of one engine on one table."""

from __future__ import annotations

from dataclasses import dataclass

from judging import Figures
from speed import Speed
from tables import BenchTable

OURS, HOLDOUT, ALONE = "tabular (ours)", "hold-out", "columns alone"
SDV = {"SDV GaussianCopula": "gaussian-copula", "CTGAN": "ctgan", "TVAE": "tvae"}
ARGN = {"ARGN (mostlyai-engine)": "argn"}
NEURAL = ("CTGAN", "TVAE", *ARGN)


@dataclass(frozen=True)
class Took:
    """What learning and drawing took."""

    fit_seconds: float
    fit_processor_seconds: float
    speed: Speed
    epochs: int | None = None


@dataclass(frozen=True)
class Result:
    """What one engine reached on one table."""

    table: BenchTable
    shape: tuple[int, int]
    """Rows learned from, and columns."""
    engine: str
    took: Took | None
    figures: Figures
    orders: tuple[str, ...]
