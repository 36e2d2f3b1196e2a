"""Progress of long work: a bar with rows per second on a terminal, one line for each stage elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

WORDS = {"read": "reading", "fit": "learning", "parts": "drawing", "validation": "comparing"}
DONE = {"read": "read", "fit": "learned from", "parts": "drawn and written"}


class Narrator:
    """Tells how far each stage is; `clock` gives seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.perf_counter) -> None:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
        )  # fmt: skip
        self._console = console
        self._clock = clock
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._stage: str | None = None
        self._task: TaskID | None = None
        self._began = 0.0
        self._done = 0

    def __enter__(self) -> Narrator:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(whole=kind is None)
        self._progress.stop()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note that `done` of `total` rows of a stage are done."""
        if stage != self._stage:
            self._end(whole=True)
            self._stage, self._began = stage, self._clock()
            self._task = self._progress.add_task(WORDS.get(stage, stage), total=total, rate="")
        self._done = done
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total, rate=f"{self._rate():,.0f} rows/s" if done else "")

    def counted(self, batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the batches and show how many rows were drawn."""
        done = 0
        self("parts", 0, rows)
        for batch in batches:
            yield batch
            done += batch.num_rows
            self("parts", done, rows)

    def _rate(self) -> float:
        return self._done / max(self._clock() - self._began, 1e-9)

    def _end(self, *, whole: bool) -> None:
        """Close the stage with a line that stays, where it came to its end."""
        # Forgotten first: an interrupt in what follows comes here again, and there is nothing left to close then.
        stage, task, self._stage, self._task = self._stage, self._task, None, None
        if task is not None:
            self._progress.remove_task(task)
        if whole and stage in DONE:
            seconds = self._clock() - self._began
            line = f"{self._done:,} rows {DONE[stage]} in {seconds:.2f} s ({self._rate():,.0f} rows/s)"
            self._console.print(line, highlight=False)
