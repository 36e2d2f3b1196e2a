"""Measure what learning costs and gives with each engine, and how well the advisor predicts it.

`python generator/bench/advise.py --measure` writes the measurements that the package ships (advisor/measured.json), with the
libraries of the interpreter that GUARDIAN_ENGINE_PYTHON names; without it only the errors of predicting each table from the
others are printed. Times are processor seconds of one thread, so that a busy machine gives about the same, and include loading
the library; memory is the most that the process held. Networks run few epochs: each epoch costs the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tables import TABLES as ALL
from tables import load

from inferloop_synthetic.advisor.advice import likeness
from inferloop_synthetic.advisor.costs import NETWORKS
from inferloop_synthetic.advisor.machine import kernel_seconds
from inferloop_synthetic.advisor.predict import MEASURED, Measurement, errors, read_measurements
from inferloop_synthetic.advisor.shape import shape_of
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import find_engine
from inferloop_synthetic.external import engines, worker
from inferloop_synthetic.sdk import sample

TABLES = ("health", "loans", "diamonds", "pensions", "wages", "doctors")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
RUNS: dict[str, tuple[tuple[int, int], ...]] = {
    "tabular": ((1500, 0), (6000, 0), (25_000, 0)),
    "gaussian-copula": ((1500, 0), (20_000, 0), (100_000, 0)),
    "tvae": ((1000, 10), (3000, 60), (20_000, 2), (100_000, 1)),
    "ctgan": ((1000, 10), (3000, 60), (20_000, 2), (60_000, 1)),
    "copulagan": ((1000, 10), (3000, 60), (20_000, 2), (60_000, 1)),
}
"""Rows to learn from and epochs. Each table is learned with all of our own engine's, and with two of the others' in turn."""

LONG = (3000, 300)
"""What networks learn of the first table besides, to see how near they come in the end."""


def turns(engine: str, turn: int, half: int) -> list[tuple[int, int]]:
    """Return what an engine learns of the table with this number, of which half are so many rows."""
    runs = RUNS[engine]
    if engine != "tabular":
        long = [LONG] if turn == 0 and engine in NETWORKS else []
        return [runs[turn % len(runs)], runs[(turn + 2) % len(runs)], *long]
    return list(dict.fromkeys((min(rows, half), epochs) for rows, epochs in runs))


class Learner:
    """A process in which SDV and CTGAN learn; stands in for the workers that engines start."""

    def __init__(self, python: str, folder: str) -> None:
        script, child = Path(__file__).with_name("learn_many.py"), Path(worker.__file__).parent
        command = [python, str(script), str(child)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD
        )
        self._folder = folder
        self._answer()

    def ask(self, place: object, request: Mapping[str, Any], arrays: worker.Arrays, **_: object) -> tuple[Any, worker.Arrays]:
        """Answer as a worker does."""
        names = {name: f"{self._folder}/{name}" for name in ("arrays.npz", "answer.npz", "header.json")}
        np.savez(names["arrays.npz"], **arrays)
        job = {"request": dict(request), **{name.partition(".")[0]: path for name, path in names.items()}}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        self._answer()
        header = json.loads(Path(names["header.json"]).read_text())
        with np.load(names["answer.npz"]) as answer:
            return {**header, "seconds": 0.0}, dict(answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> None:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if said not in {"ready", "done"}:
            raise RuntimeError(f"the learning process said {said!r}")


def run(table: pa.Table, engine: str, rows: int, epochs: int) -> dict[str, object]:
    """Learn one table and return what it took and how like the rows drawn are to rows that were held out."""
    half = table.num_rows // 2
    learned, held = table.slice(0, min(rows, half)), table.slice(half, min(rows, half))
    if engine != "tabular" and rows > half:
        # Longer than the table: what it costs is found with the same rows again and again, its likeness is not.
        learned, held = pa.concat_tables([table] * -(-rows // table.num_rows)).slice(0, rows), None
    schema = detect_schema(learned)
    most_held = Path("/proc/self/clear_refs")
    most_held.write_text("5")  # the kernel forgets the most memory that was held so far
    start = time.process_time()
    model = find_engine(engine, {"epochs": epochs} if epochs else None).fit(learned, schema)
    seconds = time.process_time() - start
    status = Path("/proc/self/status").read_text()
    peak = 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    cost = getattr(model, "cost", None)
    if cost is not None:
        seconds, peak = cost.processor_seconds, cost.peak_bytes
    like = None if held is None else likeness(held, sample(model, held.num_rows), schema)
    return {
        "engine": engine,
        "epochs": epochs,
        **vars(shape_of(learned, schema)),
        "seconds": round(seconds, 3),
        "peak_bytes": peak,
        "likeness": None if like is None else round(like, 4),
    }


def apart(name: str, rows: int) -> dict[str, object]:
    """Let our own engine learn in a fresh process, whose memory holds nothing of what was learned before."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(learn_named, name, rows).result()


