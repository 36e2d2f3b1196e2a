"""Gaps in AWS Cost Explorer: moto knows cost categories, and nothing of anomalies.

The shapes are those of the AWS Cost Explorer API reference.
"""

from __future__ import annotations

import json
from typing import Any

from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from .gap import Gap, Patches

Document = dict[str, Any]


class Unknown(JsonRESTError):
    """What Cost Explorer answers where an ARN is unknown."""

    code = 400

    def __init__(self, kind: str, arn: str) -> None:
        super().__init__(f"Unknown{kind.capitalize()}Exception", f"No anomaly {kind} found with ARN(s) {arn}")


def _kept(response: Any, kind: str) -> dict[str, Document]:
    kept: dict[str, Document] = response.ce_backend.__dict__.setdefault(f"sandbox_{kind}", {})
    return kept


def _create(response: Any, kind: str) -> str:
    request = json.loads(response.body)
    key = f"{kind.capitalize()}Arn"
    arn = f"arn:aws:ce::{response.current_account}:anomaly{kind}/{mock_random.uuid4()}"
    now = utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
    made = {"CreationDate": now} if kind == "monitor" else {"AccountId": response.current_account}
    _kept(response, kind)[arn] = request[f"Anomaly{kind.capitalize()}"] | {key: arn} | made
    response.ce_backend.tag_resource(arn, request.get("ResourceTags", []))
    return json.dumps({key: arn})


def _read(response: Any, kind: str) -> str:
    wanted = json.loads(response.body).get(f"{kind.capitalize()}ArnList")
    found = [one for arn, one in _kept(response, kind).items() if not wanted or arn in wanted]
    if wanted and not found:
        raise Unknown(kind, ", ".join(wanted))
    return json.dumps({f"Anomaly{kind.capitalize()}s": found})


def _update(response: Any, kind: str) -> str:
    request = json.loads(response.body)
    arn = request[f"{kind.capitalize()}Arn"]
    if arn not in _kept(response, kind):
        raise Unknown(kind, arn)
    _kept(response, kind)[arn] |= {name: value for name, value in request.items() if value is not None}
    return json.dumps({f"{kind.capitalize()}Arn": arn})


def _delete(response: Any, kind: str) -> str:
    arn = json.loads(response.body)[f"{kind.capitalize()}Arn"]
    if _kept(response, kind).pop(arn, None) is None:
        raise Unknown(kind, arn)
    return "{}"


class Monitors:
    """Calls about anomaly monitors."""

    def create_anomaly_monitor(self: Any) -> str:
        return _create(self, "monitor")

    def get_anomaly_monitors(self: Any) -> str:
        return _read(self, "monitor")

    def update_anomaly_monitor(self: Any) -> str:
        return _update(self, "monitor")

    def delete_anomaly_monitor(self: Any) -> str:
        return _delete(self, "monitor")


class Subscriptions:
    """Calls about anomaly subscriptions."""

    def create_anomaly_subscription(self: Any) -> str:
        return _create(self, "subscription")

    def get_anomaly_subscriptions(self: Any) -> str:
        return _read(self, "subscription")

    def update_anomaly_subscription(self: Any) -> str:
        return _update(self, "subscription")

    def delete_anomaly_subscription(self: Any) -> str:
        return _delete(self, "subscription")


def _add(patches: Patches) -> None:
    patches.methods(CostExplorerResponse, Monitors)
    patches.methods(CostExplorerResponse, Subscriptions)


GAPS = (
    Gap(
        id="ce-anomalies",
        service="Cost Explorer",
        stock="Has neither anomaly monitors nor subscriptions.",
        remedy="Keeps both.",
        reason="An environment with a budget reports unexpected cost.",
        hides="That an account has room for one monitor over services.",
        install=_add,
    ),
)
