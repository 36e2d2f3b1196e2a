"""Write very many rows and print the memory curve: `make bench-memory`, ARGS='--rows 50000000 --format csv --workers 2'.

A table of mixed columns is made up and learned from, then parts are drawn and written as `generate` does. After each two per cent
of the rows the resident memory of this process and its workers is noted. It is flat when the last quarter needs no more than the
second did.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from inferloop_synthetic.executors import Executor
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.executors.processes import Processes
from inferloop_synthetic.pipeline.destination import LocalDestination
from inferloop_synthetic.pipeline.make import make_part
from inferloop_synthetic.pipeline.parts import plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, prepare
from inferloop_synthetic.pipeline.run import make_all
from inferloop_synthetic.pipeline.spec import read_spec

LOOK_EVERY_S = 0.1
WIDTH = 50


def mixed_table(rows: int) -> pa.Table:
    """Return a made-up table: an identifier, numbers with skew and gaps, categories, a date, a truth value."""
    rng = np.random.default_rng(1)
    region = rng.choice(["north", "east", "south", "west"], rows, p=[0.4, 0.3, 0.2, 0.1])
    amount = np.round(rng.lognormal(3, 1, rows) * np.where(region == "north", 2, 1), 2)
    return pa.table(
        {
            "id": np.arange(rows) + 1,
            "region": region,
            "amount": pa.array(amount, mask=rng.random(rows) < 0.05),
            "items": rng.poisson(3, rows),
            "age": rng.integers(18, 90, rows),
            "shop": [f"shop {n}" for n in rng.zipf(1.7, rows) % 500],
            "day": pa.array(rng.integers(18_000, 20_000, rows).astype(np.int32), pa.date32()),
            "returned": rng.random(rows) < 0.1,
        }
    )


@dataclass
class Curve:
    """Notes the resident memory of this process and its children at what share of the rows they are."""

    rows: int
    done: int = 0
    peaks: dict[int, float] = field(default_factory=dict)
    """Megabytes by percent of the rows."""
    started: float = field(default_factory=time.perf_counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Look again and again until stopped."""
        here = psutil.Process()
        while not self.stopped.wait(LOOK_EVERY_S):
            resident = sum(resident_bytes(process) for process in [here, *here.children(recursive=True)])
            at = min(100 * self.done // max(self.rows, 1), 100) // 2 * 2
            self.peaks[at] = max(self.peaks.get(at, 0.0), resident / 2**20)

    def told(self, stage: str, done: int, total: int | None) -> None:
        """Take note of the rows written."""
        if stage == "parts":
            self.done = done

    def lines(self) -> list[str]:
        """Return the curve as text."""
        top = max(self.peaks.values())
        found = [f"{at:3d} % {mb:7.0f} MB  " + "#" * round(WIDTH * mb / top) for at, mb in sorted(self.peaks.items())]
        second, last = ([mb for at, mb in self.peaks.items() if low <= at <= low + 25] for low in (25, 75))
        if second and last:
            found.append(f"most in the last quarter / most in the second quarter: {max(last) / max(second):.3f}")
        return found


def resident_bytes(process: psutil.Process) -> int:
    """Return a process's resident memory, nothing where it has just ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def one_part(prepared: Prepared, curve: Curve, folder: Path) -> None:
    """Write everything as a single part: the hardest case, for nothing is closed in between."""

    def count(rows: int) -> None:
        curve.done += rows

    make_part(prepared, plan_parts(prepared.spec)[0], LocalDestination(folder), threads=2, on_rows=count)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--part-rows", type=int, default=1_000_000, help="as many as --rows for a single file")
    parser.add_argument("--format", default="parquet", choices=["parquet", "csv", "jsonl", "arrow"])
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 draws in this one")
    parser.add_argument("--folder", type=Path, help="where to write (and remove again); it needs room for all of it")
    arguments = parser.parse_args()
    executor: Executor = Processes(arguments.workers) if arguments.workers else InProcess()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as work:
        pq.write_table(mixed_table(20_000), Path(work) / "table.parquet")
        tree = {"source": f"{work}/table.parquet", "rows": arguments.rows, "format": arguments.format}
        prepared = prepare(read_spec({**tree, "part_rows": arguments.part_rows}), Path(work) / "prepared")
        curve = Curve(arguments.rows)
        watcher = threading.Thread(target=curve.watch, daemon=True)
        watcher.start()
        if arguments.part_rows >= arguments.rows:
            one_part(prepared, curve, Path(work) / "out")
        else:
            make_all(prepared, LocalDestination(Path(work) / "out"), executor, curve.told)
        seconds = time.perf_counter() - curve.started
        curve.stopped.set()
        watcher.join()
        size = sum(path.stat().st_size for path in (Path(work) / "out").rglob("*") if path.is_file())
    print(f"{arguments.rows:,} rows of 8 columns, {size / 2**20:,.0f} MB of {arguments.format}, {executor}, {seconds:.0f} s "
          f"({arguments.rows / seconds:,.0f} rows/s)")  # fmt: skip
    print("\n".join(curve.lines()))


if __name__ == "__main__":
    main()
