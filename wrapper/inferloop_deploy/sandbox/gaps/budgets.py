"""Gaps in AWS Budgets."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.responses import BudgetsResponse

from .gap import Gap, Patches

Document = dict[str, Any]


def _notification(response: Any) -> Any:
    """Return the notification that a request names."""
    named = response._get_param("Notification")
    budget = response.backend.budgets[response._get_param("AccountId")].get(response._get_param("BudgetName"))
    for notification in budget.notifications if budget else []:
        if _same(notification.details, named):
            return notification
    raise NotFoundException("Unable to find the notification - it doesn't exist.")


def _same(one: Document, other: Document) -> bool:
    keys = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    default = {"ThresholdType": "PERCENTAGE"}
    return all(one.get(key, default.get(key)) == other.get(key, default.get(key)) for key in keys)


class Subscribers:
    """Calls about who is told."""

    def describe_subscribers_for_notification(self: Any) -> str:
        return json.dumps({"Subscribers": _notification(self).subscribers})

    def create_subscriber(self: Any) -> str:
        _notification(self).subscribers.append(self._get_param("Subscriber"))
        return "{}"

    def delete_subscriber(self: Any) -> str:
        _notification(self).subscribers.remove(self._get_param("Subscriber"))
        return "{}"


class Changes:
    """Changing a budget."""

    def update_budget(self: Any) -> str:
        new = self._get_param("NewBudget")
        budget = self.backend.budgets[self._get_param("AccountId")].get(new["BudgetName"])
        if budget is None:
            raise NotFoundException("Unable to update budget - the budget doesn't exist.")
        budget.budget |= new
        return "{}"


class Tags:
    """Calls about tags."""

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"ResourceTags": _tags(self).get(self._get_param("ResourceARN"), [])})

    def tag_resource(self: Any) -> str:
        arn = self._get_param("ResourceARN")
        named = {tag["Key"]: tag for tag in [*_tags(self).get(arn, []), *self._get_param("ResourceTags")]}
        _tags(self)[arn] = list(named.values())
        return "{}"

    def untag_resource(self: Any) -> str:
        arn, keys = self._get_param("ResourceARN"), self._get_param("ResourceTagKeys")
        _tags(self)[arn] = [tag for tag in _tags(self).get(arn, []) if tag["Key"] not in keys]
        return "{}"


def _tags(response: Any) -> dict[str, list[Document]]:
    tags: dict[str, list[Document]] = response.backend.__dict__.setdefault("sandbox_tags", {})
    return tags


def _created_with_tags(patches: Patches) -> None:
    def make(create: Any) -> Any:
        def create_budget(response: Any) -> str:
            answer: str = create(response)
            account, name = response._get_param("AccountId"), response._get_param("Budget")["BudgetName"]
            tags = response._get_param("ResourceTags", [])
            _tags(response)[f"arn:aws:budgets::{account}:budget/{name}"] = tags
            return answer

        return create_budget

    patches.replace(BudgetsResponse, "create_budget", make)
    patches.methods(BudgetsResponse, Tags)


GAPS = (
    Gap(
        id="budgets-subscribers",
        service="Budgets",
        stock="Keeps subscribers of a notification and does not tell them.",
        remedy="Tells, adds and removes them.",
        reason="The provider reads them after every change.",
        hides="Whether a message reaches anybody.",
        install=lambda patches: patches.methods(BudgetsResponse, Subscribers),
    ),
    Gap(
        id="budgets-tags",
        service="Budgets",
        stock="Has no tags.",
        remedy="Keeps them.",
        reason="The provider reads them after every change.",
        hides="Nothing.",
        install=_created_with_tags,
    ),
    Gap(
        id="budgets-update",
        service="Budgets",
        stock="Cannot change a budget.",
        remedy="Changes it.",
        reason="A new limit in environment.yaml changes a budget in place.",
        hides="Nothing.",
        install=lambda patches: patches.methods(BudgetsResponse, Changes),
    ),
)
