"""A Ray cluster: on this machine, at an address, or the one that a KubeRay RayJob runs this program on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, ClassVar

from pydantic import Field

from inferloop_synthetic.errors import InputError, SyntheticError
from inferloop_synthetic.executors import ExecutorError, IsCancelled, OnPart
from inferloop_synthetic.pipeline.bundle import pack, unpack
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.make import Cancelled, make_part
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared

LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class OnRay:
    """Sends the model to the cluster once and a task for each part; a task whose node is lost runs again elsewhere.

    Results go to object storage, or to a folder that all nodes share.
    """

    name: ClassVar[str] = "ray"
    title: ClassVar[str] = "a Ray cluster, a task for each part"

    address: str | None = None
    """`auto`, `ray://host:10001`, or nothing: a cluster of this machine alone, for as long as it takes."""
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Tasks that are handed to the cluster at a time."""

    def run(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        *,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        """Make the parts; see Executor."""
        ray = _ray()
        ours = not ray.is_initialized()
        if ours:
            try:
                ray.init(
                    address=self.address, log_to_driver=False, **({"include_dashboard": False} if self.address is None else {})
                )
            except (ConnectionError, ValueError) as error:
                raise ExecutorError(f"ray: {self.address}: {error}") from error
        try:
            return self._made(ray, prepared, parts, destination, on_part, cancelled)
        finally:
            if ours:
                ray.shutdown()

    def _made(
        self,
        ray: ModuleType,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        task = ray.remote(num_cpus=1, max_retries=self.retries)(_make)
        bundle = ray.put(pack(prepared))
        done: dict[int, PartReceipt] = {}
        waiting: Iterator[Any] = (task.remote(bundle, part, destination) for part in parts)
        running = list(islice(waiting, self.in_flight))
        try:
            while running:
                ended, running = ray.wait(running, timeout=LOOK_EVERY_S)
                for reference in ended:
                    receipt = _result(ray, reference)
                    _check_place(receipt, destination)
                    done[receipt.index] = receipt
                    on_part(receipt)
                running += islice(waiting, len(ended))
                _go_on(cancelled)
        except BaseException:
            for reference in running:
                ray.cancel(reference)
            # Tasks end at their next step; a part is written whole or not at all.
            if running:
                ray.wait(running, num_returns=len(running), timeout=60)
            destination.sweep()
            raise
        return [done[part.index] for part in parts]


def _ray() -> ModuleType:
    try:
        return import_module("ray")
    except ImportError as error:
        raise InputError("the executor ray needs the extra [ray]: pip install 'inferloop-synthetic[ray]'") from error


def _result(ray: ModuleType, reference: Any) -> PartReceipt:
    try:
        receipt: PartReceipt = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, SyntheticError):
            raise cause from error
        raise
    except ray.exceptions.RayError as error:
        raise ExecutorError(f"ray: a part could not be made: {str(error).splitlines()[0]}") from error
    return receipt


def _check_place(receipt: PartReceipt, destination: Destination) -> None:
    if destination.size(receipt.path) != receipt.bytes:
        raise ExecutorError(
            f"ray: {receipt.path} was written on a node, but is not in {destination.location}: "
            "give a folder that all nodes share, or object storage"
        )


def _go_on(cancelled: IsCancelled) -> None:
    if cancelled():
        raise Cancelled("the parts under way were given up")


_PREPARED: dict[int, Prepared] = {}
"""What this worker process unpacked, by the bundle's hash; Ray keeps a worker for many tasks."""


def _make(bundle: bytes, part: Part, destination: Destination) -> PartReceipt:
    """Make a part in a worker of the cluster."""
    key = hash(bundle)
    if key not in _PREPARED:
        _PREPARED.clear()
        with tempfile.TemporaryDirectory(prefix="inferloop-work-") as folder:
            prepared = unpack(bundle, Path(folder))
            prepared.schema  # noqa: B018  (reads the model while its file is there)
        _PREPARED[key] = prepared
    return make_part(_PREPARED[key], part, destination)
