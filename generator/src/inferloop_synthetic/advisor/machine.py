"""How fast and how large this machine is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

TURNS = 15


def kernel_seconds() -> float:
    """Return the processor seconds that a fixed piece of sorting and arithmetic takes here: the least of several.

    Nothing in it runs on several threads, whose waiting would count as work.
    """
    numbers = np.random.default_rng(0).random(200_000)
    found = []
    for _ in range(TURNS):
        start = time.process_time()
        order = np.argsort(numbers)
        np.cumsum(np.exp(numbers[order]) * numbers)
        found.append(time.process_time() - start)
    return max(min(found), 1e-4)


def free_memory(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes of memory that are free or can be freed: of the machine, or of the container where that is less."""
    free = _line(Path("/proc/meminfo"), "MemAvailable:") * 1024
    if not free:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    for most, now, stat in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        try:
            room = int((groups / most).read_text()) - int((groups / now).read_text())
        except (OSError, ValueError):
            # No container, one without a limit ("max"), or one of the other version of control groups.
            continue
        # Files that were read lie in memory and count, but make room when it is wanted.
        files = sum(_line(groups / stat, name) for name in ("inactive_file ", "active_file "))
        return max(min(free, room + files), 0)
    return free


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Return whether there seems to be a GPU that torch would use: NVIDIA's or AMD's driver, or a Mac."""
    return sys.platform == "darwin" or any((devices / name).exists() for name in ("nvidiactl", "kfd"))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _line(path: Path, name: str) -> int:
    try:
        return next((int(line.split()[1]) for line in path.read_text("ascii").splitlines() if line.startswith(name)), 0)
    except OSError:
        return 0
