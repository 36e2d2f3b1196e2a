"""A Kubernetes Indexed Job: a pod for each part, that knows only where results go and which number it has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from inferloop_synthetic.executors import ExecutorError, IsCancelled, OnPart
from inferloop_synthetic.executors.kubernetes_api import CONFLICT, NOT_FOUND, ApiError, KubernetesApi
from inferloop_synthetic.executors.manifests import Pod, indexed_job, job_name
from inferloop_synthetic.pipeline.bundle import publish
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.make import RECEIPTS, Cancelled, find_receipt, receipt_name
from inferloop_synthetic.pipeline.parts import Part, PartReceipt
from inferloop_synthetic.pipeline.prepare import Prepared


@dataclass(frozen=True)
class IndexedJob:
    """Starts a Job in the cluster of this pod, or through `kubectl proxy` (`api`), and waits for its parts.

    Results go to object storage, or to a folder on the PersistentVolumeClaim `claim`, which is mounted at `mount` here and there.
    A coordinator that is started again finds the Job of the same parts and goes on waiting.
    """

    name: ClassVar[str] = "kubernetes"
    title: ClassVar[str] = "a Kubernetes Indexed Job, a pod for each part"

    image: Annotated[str, Field(min_length=1)]
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] = "default"
    workers: Annotated[int, Field(ge=1, le=10_000)] = 10
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    cpu: str = "1"
    memory: str = "2Gi"
    service_account: str | None = None
    secret: str | None = None
    claim: str | None = None
    mount: str = "/results"
    api: str | None = None
    poll_s: Annotated[float, Field(gt=0, le=600)] = 2.0

    def run(
        self,
        prepared: Prepared,
        parts: Sequence[Part],
        destination: Destination,
        *,
        on_part: OnPart,
        cancelled: IsCancelled,
    ) -> list[PartReceipt]:
        """Make the parts; see Executor."""
        api = KubernetesApi.find(self.api)
        watch = _Watch(prepared, parts, destination, on_part)
        watch.look()
        if watch.complete:
            return watch.receipts()
        publish(prepared, destination)
        job = self.manifest(prepared, len(parts), destination.location)
        name = str(job["metadata"]["name"])
        self._start(api, job)
        try:
            while not watch.complete:
                if cancelled():
                    raise Cancelled(f"job {name}")
                state = api.job(self.namespace, name)
                watch.look()
                if not watch.complete:
                    _check(state, name)
                    time.sleep(self.poll_s)
        finally:
            # Its work is done, or nobody wants it any more; parts that are there stay.
            api.delete_job(self.namespace, name)
        return watch.receipts()

    def manifest(self, prepared: Prepared, parts: int, place: str) -> dict[str, Any]:
        """Return the Job."""
        pod = Pod(
            self.image,
            cpu=self.cpu,
            memory=self.memory,
            service_account=self.service_account,
            secrets=() if self.secret is None else (self.secret,),
            claim=self.claim,
            mount=self.mount,
        )
        return indexed_job(job_name("parts", prepared.digest), self.namespace, pod, place, parts, self.workers, self.retries)

    def _start(self, api: KubernetesApi, job: dict[str, Any]) -> None:
        name = str(job["metadata"]["name"])
        try:
            api.create_job(self.namespace, job)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            # A coordinator before this one started it. One that failed is started again; parts that are there are kept.
            if _ended(api.job(self.namespace, name)) is not None:
                self._delete(api, name)
                api.create_job(self.namespace, job)

    def _delete(self, api: KubernetesApi, name: str) -> None:
        api.delete_job(self.namespace, name)
        while True:
            try:
                api.job(self.namespace, name)
            except ApiError as error:
                if error.status == NOT_FOUND:
                    return
                raise
            time.sleep(self.poll_s)


class _Watch:
    """Knows which parts are there."""

    def __init__(self, prepared: Prepared, parts: Sequence[Part], destination: Destination, on_part: OnPart) -> None:
        self._prepared, self._parts, self._destination, self._on_part = prepared, parts, destination, on_part
        self._done: dict[int, PartReceipt] = {}

    @property
    def complete(self) -> bool:
        """Whether all parts are there."""
        return len(self._done) == len(self._parts)

    def look(self) -> None:
        """Find the receipts that are new."""
        there = set(self._destination.names(RECEIPTS))
        for part in self._parts:
            if part.index not in self._done and receipt_name(part) in there:
                receipt = find_receipt(self._prepared, part, self._destination)
                if receipt is not None:
                    self._done[part.index] = receipt
                    self._on_part(receipt)

    def receipts(self) -> list[PartReceipt]:
        """Return all receipts in order."""
        return [self._done[part.index] for part in self._parts]


def _ended(job: dict[str, Any]) -> dict[str, Any] | None:
    """Return the condition that says that a Job is over, None while it is not."""
    for condition in job.get("status", {}).get("conditions", []):
        if condition.get("type") in {"Complete", "Failed"} and condition.get("status") == "True":
            return dict(condition)
    return None


def _check(job: dict[str, Any], name: str) -> None:
    end = _ended(job)
    if end is None:
        return
    if end["type"] == "Failed":
        failed = job.get("status", {}).get("failedIndexes") or "some"
        raise ExecutorError(
            f"kubernetes: job {name} failed (parts {failed}): {end.get('message') or end.get('reason')}; "
            f"see `kubectl logs -l app.kubernetes.io/instance={name}`"
        )
    raise ExecutorError(
        f"kubernetes: job {name} is complete, but not all parts are where results go; do its pods and this process see one place?"
    )
