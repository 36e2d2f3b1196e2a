"""The queue in Redis, through RQ. A message is the id of one of our jobs and nothing else.

RQ would run whatever function a message names, with pickled arguments by default. Here messages are JSON, and what stands in one
beside the job's id is never looked at: who can write to Redis can delay jobs or repeat them, and cannot run code.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.errors import QueueUnavailable
from inferloop_synthetic.jobs.redis_server import RedisServer

try:
    from redis import exceptions
    from rq import Queue
    from rq.job import Job as Message
    from rq.serializers import JSONSerializer
except ModuleNotFoundError as error:
    raise InputError("Redis needs the extra [redis]: pip install 'inferloop-synthetic[redis]'") from error

NAME = "inferloop"
FUNCTION = "inferloop_synthetic.jobs.worker.work_on"
"""Stands in messages for people who look at them."""


class Delivery(Message):
    """A message, as a worker takes it: it gives the job's id to `deliver`, which the worker has set."""

    deliver: Callable[[str], None] | None = None
    success_callback = failure_callback = stopped_callback = None

    def _execute(self) -> None:
        if self.deliver is None:
            raise RuntimeError("a message was taken that nobody delivers")
        self.deliver(str(self.args[0]))

    def send_webhooks(self, *given: Any, **named: Any) -> None:
        """Call nobody, whatever the message says."""


class RedisQueue:
    """Jobs that wait, as messages in Redis."""

    def __init__(self, server: RedisServer | str, *, name: str = NAME, timeout_s: float = 5.0) -> None:
        """`server` may be a URL: redis://user:password@host:port/number, or rediss:// for TLS; connects at the first use."""
        self.connection = (RedisServer(server) if isinstance(server, str) else server).open(timeout_s)
        self.name = name
        self.queue = Queue(name, connection=self.connection, serializer=JSONSerializer, job_class=Delivery, default_timeout=-1)

    @property
    def where(self) -> str:
        """Where the server is, without its password."""
        at = self.connection.connection_pool.connection_kwargs
        return f"{at.get('host', 'localhost')}:{at.get('port', 6379)}/{at.get('db', 0)}"

    def enqueue(self, job_id: str) -> None:
        """Hand a job to the next worker that is free; raises QueueUnavailable."""
        with self.telling():
            # An id of its own: RQ would overwrite a message of the same id that a worker is busy with.
            token = f"{job_id}-{secrets.token_hex(4)}"
            self.queue.enqueue(FUNCTION, job_id, job_id=token, result_ttl=0, failure_ttl=3600, description=f"job {job_id}")

    def missing(self, waiting: tuple[str, ...]) -> tuple[str, ...]:
        """Return those of the jobs that no message waits for."""
        if not waiting:
            return ()
        with self.telling():
            known = {token.rpartition("-")[0] for token in self.queue.get_job_ids()}
        return tuple(job_id for job_id in waiting if job_id not in known)

    def depth(self) -> int:
        """Return how many messages wait."""
        with self.telling():
            return int(self.queue.count)

    def ping(self) -> None:
        """Ask the server for a sign of life; raises QueueUnavailable."""
        with self.telling():
            self.connection.ping()

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what is wrong with the server into QueueUnavailable."""
        try:
            yield
        except (exceptions.RedisError, OSError) as error:
            raise QueueUnavailable(
                f"the queue at {self.where} cannot be used: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                "Jobs are safe in the database, and are handed out when the Redis server is back.",
            ) from error
