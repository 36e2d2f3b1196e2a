"""A process that lets a worker learn for hours, and is killed meanwhile."""

from __future__ import annotations

import sys

import numpy as np

from inferloop_synthetic.external import worker


def main(python: str) -> None:
    """Print the worker's process number, and `learning` once it learns."""
    start = worker._start

    def told(*arguments: object) -> object:
        found = start(*arguments)  # type: ignore[arg-type]
        print(found[0].pid, flush=True)
        return found

    worker._start = told  # type: ignore[assignment]
    options = {"epochs": 100_000, "batch_size": 100}
    request = {"engine": "ctgan", "seed": 1, "order": ["c0"], "numbers": [], "categories": ["c0"], "options": options}

    def progress(done: int, total: int) -> None:
        if done == 1:
            print("learning", flush=True)

    worker.ask(worker.WorkerPlace(python), request, {"c0": np.arange(200) % 3}, extra="ctgan", progress=progress)


if __name__ == "__main__":
    main(sys.argv[1])
