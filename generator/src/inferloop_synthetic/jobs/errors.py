"""What goes wrong with jobs, each with a hint on what to do next."""

from __future__ import annotations

from inferloop_synthetic.errors import OutsideError, SyntheticError


class JobsError(SyntheticError):
    """The base; `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.args[0]}\n  {self.hint}" if self.hint else str(self.args[0])

    @property
    def message(self) -> str:
        """What happened, without the hint."""
        return str(self.args[0])


class Unavailable(JobsError, OutsideError):
    """A server that is needed does not answer just now; the same request may succeed in `retry_after_s` seconds."""

    def __init__(self, message: str, hint: str = "", retry_after_s: int = 5) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class StoreUnavailable(Unavailable):
    """The database cannot be reached, or cannot write."""


class QueueUnavailable(Unavailable):
    """The queue's server cannot be reached, or cannot write."""


class SchemaError(JobsError):
    """The database holds something else than this program's tables, or tables of another version."""


class JobNotFound(JobsError):
    """There is no such job, or it is somebody else's."""


class JobActive(JobsError):
    """The job has not ended, and what was asked for needs that."""


class IdempotencyConflict(JobsError):
    """An idempotency key was used before, for a different request."""


class QuotaExceeded(JobsError):
    """The owner, or the service, has as many jobs or rows as are allowed; `limit` names which."""

    def __init__(self, message: str, hint: str, limit: str, retry_after_s: int) -> None:
        super().__init__(message, hint)
        self.limit = limit
        self.retry_after_s = retry_after_s


class LeaseLost(JobsError):
    """The job is not this worker's any more: it was cancelled, deleted, or given to another worker."""
