"""The memory watch: measures this process and its children, refuses work above the limit, tells when it gets near."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inferloop_synthetic.telemetry.memory import MemoryExceeded, MemoryWatch

MIB = 2**20


TAKEN = """
import subprocess, sys
from inferloop_synthetic.telemetry.memory import resident_bytes
before = resident_bytes()
{take}
print(resident_bytes() - before)
"""
CHILD = """
held = "held = bytearray(b'x') * (64 * 2**20); print('ready', flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
"""


@pytest.mark.parametrize("take", ["held = bytearray(b'x') * (64 * 2**20)", CHILD], ids=["its own", "of a child"])
def test_memory_taken_shows(take: str) -> None:
    # In a process of its own: the tests' has other children, whose memory comes and goes.
    outcome = subprocess.run(
        [sys.executable, "-c", TAKEN.format(take=take)],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert int(outcome.stdout) > 60 * MIB


def watch(used: int, limit: int | None = 1000 * MIB) -> MemoryWatch:
    return MemoryWatch(limit, measure=lambda: used * MIB)


def test_below_the_limit_work_goes_on() -> None:
    watch(999).check()
    watch(500).check(expected_bytes=500 * MIB)


def test_above_the_limit_work_is_refused_with_when_to_come_back() -> None:
    with pytest.raises(MemoryExceeded) as caught:
        watch(1001).check()
    assert str(caught.value) == "1001 MiB of memory are in use; the limit is 1000 MiB."
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "10")


def test_work_that_would_not_fit_is_refused_before_it_starts() -> None:
    with pytest.raises(MemoryExceeded, match="500 MiB of memory are in use and 501 MiB more are needed"):
        watch(500).check(expected_bytes=501 * MIB)


def test_without_a_limit_nothing_is_refused() -> None:
    watch(10**9, None).check(10**12)


def test_it_measures_at_most_once_a_second() -> None:
    now, times = [0.0], []
    measured = MemoryWatch(MIB, measure=lambda: times.append(1) or 5, clock=lambda: now[0])
    for _ in range(20):
        measured.used()
        now[0] += 0.25
    assert len(times) == 5


def test_it_warns_once_when_memory_gets_short_and_again_after_it_was_not(caplog: pytest.LogCaptureFixture) -> None:
    now, used = [0.0], [0]
    measured = MemoryWatch(100, measure=lambda: used[0], clock=lambda: now[0])
    for value in (50, 90, 95, 99, 40, 90):
        used[0], now[0] = value, now[0] + 1
        measured.used()
    assert [record.fields["used_bytes"] for record in caplog.records] == [90, 90]
