"""Workers that take jobs from Redis: RQ's, with what this program does differently."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from types import FrameType
from typing import Any

from redis import exceptions
from rq import Worker
from rq.executions import Execution
from rq.job import Job as Message
from rq.queue import Queue
from rq.serializers import JSONSerializer

from inferloop_synthetic.jobs.horse import LOOK_EVERY_S, OpenContext, bury, ride
from inferloop_synthetic.jobs.janitor import Janitor
from inferloop_synthetic.jobs.redis_queue import Delivery, RedisQueue
from inferloop_synthetic.jobs.store import JobStore

log = logging.getLogger(__name__)
BLOCK_S = 5
"""How long it waits for a message before it looks around; RQ subtracts 15 s from the time that a worker counts as alive."""


class RedisWorker:
    """Takes jobs from Redis and works on them, one after the other, each in a process of its own. A lost server is waited for."""

    def __init__(
        self, queue: RedisQueue, store: JobStore, open_context: OpenContext, janitor: Janitor, *, burst: bool = False
    ) -> None:
        """With `burst` it ends when no message waits."""
        self._queue, self._store, self._open, self._janitor, self._burst = queue, store, open_context, janitor, burst
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; the job that is worked on is given back then."""
        pause = 1.0
        while not self._stopping.is_set():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda received, frame: self._stopping.set())
            self._janitor.look()
            try:
                worker = _Worker(self._queue, self._store, self._open, self._janitor, self._stopping)
                worker.work(burst=self._burst, logging_level=None)
                pause = 1.0
            except (exceptions.RedisError, OSError) as error:
                log.warning("the queue at %s cannot be used, waiting for it: %s", self._queue.where, error)
            else:
                if self._burst:
                    return
            self._stopping.wait(pause)
            pause = min(pause * 2, BLOCK_S)


class _Worker(Worker):
    """RQ's worker, which forks a process for each message.

    The differences: the process works on the job that the message names, at SIGTERM that job is given back instead of waited
    for, the death of a process is told to the database, and a server that goes away while a job is worked on changes nothing
    about the job.
    """

    job_class = Delivery
    max_connection_wait_time = float(BLOCK_S)
    log_result_lifespan = False

    def __init__(
        self, queue: RedisQueue, store: JobStore, open_context: OpenContext, janitor: Janitor, stopping: threading.Event
    ) -> None:
        self._our_store, self._open_context, self._janitor, self._stopping = store, open_context, janitor, stopping
        super().__init__(
            [queue.queue], connection=queue.connection, worker_ttl=BLOCK_S + 15, job_monitoring_interval=int(LOOK_EVERY_S),
            serializer=JSONSerializer, log_job_description=False,
        )  # fmt: skip

    def execute_job(self, job: Message, queue: Queue) -> None:
        """Have the message delivered in a process forked for it."""
        assert isinstance(job, Delivery)  # noqa: S101  (job_class says so)
        job.deliver = lambda job_id: ride(job_id, self._open_context, self._our_store)
        with self._calmly("taking a message"):
            super().execute_job(job, queue)

    def heartbeat(self, *given: Any, **named: Any) -> None:
        """Tell Redis that this worker lives, and look after the jobs now and then."""
        if not self.is_horse:
            self._janitor.look()
        super().heartbeat(*given, **named)

    def maintain_heartbeats(self, job: Message, execution: Execution) -> None:
        """Tell Redis that the message is worked on. That Redis is away is no reason to leave the process to itself."""
        with self._calmly("telling of a job"):
            super().maintain_heartbeats(job, execution)

    def handle_warm_shutdown_request(self) -> None:
        """Tell the process to give its job back."""
        self._stopping.set()
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Go on with ending: a second signal is no reason to lose what the process is about to record."""
        self.handle_warm_shutdown_request()

    def set_shutdown_requested_date(self) -> None:
        """Tell Redis that this worker is ending, if it can be told."""
        with self._calmly("telling of the end"):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def setup_work_horse_signals(self) -> None:
        """Leave the signals to `ride`."""

    def handle_work_horse_killed(self, job: Message, retpid: int, ret_val: int, rusage: Any) -> None:
        """Take back the job of a process that died."""
        bury(self._our_store, retpid, f"signal {os.WTERMSIG(ret_val)}" if os.WIFSIGNALED(ret_val) else f"status {ret_val}")

    @contextlib.contextmanager
    def _calmly(self, doing: str) -> Any:
        try:
            yield
        except exceptions.RedisError as error:
            log.warning("Redis is lost (%s): %s", doing, error)
