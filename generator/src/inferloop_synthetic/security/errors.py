"""Requests that are refused, each with what its HTTP answer needs."""

from __future__ import annotations

from collections.abc import Mapping

from inferloop_synthetic.errors import SyntheticError


class Refused(SyntheticError):
    """A request that is answered with an error status. The texts never quote credentials or data."""

    status = 400
    code = "refused"
    title = "Refused"

    def __init__(self, detail: str, *, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.hint = hint
        self.headers = dict(headers or {})


class Unauthenticated(Refused):
    """There is no credential, or none that holds."""

    status = 401
    code = "unauthenticated"
    title = "Authentication required"


class InvalidToken(Unauthenticated):
    """There is a bearer token, and it does not hold."""


class Forbidden(Refused):
    """The credential holds, and does not allow this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class TooMany(Refused):
    """A rate limit is used up."""

    status = 429
    code = "rate-limited"
    title = "Rate limit reached"


class Unavailable(Refused):
    """Something that the request needs is not there just now."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
