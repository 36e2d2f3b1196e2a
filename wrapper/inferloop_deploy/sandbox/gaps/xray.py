"""Gaps in AWS X-Ray: moto takes traces, and knows neither groups nor sampling rules.

The shapes are those of the AWS X-Ray API reference (https://docs.aws.amazon.com/xray/latest/api/).
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.xray import responses, urls

from .gap import Gap, Patches

Document = dict[str, Any]


class InvalidRequest(JsonRESTError):
    """What X-Ray answers where a name is unknown or taken."""

    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)


def _kept(response: Any, kind: str) -> dict[str, Document]:
    """Return what was made of a kind, by ARN; moto's reset forgets it with the rest of the backend."""
    kept: dict[str, Document] = response.xray_backend.__dict__.setdefault(f"sandbox_{kind}", {})
    return kept


def _arn(response: Any, kind: str, name: str) -> str:
    return f"arn:aws:xray:{response.region}:{response.current_account}:{kind}/{name}"


def _tags(response: Any) -> dict[str, list[Document]]:
    tags: dict[str, list[Document]] = response.xray_backend.__dict__.setdefault("sandbox_tags", {})
    return tags


def _named(response: Any, kind: str, name_key: str, arn_key: str) -> Document:
    """Return the one that a request names, by ARN or by name."""
    request = response.request_params
    for found in _kept(response, kind).values():
        if found[arn_key] == request.get(arn_key) or found[name_key] == request.get(name_key):
            return found
    raise InvalidRequest(f"{kind} {request.get(arn_key) or request.get(name_key)} does not exist")


class Groups:
    """Calls about groups."""

    def create_group(self: Any) -> str:
        request = self.request_params
        arn = _arn(self, "group", f"{request['GroupName']}/SANDBOX")
        if arn in _kept(self, "group"):
            raise InvalidRequest(f"group {request['GroupName']} exists already")
        insights = {"InsightsEnabled": False, "NotificationsEnabled": False} | request.get("InsightsConfiguration", {})
        group = {
            "GroupName": request["GroupName"],
            "GroupARN": arn,
            "FilterExpression": request.get("FilterExpression", ""),
            "InsightsConfiguration": insights,
        }
        _kept(self, "group")[arn] = group
        _tags(self)[arn] = request.get("Tags", [])
        return json.dumps({"Group": group})

    def get_group(self: Any) -> str:
        return json.dumps({"Group": _named(self, "group", "GroupName", "GroupARN")})

    def update_group(self: Any) -> str:
        group = _named(self, "group", "GroupName", "GroupARN")
        request = self.request_params
        group["FilterExpression"] = request.get("FilterExpression", group["FilterExpression"])
        group["InsightsConfiguration"] |= request.get("InsightsConfiguration", {})
        return json.dumps({"Group": group})

    def delete_group(self: Any) -> str:
        arn = _named(self, "group", "GroupName", "GroupARN")["GroupARN"]
        del _kept(self, "group")[arn]
        _tags(self).pop(arn, None)
        return "{}"


class SamplingRules:
    """Calls about sampling rules."""

    def create_sampling_rule(self: Any) -> str:
        rule = dict(self.request_params["SamplingRule"])
        arn = _arn(self, "sampling-rule", rule["RuleName"])
        if arn in _kept(self, "rule"):
            raise InvalidRequest(f"sampling rule {rule['RuleName']} exists already")
        now = utcnow().timestamp()
        kept: Document = {"Attributes": {}} | rule | {"RuleARN": arn}
        _kept(self, "rule")[arn] = kept
        _tags(self)[arn] = self.request_params.get("Tags", [])
        return json.dumps({"SamplingRuleRecord": {"SamplingRule": kept, "CreatedAt": now, "ModifiedAt": now}})

    def get_sampling_rules(self: Any) -> str:
        records = [{"SamplingRule": rule} for rule in _kept(self, "rule").values()]
        return json.dumps({"SamplingRuleRecords": records})

    def update_sampling_rule(self: Any) -> str:
        update = self.request_params["SamplingRuleUpdate"]
        for rule in _kept(self, "rule").values():
            if update.get("RuleARN") == rule["RuleARN"] or update.get("RuleName") == rule["RuleName"]:
                rule |= {name: value for name, value in update.items() if name not in ("RuleARN", "RuleName")}
                return json.dumps({"SamplingRuleRecord": {"SamplingRule": rule}})
        raise InvalidRequest("the sampling rule does not exist")

    def delete_sampling_rule(self: Any) -> str:
        rule = _named(self, "rule", "RuleName", "RuleARN")
        del _kept(self, "rule")[rule["RuleARN"]]
        _tags(self).pop(rule["RuleARN"], None)
        return json.dumps({"SamplingRuleRecord": {"SamplingRule": rule}})


class Tags:
    """Calls about tags."""

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": _tags(self).get(self.request_params["ResourceARN"], [])})

    def tag_resource(self: Any) -> str:
        request = self.request_params
        named = {tag["Key"]: tag for tag in [*_tags(self).get(request["ResourceARN"], []), *request["Tags"]]}
        _tags(self)[request["ResourceARN"]] = list(named.values())
        return "{}"

    def untag_resource(self: Any) -> str:
        request = self.request_params
        tags = _tags(self).get(request["ResourceARN"], [])
        _tags(self)[request["ResourceARN"]] = [tag for tag in tags if tag["Key"] not in request["TagKeys"]]
        return "{}"


def _install(patches: Patches, source: type, *actions: str) -> None:
    patches.methods(responses.XRayResponse, source)
    for action in actions:
        patches.route(urls, f"/{action}$", responses.XRayResponse.dispatch)


def _groups(patches: Patches) -> None:
    _install(patches, Groups, "CreateGroup", "GetGroup", "UpdateGroup", "DeleteGroup")


def _sampling_rules(patches: Patches) -> None:
    _install(
        patches, SamplingRules, "CreateSamplingRule", "GetSamplingRules", "UpdateSamplingRule", "DeleteSamplingRule"
    )


def _tag_calls(patches: Patches) -> None:
    _install(patches, Tags, "ListTagsForResource", "TagResource", "UntagResource")


GAPS = (
    Gap(
        id="xray-groups",
        service="X-Ray",
        stock="Has no groups.",
        remedy="Keeps groups with their filter and insights.",
        reason="Each traced service has a group.",
        hides="Whether X-Ray accepts the filter expression.",
        install=_groups,
    ),
    Gap(
        id="xray-sampling-rules",
        service="X-Ray",
        stock="Has no sampling rules.",
        remedy="Keeps sampling rules.",
        reason="A service's samplingRate becomes one.",
        hides="Which of several rules a request meets, and the account's limit of rules.",
        install=_sampling_rules,
    ),
    Gap(
        id="xray-tags",
        service="X-Ray",
        stock="Has no tags.",
        remedy="Keeps the tags of groups and sampling rules.",
        reason="The provider reads tags after every change.",
        hides="Nothing.",
        install=_tag_calls,
    ),
)
