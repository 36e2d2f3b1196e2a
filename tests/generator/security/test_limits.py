"""Rate limits: what fits into a minute, what the answer tells of it, in this process and in a real Redis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import servers
from hypothesis import given
from hypothesis import strategies as st

from inferloop_synthetic.security.errors import TooMany
from inferloop_synthetic.security.limits import FallingBack, ProcessCounters, RateLimiter, RedisCounters, Window
from inferloop_synthetic.security.principal import Allowance, Principal, Scope

ANN = Principal("key:ann", frozenset({Scope.read}), "key a")
BOB = Principal("key:bob", frozenset({Scope.read}), "key b")
pytestmark = pytest.mark.xdist_group("redis")


@pytest.fixture(scope="module")
def redis_server() -> Iterator[servers.Server]:
    server = servers.start_redis()
    yield server
    server.close()


@pytest.fixture(params=["process", "redis"])
def counters(request: pytest.FixtureRequest) -> Any:
    """Counters that nobody has used."""
    if request.param == "process":
        return ProcessCounters()
    server: servers.Server = request.getfixturevalue("redis_server")
    prefix = f"test:{request.node.nodeid}"
    return RedisCounters(server.url(), prefix=prefix)


def limiter(counters: Any, requests: int | None = 60, records: int | None = 1000) -> RateLimiter:
    return RateLimiter(counters, requests_per_minute=requests, records_per_minute=records)


def test_sixty_requests_fit_and_the_next_does_not(counters: Any) -> None:
    limits = limiter(counters)
    left = [limits.request(ANN).budgets[0].remaining for _ in range(60)]
    assert left == list(range(59, -1, -1))
    with pytest.raises(TooMany) as caught:
        limits.request(ANN)
    headers = caught.value.headers
    assert 1 <= int(headers["Retry-After"]) <= 120
    assert headers["RateLimit-Policy"] == '"requests";q=60;w=60'
    assert headers["RateLimit"].startswith('"requests";r=0;t=')
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("60", "0")


def test_callers_do_not_share_a_limit_and_keys_of_one_owner_do(counters: Any) -> None:
    limits = limiter(counters, requests=1)
    limits.request(ANN)
    limits.request(BOB)
    with pytest.raises(TooMany):
        limits.request(Principal("key:ann", ANN.scopes, "another key of ann"))


def test_records_are_counted_by_how_many_are_asked_for(counters: Any) -> None:
    limits = limiter(counters)
    assert limits.records(ANN, 400).budgets[0].remaining == 600
    assert limits.records(ANN, 600).budgets[0].remaining == 0
    with pytest.raises(TooMany, match="leaves 0 now"):
        limits.records(ANN, 1)
    limits.request(ANN)


def test_records_that_do_not_fit_are_not_counted(counters: Any) -> None:
    limits = limiter(counters)
    limits.records(ANN, 700)
    with pytest.raises(TooMany):
        limits.records(ANN, 301)
    assert limits.records(ANN, 300).budgets[0].remaining == 0


def test_more_records_than_a_minute_has_are_told_so_and_not_to_wait(counters: Any) -> None:
    with pytest.raises(TooMany, match="1001 records at once are more than the 1000") as caught:
        limiter(counters).records(ANN, 1001)
    assert "Retry-After" not in caught.value.headers


def test_a_credential_may_have_limits_of_its_own(counters: Any) -> None:
    limits = limiter(counters, requests=1)
    more = Principal("key:vip", ANN.scopes, "key v", Allowance(3, None))
    for _ in range(3):
        limits.request(more)
    with pytest.raises(TooMany):
        limits.request(more)


def test_of_many_at_the_same_time_as_many_get_in_as_fit(counters: Any) -> None:
    limits = limiter(counters, requests=25)

    def ask(_: int) -> bool:
        try:
            limits.request(ANN)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(80))) == 25


def test_without_a_limit_nothing_is_counted_or_told() -> None:
    limits = limiter(ProcessCounters(), None, None)
    assert limits.request(ANN).headers() == {}


def test_waiting_as_told_is_enough_and_less_is_not(clock: Any) -> None:
    counters = ProcessCounters(clock.seconds)
    limits = limiter(counters, requests=10)
    for _ in range(10):
        limits.request(ANN)
        clock.pass_(1)
    with pytest.raises(TooMany) as caught:
        limits.request(ANN)
    wait = int(caught.value.headers["Retry-After"])
    clock.pass_(wait - 1.001)
    with pytest.raises(TooMany):
        limits.request(ANN)
    clock.pass_(1.001)
    limits.request(ANN)


def test_no_minute_holds_more_than_the_limit_when_calls_are_even(clock: Any) -> None:
    limits, let_in = limiter(ProcessCounters(clock.seconds), requests=60), []
    for _ in range(1200):
        try:
            limits.request(ANN)
        except TooMany:
            pass
        else:
            let_in.append(clock.seconds())
        clock.pass_(0.5)
    busiest = max(sum(start <= at < start + 60 for at in let_in) for start in let_in)
    assert busiest <= 61


def test_callers_who_left_are_forgotten(clock: Any) -> None:
    counters = ProcessCounters(clock.seconds)
    for number in range(500):
        counters.take(f"caller-{number}", 10, 1)
    clock.pass_(200)
    counters.take("caller", 10, 1)
    assert len(counters._counts) == 1


@given(
    previous=st.integers(0, 1000), left=st.floats(0, 60, exclude_min=True), current=st.integers(0, 1000),
    amount=st.integers(1, 1200), limit=st.integers(1, 1000),
)  # fmt: skip
def test_the_wait_is_when_it_fits_and_not_before(
    previous: int, left: float, current: int, amount: int, limit: int
) -> None:
    window = Window(previous, left, current)
    wait = window.wait_for(amount, limit)

    def used_after(seconds: float) -> int:
        if seconds < left:
            return Window(previous, left - seconds, current).used()
        return Window(current, max(0.0, 60 - (seconds - left)), 0).used()

    if amount > limit:
        assert math.isinf(wait)
        return
    assert used_after(wait + 1e-6) + amount <= limit
    if wait > 1e-3:
        assert used_after(wait - 1e-3) + amount > limit - 1


class Switch:
    """Counters in Redis that can be away."""

    def __init__(self) -> None:
        self.away, self.asked = False, 0
        self._counters = ProcessCounters()

    def take(self, key: str, limit: int, amount: int) -> Any:
        self.asked += 1
        if self.away:
            raise ConnectionError("Redis does not answer")
        return self._counters.take(key, limit, amount)


def test_while_redis_is_away_limits_hold_in_this_process(clock: Any) -> None:
    redis = Switch()
    limits = limiter(FallingBack(redis, ProcessCounters(), clock=clock.seconds), requests=3)
    redis.away = True
    for _ in range(3):
        limits.request(ANN)
    with pytest.raises(TooMany):
        limits.request(ANN)
    assert redis.asked == 1


def test_redis_is_asked_again_after_a_pause_and_used_when_back(clock: Any) -> None:
    redis = Switch()
    counters = FallingBack(redis, ProcessCounters(), pause_s=5, clock=clock.seconds)
    limits = limiter(counters)
    redis.away = True
    limits.request(ANN)
    assert counters.degraded
    redis.away = False
    clock.pass_(5)
    limits.request(ANN)
    assert not counters.degraded
    assert redis.asked == 2


@pytest.mark.parametrize("ends", ["stop", "freeze"])
def test_a_real_redis_that_ends_or_falls_silent_is_survived(
    redis_server: servers.Server, clock: Any, ends: str
) -> None:
    shared = RedisCounters(redis_server.url(), timeout_s=0.2, prefix=f"test:lost:{ends}")
    limits = limiter(FallingBack(shared, ProcessCounters(), pause_s=5, clock=clock.seconds), requests=5)
    limits.request(ANN)
    getattr(redis_server, ends)()
    try:
        for _ in range(5):
            limits.request(ANN)
        with pytest.raises(TooMany):
            limits.request(ANN)
    finally:
        redis_server.start() if ends == "stop" else redis_server.thaw()
    clock.pass_(6)
    # Counted there: the one before it was lost, this one, and what reached a silent Redis and was done when it woke.
    assert limits.request(ANN).budgets[0].remaining in {2, 3}


def test_two_processes_share_what_redis_counts(redis_server: servers.Server) -> None:
    one, other = (RedisCounters(redis_server.url(), prefix="test:shared") for _ in range(2))
    limiter(one, requests=2).request(ANN)
    limiter(other, requests=2).request(ANN)
    with pytest.raises(TooMany):
        limiter(one, requests=2).request(ANN)


def test_redis_holds_neither_subjects_nor_secrets(redis_server: servers.Server) -> None:
    import redis

    limiter(RedisCounters(redis_server.url(), prefix="test:private")).request(
        Principal("jwt:ann@example.org", ANN.scopes, "jwt")
    )
    keys = b" ".join(redis.from_url(redis_server.url()).keys("test:private*"))
    assert keys
    assert b"ann" not in keys
