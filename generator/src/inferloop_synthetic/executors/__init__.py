"""Who makes the parts: this process, processes beside it, a Ray cluster, or a Kubernetes Indexed Job.

Executors are found by entry point in the group `inferloop_synthetic.executors`. The parts have the same bytes whichever runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import ClassVar, Protocol, cast

from pydantic import TypeAdapter, ValidationError

from inferloop_synthetic.errors import InputError, OutsideError
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared

EXECUTOR_GROUP = "inferloop_synthetic.executors"
OnPart = Callable[[PartReceipt], None]
IsCancelled = Callable[[], bool]


class ExecutorError(OutsideError):
    """Parts could not be made for a reason that is not the data's: workers died, a cluster cannot be reached."""


class Executor(Protocol):
    """Makes parts. Implementations are dataclasses whose fields are their options."""

    name: ClassVar[str]
    title: ClassVar[str]

    def run(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        *,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        """Make the parts and return their receipts in order of index; `on_part` is told of each as it is done, in any order.

        Parts that are in the destination already are not made again. Raises Cancelled when `cancelled` says so, and what a part
        raised; no worker of this executor is at work any more then.
        """
        ...


def installed_executors() -> dict[str, EntryPoint]:
    """Return the executors' entry points by name; loading one does not load what it needs to run."""
    return {point.name: point for point in sorted(entry_points(group=EXECUTOR_GROUP), key=lambda point: point.name)}


def find_executor(text: str, defaults: Mapping[str, object] | None = None) -> Executor:
    """Return the executor that a text such as `processes`, `processes:workers=4` or `ray:address=auto` asks for.

    `defaults` are options for those executors that know them. Raises InputError naming what there is.
    """
    name, _, rest = text.partition(":")
    known = installed_executors()
    if name not in known:
        raise InputError(f"there is no executor {name!r}; there are {', '.join(known)}")
    kind = known[name].load()
    fields = [field.name for field in dataclasses.fields(kind)]
    options: dict[str, object] = {key: value for key, value in (defaults or {}).items() if key in fields}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key not in fields:
            there = ", ".join(f"{field}=..." for field in fields)
            raise InputError(f"executor {name}: {pair!r} is not an option; there are {there}")
        options[key] = value
    try:
        return cast("Executor", TypeAdapter(kind).validate_python(options))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InputError(f"executor {name}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
