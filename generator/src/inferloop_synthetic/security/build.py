"""Security as the settings ask for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.authenticate import Authenticator, check_may_be_open
from inferloop_synthetic.security.jwks import JwksSource, jwks_fetch
from inferloop_synthetic.security.jwt import TokenRules, TokenVerifier
from inferloop_synthetic.security.keys import KeyStore, Transactions
from inferloop_synthetic.security.limits import Counters, FallingBack, ProcessCounters, RateLimiter, RedisCounters
from inferloop_synthetic.settings import Settings
from inferloop_synthetic.telemetry.logs import fields

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Security:
    """What guards the API."""

    keys: KeyStore
    authenticator: Authenticator
    limiter: RateLimiter


def build_security(settings: Settings, database: Transactions) -> Security:
    """Return what guards the API; raises InputError for settings that contradict each other or are not safe."""
    keys = key_store(settings, database)
    if settings.authentication == "off":
        check_may_be_open(settings.host)
        _log.warning("authentication is off: whoever is on this machine may do everything", extra=fields(host=settings.host))
        authenticator = Authenticator(keys, None, open_on_loopback=True)
    else:
        authenticator = Authenticator(keys, _verifier(settings))
    if settings.workers > 1 and settings.redis_url is None:
        _log.warning(
            "each process counts rate limits by itself: name a Redis to have them counted together",
            extra=fields(workers=settings.workers, setting="GUARDIAN_REDIS_HOST"),
        )
    limiter = RateLimiter(
        _counters(settings),
        requests_per_minute=settings.rate_limit_requests_per_minute,
        records_per_minute=settings.rate_limit_records_per_minute,
    )
    return Security(keys, authenticator, limiter)


def key_store(settings: Settings, database: Transactions) -> KeyStore:
    """Return the store of API keys."""
    return KeyStore(database, peppers=[pepper.get_secret_value().encode() for pepper in settings.api_key_peppers])


def _verifier(settings: Settings) -> TokenVerifier | None:
    given = {"ISSUER": settings.jwt_issuer, "AUDIENCE": settings.jwt_audience, "JWKS": settings.jwt_jwks}
    missing = [f"GUARDIAN_JWT_{name}" for name, value in given.items() if not value]
    if len(missing) == len(given):
        return None
    if missing or settings.jwt_issuer is None or settings.jwt_jwks is None:
        raise InputError(f"tokens need an issuer, an audience and the issuer's keys; set {', '.join(missing)}")
    rules = TokenRules(
        settings.jwt_issuer,
        settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
        leeway_s=settings.jwt_leeway_seconds,
        scope_claim=settings.jwt_scope_claim,
    )
    return TokenVerifier(rules, JwksSource(jwks_fetch(settings.jwt_jwks)))


def _counters(settings: Settings) -> Counters:
    if settings.redis_url is None:
        return ProcessCounters()
    from inferloop_synthetic.api.sign_in import redis_server

    return FallingBack(RedisCounters(redis_server(settings)), ProcessCounters())