def learn_named(name: str, rows: int) -> dict[str, object]:
    """Learn a table with our own engine in this process."""
    return run(pa.concat_tables(load(next(table for table in ALL if table.name == name))), "tabular", rows, 0)


def measure(output: Path, chosen: Sequence[str], tables: Sequence[str]) -> None:
    """Run the engines chosen on the tables chosen; what was measured of others stays as it is.

    Times are then written as they would have been on the machine, or at the time, of the others.
    """
    before = json.loads(output.read_text()) if output.exists() else {"measured": []}
    kept = [m for m in before["measured"] if m["engine"] not in chosen or m["table"] not in tables]
    found: list[dict[str, Any]] = []
    kernels: list[float] = []
    known = {table.name: table for table in ALL}
    with tempfile.TemporaryDirectory() as folder:
        learner = Learner(worker.WorkerPlace.from_environment().python, folder) if set(chosen) - {"tabular"} else None
        if learner is not None:
            engines.ask = learner.ask  # type: ignore[assignment]
        for turn, name in enumerate(TABLES):
            if name not in tables:
                continue
            whole = pa.concat_tables(load(known[name]))
            for engine in chosen:
                for rows, epochs in turns(engine, turn, whole.num_rows // 2):
                    row = {"table": name, **(apart(name, rows) if engine == "tabular" else run(whole, engine, rows, epochs))}
                    found.append(row)
                    print(json.dumps(row), flush=True)
            kernels.append(kernel_seconds())
            kernel = float(np.median(kernels))
            then = before["kernel_seconds"] if kept else kernel
            scaled = [m | {"seconds": round(m["seconds"] * then / kernel, 3)} for m in found]
            write(output, kept + scaled, then)
        if learner is not None:
            learner.close()


def write(output: Path, found: list[dict[str, Any]], kernel: float) -> None:
    """Write the measurements, one a line."""
    rows = sorted(found, key=lambda m: (list(RUNS).index(m["engine"]), TABLES.index(m["table"]), m["rows"]))
    lines = ",\n".join(json.dumps(row) for row in rows)
    output.write_text(f'{{"kernel_seconds": {kernel:.5f}, "measured": [\n{lines}\n]}}\n')


def show(measured: tuple[Measurement, ...]) -> None:
    """Print how far predictions of each table from the others are off."""
    print("| engine | runs | time off by a factor of (median, worst) | memory | likeness off by |")
    print("|---|---|---|---|---|")
    for engine in RUNS:
        runs = [m for m in measured if m.engine == engine]
        if len({m.table for m in runs}) < 2:
            continue
        off = [np.abs(errors(measured, engine, what)) for what in ("seconds", "peak_bytes", "likeness")]
        factors = [f"{np.exp(np.median(e)):.2f}, {np.exp(e.max()):.2f}" for e in off[:2]]
        print(f"| {engine} | {len(runs)} | {factors[0]} | {factors[1]} | {np.median(off[2]):.3f}, {off[2].max():.3f} |")


def main() -> None:
    """Measure where asked, and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="write the measurements anew (some minutes)")
    parser.add_argument("--engines", nargs="+", choices=RUNS, default=list(RUNS), help="measure only these anew")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), help="measure only these anew")
    parser.add_argument("--output", type=Path, default=MEASURED)
    options = parser.parse_args()
    if options.measure:
        os.environ.update(ONE_THREAD)
        measure(options.output, options.engines, options.tables)
    show(read_measurements(options.output).measured)


if __name__ == "__main__":
    main()
