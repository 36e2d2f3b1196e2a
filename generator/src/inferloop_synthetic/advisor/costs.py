"""What learning a table costs with an engine, and the refusal of what will not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from inferloop_synthetic.advisor.machine import free_memory, has_gpu, kernel_seconds, processors
from inferloop_synthetic.advisor.predict import BATCH, Range, is_measured, predict, read_measurements, with_range
from inferloop_synthetic.advisor.shape import TableShape, shape_of
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.external.worker import MEMORY_VARIABLE, WorkerPlace
from inferloop_synthetic.schema import TableSchema

EPOCHS = 300
NETWORKS = ("ctgan", "copulagan", "tvae")
ENGINES = ("tabular", "gaussian-copula", "tvae", "ctgan", "copulagan")


FASTER = 8.0
"""No machine is thought to be more than so many times as fast or as slow as the measured one."""


class WillNotFit(InputError):
    """Learning would take more memory or time than there is; nothing was started."""

    hint = (
        "Learn from fewer rows or fewer epochs, leave out categories of many values, or take another engine: "
        "`inferloop-synthetic advise` compares them. Operators: GUARDIAN_MAX_MEMORY_USAGE_MB, GUARDIAN_DEFAULT_TIMEOUT."
    )


@dataclass(frozen=True)
class CostLimits:
    """What learning may cost; None for no limit."""

    memory_bytes: int | None = None
    seconds: float | None = None
    """On the clock, with all processors at work: what surely takes longer is refused."""
    processors: int = 1

    @staticmethod
    def here(memory_bytes: int | None = None, seconds: float | None = None) -> CostLimits:
        """Return the limits of this process.

        Memory is what is given, else what GUARDIAN_MAX_MEMORY_USAGE_MB says, else what is free: an operator who knows better
        than the machine is believed.
        """
        most = memory_bytes or WorkerPlace.from_environment().memory_bytes or free_memory()
        return CostLimits(most, seconds, processors())


def predict_costs(
    shape: TableShape, engine: str, options: Mapping[str, Any] | None = None, speed: float = 1.0
) -> tuple[Range, Range]:
    """Return the seconds and the bytes that learning takes; `speed` is how many times faster than the measured machine it is."""
    measured = read_measurements().measured
    chosen = options or {}
    epochs, batch = epochs_of(engine, chosen), int(chosen.get("batch_size", BATCH))
    seconds = predict(measured, engine, "seconds", shape, epochs, batch) / speed
    memory = predict(measured, engine, "peak_bytes", shape, epochs, batch)
    return with_range(engine, "seconds", seconds), with_range(engine, "peak_bytes", memory)


def check_fits(
    sample: pa.Table,
    schema: TableSchema,
    engine: str,
    limits: CostLimits,
    *,
    rows: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Raise WillNotFit where learning a table of `rows` rows would most likely exceed the limits.

    Engines that were not measured are let through. What is close to a limit is too: the worker's own limit ends it then.
    """
    if not is_measured(read_measurements().measured, engine):
        return
    shape = learned_shape(sample, schema, engine, options, rows)
    if shape.columns == 0:
        return
    seconds, memory = predict_costs(shape, engine, options)
    if on_gpu(engine, options or {}):
        limits = replace(limits, seconds=None)
    if limits.seconds is not None and seconds.low / limits.processors > limits.seconds / FASTER:
        # The speed of this machine takes a moment to find, and matters only where time is short.
        seconds = predict_costs(shape, engine, options, speed_here())[0]
    else:
        limits = replace(limits, seconds=None)
    refused = refusal(engine, seconds, memory, limits)
    if refused is not None:
        raise WillNotFit(refused)


def on_gpu(engine: str, options: Mapping[str, Any]) -> bool:
    """Return whether learning would run on a GPU, for which time was not measured: it takes less than is predicted."""
    return engine in NETWORKS and bool(options.get("enable_gpu", True)) and has_gpu()


def epochs_of(engine: str, options: Mapping[str, Any]) -> int:
    """Return how often an engine goes through the table; 0 for one that has no epochs."""
    return int(options.get("epochs", EPOCHS)) if engine in NETWORKS else 0


def learned_shape(
    sample: pa.Table, schema: TableSchema, engine: str, options: Mapping[str, Any] | None, rows: int | None
) -> TableShape:
    """Return the shape of a table as an engine with these options learns it."""
    chosen = options or {}
    known = {n: int(chosen[n]) for n in ("discrete_up_to", "most_categories") if n in chosen and engine != "tabular"}
    return shape_of(sample, schema, rows, **known)


def speed_here() -> float:
    """Return how many times as fast as the measured machine this one is."""
    return min(max(read_measurements().kernel_seconds / kernel_seconds(), 1 / FASTER), FASTER)


def refusal(engine: str, seconds: Range, memory: Range, limits: CostLimits) -> str | None:
    """Return why learning would exceed the limits even if it cost as little as it may, or None."""
    if limits.memory_bytes is not None and memory.low > limits.memory_bytes:
        return (
            f"engine {engine} would need about {memory.value / 2**20:,.0f} MB of memory to learn this table (at least "
            f"{memory.low / 2**20:,.0f}), and {limits.memory_bytes / 2**20:,.0f} MB are there: learn from fewer rows, leave "
            f"out categories of many values, take another engine (`advise` compares them), or set {MEMORY_VARIABLE} where "
            "more may be taken"
        )
    if limits.seconds is not None and seconds.low / limits.processors > limits.seconds:
        return (
            f"engine {engine} would learn this table for about {seconds.value:,.0f} seconds of processor time (at least "
            f"{seconds.low:,.0f}, on {limits.processors} processors), and {limits.seconds:,.0f} seconds are allowed: learn from "
            "fewer rows, take fewer epochs, another engine (`advise` compares them), or allow more time"
        )
    return None
