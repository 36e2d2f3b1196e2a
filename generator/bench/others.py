"""Fit one engine of another house to a table and draw from it; runs in that engine's own environment.

    python others.py ctgan request.json learned.csv synthetic.csv

The request says what each column holds (number, time, category), how many rows to draw and how many minutes the networks may
train. One line of JSON tells what it took. The engines are used as their own documentation shows, with their own defaults.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

SPEED_SECONDS = 3.0
MOST_SPEED_ROWS = 500_000
SDTYPES = {"number": "numerical", "time": "datetime", "category": "categorical"}

Draw = Callable[[int], Any]


@dataclass
class Trained:
    """An engine after learning."""

    draw: Draw
    epochs: int | None = None


def read_frame(path: Path, kinds: dict[str, str]) -> pd.DataFrame:
    """Read a table whose columns hold what `kinds` says; an empty field is a missing value."""
    texts = {name: str for name, kind in kinds.items() if kind == "category"}
    times = [name for name, kind in kinds.items() if kind == "time"]
    frame = pd.read_csv(path, dtype=texts, parse_dates=times, keep_default_na=False, na_values=[""])
    return frame[list(kinds)]


def sdv_engine(name: str, frame: pd.DataFrame, kinds: dict[str, str], minutes: float) -> Trained:
    """Fit one of SDV's engines."""
    import torch
    from ctgan.synthesizers import ctgan, tvae
    from sdv.metadata import Metadata
    from sdv.single_table import CTGANSynthesizer, GaussianCopulaSynthesizer, TVAESynthesizer

    torch.manual_seed(0)
    columns = {column: {"sdtype": SDTYPES[kind]} for column, kind in kinds.items()}
    metadata = Metadata.load_from_dict({"tables": {"table": {"columns": columns}}})
    done = [0]
    ctgan.tqdm = tvae.tqdm = epochs_within(minutes, done)
    if name == "gaussian-copula":
        model: Any = GaussianCopulaSynthesizer(metadata)
    else:
        model = {"ctgan": CTGANSynthesizer, "tvae": TVAESynthesizer}[name](metadata, enable_gpu=False)
    model.fit({"table": frame})

    def draw(rows: int) -> pd.DataFrame:
        result = model.sample(num_rows=rows)
        return next(iter(result.values())) if isinstance(result, dict) else result

    return Trained(draw, done[0] or None)


def epochs_within(minutes: float, done: list[int]) -> Callable[..., Iterator[int]]:
    """Stand in for the bar that CTGAN wraps its epochs in, and end them when the time is over: it has no other way to."""

    def epochs(steps: range, **_: Any) -> Iterator[int]:
        end = time.perf_counter() + minutes * 60
        for step in steps:
            if step and time.perf_counter() > end:
                return
            yield step
            done[0] = step + 1

    return epochs


def argn_engine(frame: pd.DataFrame, minutes: float, folder: Path) -> Trained:
    """Fit the autoregressive network of mostlyai-engine."""
    from mostlyai import engine

    engine.set_random_state(0)
    engine.split(workspace_dir=folder, tgt_data=frame, model_type="TABULAR")
    engine.analyze(workspace_dir=folder)
    engine.encode(workspace_dir=folder)
    engine.train(workspace_dir=folder, max_training_time=minutes)

    def draw(rows: int) -> pd.DataFrame:
        engine.generate(workspace_dir=folder, sample_size=rows)
        return pd.read_parquet(folder / "SyntheticData")

    return Trained(draw)


def measured(trained: Trained, rows: int) -> tuple[pd.DataFrame, float]:
    """Return so many rows, and how many are drawn in a second, by a draw that takes a while."""
    trained.draw(min(1000, rows))  # the first draw also loads and compiles
    asked, seconds, synthetic = rows, 0.0, None
    while synthetic is None or (seconds < SPEED_SECONDS and asked < MOST_SPEED_ROWS):
        asked = asked if synthetic is None else 4 * asked
        start = time.perf_counter()
        drawn = trained.draw(asked)
        seconds = time.perf_counter() - start
        synthetic = drawn if synthetic is None else synthetic
    return synthetic, asked / seconds


def main() -> None:
    """Fit, draw, write the rows and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=["gaussian-copula", "ctgan", "tvae", "argn"])
    for name in ("request", "learned", "synthetic"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    request = json.loads(arguments.request.read_text("utf-8"))
    kinds, minutes = request["kinds"], request["minutes"]
    frame = read_frame(arguments.learned, kinds)
    random.seed(0)
    np.random.seed(0)
    with TemporaryDirectory() as folder:
        start, worked = time.perf_counter(), time.process_time()
        if arguments.engine == "argn":
            trained = argn_engine(frame, minutes, Path(folder))
        else:
            trained = sdv_engine(arguments.engine, frame, kinds, minutes)
        took = {"fit_seconds": time.perf_counter() - start, "fit_processor_seconds": time.process_time() - worked}
        synthetic, speed = measured(trained, request["rows"])
    synthetic[list(kinds)].to_csv(arguments.synthetic, index=False)
    sys.stdout.write("\n" + json.dumps({**took, "rows_per_second": speed, "epochs": trained.epochs}) + "\n")


if __name__ == "__main__":
    main()
