"""Progress of long work: a bar with rows per second on a terminal, one line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def with_progress(batches: Iterable[pa.RecordBatch], rows: int, console: Console) -> Iterator[pa.RecordBatch]:
    """Yield the batches and show how many rows were drawn."""
    start = time.perf_counter()
    done = 0
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("drawing", total=rows, rate="")
        for batch in batches:
            yield batch
            done += batch.num_rows
            rate = done / max(time.perf_counter() - start, 1e-9)
            progress.update(task, completed=done, rate=f"{rate:,.0f} rows/s")
    seconds = time.perf_counter() - start
    console.print(
        f"{done:,} rows drawn and written in {seconds:.2f} s ({done / max(seconds, 1e-9):,.0f} rows/s)", highlight=False
    )
