"""Rate limits: how many requests and how many records a caller may have in a minute.

Counted over a sliding window: what was taken in the window before counts by the share of it that the last minute still covers.
The counts are kept in this process, or in Redis for all processes together (there by the library `limits`, atomically, in
Lua). When Redis is lost each process counts by itself until it is back: limits get looser by the number of processes,
never absent.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.errors import TooMany
from inferloop_synthetic.security.principal import Principal

if TYPE_CHECKING:
    from inferloop_synthetic.jobs.redis_server import RedisServer

WINDOW_S = 60
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Window:
    """Counts of a sliding window: `previous` of the window before, which counts for `left_s` seconds more, and `current`."""

    previous: int
    left_s: float
    current: int

    def used(self) -> int:
        """Return what counts now."""
        return math.floor(self.previous * self.left_s / WINDOW_S) + self.current

    def wait_for(self, amount: int, limit: int) -> float:
        """Return after how many seconds `amount` fits under `limit` when nothing else is taken; infinite when it never does."""
        if amount > limit:
            return math.inf
        if self.used() + amount <= limit:
            return 0.0
        room = limit - amount + 1
        if self.current < room:
            return self.left_s - WINDOW_S * (room - self.current) / self.previous
        # Only when this window has become the one before.
        return self.left_s + WINDOW_S * (1 - room / self.current)

    def reset_s(self) -> float:
        """Return the seconds after which all is there again, when nothing else is taken."""
        if self.current:
            return self.left_s + WINDOW_S
        return self.left_s if self.previous else 0.0


class Counters(Protocol):
    """Counts within sliding windows of a minute, by key."""

    def take(self, key: str, limit: int, amount: int) -> tuple[bool, Window]:
        """Take `amount` if it fits under `limit`; return whether it did, and the window afterwards."""
        ...


class ProcessCounters:
    """Counts that this process keeps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._counts: dict[str, tuple[float, int, int]] = {}
        self._swept = clock()

    def take(self, key: str, limit: int, amount: int) -> tuple[bool, Window]:
        """Take `amount` if it fits under `limit`; return whether it did, and the window afterwards."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            start, previous, current = self._rolled(key, now)
            window = Window(previous, WINDOW_S - (now - start), current)
            fits = window.used() + amount <= limit
            if fits:
                window = Window(previous, window.left_s, current + amount)
                self._counts[key] = (start, previous, window.current)
            return fits, window

    def _rolled(self, key: str, now: float) -> tuple[float, int, int]:
        start, previous, current = self._counts.get(key, (now, 0, 0))
        if now - start >= 2 * WINDOW_S:
            return now, 0, 0
        return (start + WINDOW_S, current, 0) if now - start >= WINDOW_S else (start, previous, current)

    def _sweep(self, now: float) -> None:
        """Forget callers whose counts no longer count, so that memory follows who calls now."""
        if now - self._swept > WINDOW_S:
            self._swept = now
            self._counts = {key: count for key, count in self._counts.items() if now - count[0] < 2 * WINDOW_S}


class RedisCounters:
    """Counts that all processes share; raises ConnectionError when Redis is not there or does not answer in time."""

    def __init__(self, server: RedisServer | str, *, timeout_s: float = 0.5, prefix: str = "inferloop:limit") -> None:
        try:
            from limits.storage import RedisStorage
        except ImportError as error:
            raise InputError("limits in Redis need the extra: pip install 'inferloop-synthetic[redis]'") from error
        from inferloop_synthetic.jobs.redis_server import RedisServer

        chosen = RedisServer(server) if isinstance(server, str) else server
        self._storage = RedisStorage(chosen.url, chosen.pool(timeout_s), key_prefix=prefix, wrap_exceptions=True)

    def take(self, key: str, limit: int, amount: int) -> tuple[bool, Window]:
        """Take `amount` if it fits under `limit`; return whether it did, and the window afterwards."""
        from limits.errors import StorageError

        try:
            taken = self._storage.acquire_sliding_window_entry(key, limit, WINDOW_S, amount)
            previous, previous_s, current, current_s = self._storage.get_sliding_window(key, WINDOW_S)
        except StorageError as error:
            raise ConnectionError("Redis does not answer") from error
        return taken, Window(previous, previous_s if previous else max(0.0, current_s - WINDOW_S), current)


class FallingBack:
    """Counters in Redis, with counters of this process for the time that Redis is away; asks it again every `pause_s`."""

    def __init__(
        self, shared: Counters, own: Counters, *, pause_s: float = 5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared, self._own, self._pause_s, self._clock = shared, own, pause_s, clock
        self._away_until: float | None = None

    @property
    def degraded(self) -> bool:
        """Whether this process counts by itself just now."""
        return self._away_until is not None

    def take(self, key: str, limit: int, amount: int) -> tuple[bool, Window]:
        """Take `amount` if it fits under `limit`; return whether it did, and the window afterwards."""
        if self._away_until is not None and self._clock() < self._away_until:
            return self._own.take(key, limit, amount)
        try:
            answer = self._shared.take(key, limit, amount)
        except ConnectionError:
            if self._away_until is None:
                _log.warning("rate limits are counted in this process only: Redis does not answer")
            self._away_until = self._clock() + self._pause_s
            return self._own.take(key, limit, amount)
        if self._away_until is not None:
            _log.info("rate limits are counted in Redis again")
            self._away_until = None
        return answer


@dataclass(frozen=True)
class Budget:
    """One limit of a caller, and its window."""

    name: str
    limit: int
    window: Window

    @property
    def remaining(self) -> int:
        """What may be taken now."""
        return max(0, self.limit - self.window.used())


@dataclass(frozen=True)
class Standing:
    """What is left of a caller's limits; empty for a caller without."""

    budgets: tuple[Budget, ...] = ()

    def headers(self) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10), and for requests the older three."""
        if not self.budgets:
            return {}
        found = {
            "RateLimit": ", ".join(f'"{b.name}";r={b.remaining};t={math.ceil(b.window.reset_s())}' for b in self.budgets),
            "RateLimit-Policy": ", ".join(f'"{b.name}";q={b.limit};w={WINDOW_S}' for b in self.budgets),
        }
        for budget in self.budgets:
            if budget.name == "requests":
                found["RateLimit-Limit"] = str(budget.limit)
                found["RateLimit-Remaining"] = str(budget.remaining)
                found["RateLimit-Reset"] = str(math.ceil(budget.window.reset_s()))
        return found

    def and_also(self, other: Standing) -> Standing:
        """Return both standings as one."""
        return Standing(self.budgets + other.budgets)


class RateLimiter:
    """Counts requests and records of callers; None means no limit."""

    def __init__(self, counters: Counters, *, requests_per_minute: int | None, records_per_minute: int | None) -> None:
        self._counters = counters
        self._requests, self._records = requests_per_minute, records_per_minute

    def request(self, principal: Principal) -> Standing:
        """Count one request; raises TooMany."""
        return self._take("requests", principal, principal.allowance.requests_per_minute or self._requests, 1)

    def records(self, principal: Principal, rows: int) -> Standing:
        """Count the records that are asked for; raises TooMany. Nothing is counted when they do not fit."""
        return self._take("records", principal, principal.allowance.records_per_minute or self._records, rows)

    def _take(self, name: str, principal: Principal, limit: int | None, amount: int) -> Standing:
        if limit is None:
            return Standing()
        # Subjects are written by token issuers: a hash keeps keys short and apart from each other.
        key = f"{name}:{sha256(principal.subject.encode()).hexdigest()[:32]}:{limit}"
        fits, window = self._counters.take(key, limit, amount)
        standing = Standing((Budget(name, limit, window),))
        if not fits:
            raise _too_many(name, amount, limit, window, standing)
        return standing


def _too_many(name: str, amount: int, limit: int, window: Window, standing: Standing) -> TooMany:
    wait = window.wait_for(amount, limit)
    if math.isinf(wait):
        return TooMany(
            f"{amount} {name} at once are more than the {limit} a minute that this credential may have.",
            hint=f"Ask for at most {limit} at a time.",
            headers=standing.headers(),
        )
    seconds = math.floor(wait) + 1  # at the very moment it does not fit yet
    left = standing.budgets[0].remaining
    return TooMany(
        f"The limit of {limit} {name} a minute leaves {left} now.",
        hint=f"Try again in {seconds} seconds.",
        headers=standing.headers() | {"Retry-After": str(seconds)},
    )
