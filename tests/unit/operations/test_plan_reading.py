"""Reading plans: services, causes, reasons, order, digests."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferloop_deploy.plan import compare, digest_of, normalise, read_drift, read_plan
from inferloop_deploy.plan.addresses import read_address, split_key
from inferloop_deploy.plan.causes import Sources, _means
from inferloop_deploy.plan.changes import AttributeChange

Resource = Callable[..., dict[str, Any]]
QUEUE = 'module.platform.module.queue.aws_sqs_queue.this["tabular-jobs"]'
BUCKET = 'module.platform.module.storage.aws_s3_bucket.this["tabular-web-assets"]'
YAML = "services/tabular/deployment-config.yaml"
ENVIRONMENT = "environments/dev/environment.yaml"


def lines(change: Any) -> list[str]:
    return [f"{cause.file}:{cause.line}" for cause in change.causes]


def only(sources: Sources, *changes: dict[str, Any]) -> Any:
    plan = read_plan({"resource_changes": list(changes)}, sources, {"aws_sqs_queue": "the messages waiting in it"})
    (change,) = plan.changes
    return change


@pytest.mark.parametrize(
    ("text", "module", "kind", "name", "keys"),
    [
        (QUEUE, "queue", "aws_sqs_queue", "this", ("tabular-jobs",)),
        ("aws_vpc.this", "", "aws_vpc", "this", ()),
        ("module.a.aws_subnet.x[0]", "a", "aws_subnet", "x", ()),
        ('module.a["k-1"].module.b.aws_x.y["z.\\"q"]', "a", "aws_x", "y", ("k-1", 'z."q')),
        ("module.platform.module.edge.data.aws_iam_policy_document.p", "edge", "aws_iam_policy_document", "p", ()),
        ("", "", "", "", ()),
    ],
)
def test_an_address_is_taken_apart(text: str, module: str, kind: str, name: str, keys: tuple[str, ...]) -> None:
    address = read_address(text)
    assert (address.module, address.type, address.name, address.keys) == (module, kind, name, keys)


def test_the_longest_fitting_service_owns_a_key() -> None:
    services = ("tabular", "tabular-web")
    assert split_key("tabular-web-assets", services) == ("tabular-web", "assets")
    assert split_key("tabular-jobs", services) == ("tabular", "jobs")
    assert split_key("tabular", services) == ("tabular", "")
    assert split_key("tabularx", services) == ("", "")


def test_a_change_belongs_to_the_service_of_its_tag(sources: Sources, resource: Resource) -> None:
    tagged = resource("aws_x.y", ["create"], after={"tags": {"Service": "tabular"}})
    assert only(sources, tagged).service == "tabular"
    untagged = resource(QUEUE, ["create"], after={"tags": None})
    assert only(sources, untagged).service == "tabular"
    platform = resource(QUEUE, ["create"], after={"tags_all": {"Service": "platform"}})
    assert only(sources, platform).service == ""


def test_a_service_that_is_gone_is_still_named_and_has_no_line(sources: Sources, resource: Resource) -> None:
    gone = resource('module.queue.aws_sqs_queue.this["old-jobs"]', ["delete"], before={"tags": {"Service": "old"}})
    change = only(sources, gone)
    assert (change.service, change.causes) == ("old", ())
    created = resource("aws_x.y", ["create"], after={"tags": {"Service": "old"}})
    assert only(sources, created).causes == ()


@pytest.mark.parametrize(
    ("address", "service", "line"),
    [
        (QUEUE, "tabular", f"{YAML}:13"),
        ('module.platform.module.queue.aws_sqs_queue.dead["tabular-jobs-dlq"]', "tabular", f"{YAML}:13"),
        (BUCKET, "tabular-web", "services/tabular-web/deployment-config.yaml:8"),
        ('module.edge.aws_wafv2_web_acl.this["tabular"]', "tabular", f"{YAML}:18"),
        ('module.observability.aws_cloudwatch_log_group.this["tabular"]', "tabular", f"{YAML}:1"),
        ('module.identity.aws_iam_role.this["tabular"]', "tabular", f"{YAML}:9"),
        ("module.network.aws_vpc.this", "", f"{ENVIRONMENT}:12"),
        ('module.cluster.aws_eks_node_group.this["gpu"]', "", f"{ENVIRONMENT}:24"),
        ("module.cluster.aws_eks_cluster.this[0]", "", f"{ENVIRONMENT}:20"),
        ('module.database.aws_db_instance.this["shared"]', "", f"{YAML}:10"),
        ("module.unknown.aws_x.y", "", f"{ENVIRONMENT}:1"),
    ],
)
def test_a_new_resource_names_the_line_that_asks_for_it(
    sources: Sources, resource: Resource, address: str, service: str, line: str
) -> None:
    change = only(sources, resource(address, ["create"], after={}))
    assert (change.service, lines(change)) == (service, [line])


def test_two_services_that_share_something_are_both_named(sources: Sources, resource: Resource) -> None:
    both = dict(sources.source_map.places)
    both["services.tabular-web.spec.dependencies.db"] = replace(
        both["services.tabular-web.spec.dependencies.assets"], line=11
    )
    values = dict(sources.values)
    values["services.tabular-web.spec.dependencies.db.shared"] = True
    values["services.tabular-web.spec.dependencies.db.type"] = "database"
    shared = Sources(replace(sources.source_map, places=both), values)
    change = only(shared, resource('module.database.aws_db_instance.this["shared"]', ["create"], after={}))
    assert lines(change) == [f"{YAML}:10", "services/tabular-web/deployment-config.yaml:11"]


def test_what_is_made_once_for_a_runtime_names_every_service_that_runs_there(
    sources: Sources, resource: Resource
) -> None:
    places, values = dict(sources.source_map.places), dict(sources.values)
    for service, line, runtime in (("tabular", 8, "batch"), ("tabular-web", 5, "fargate")):
        path = f"services.{service}.spec.service.placement.runtime"
        places[path] = replace(places[f"services.{service}"], line=line)
        values[path] = runtime
    both = Sources(replace(sources.source_map, places=places), values)
    pool = resource('module.batch.aws_batch_compute_environment.this["spot/spot"]', ["create"], after={})
    assert lines(only(both, pool)) == [f"{YAML}:8"]
    cluster = resource("module.containers.aws_ecs_cluster.this", ["create"], after={})
    assert lines(only(both, cluster)) == ["services/tabular-web/deployment-config.yaml:5"]


def test_text_and_numbers_mean_what_they_say_and_truth_values_mean_nothing() -> None:
    assert _means("10m", 600)
    assert _means("20Gi", 20)
    assert _means("20Gi", 20 * 1024**3)
    assert _means(0.1, 0.1)
    assert _means("valkey", "valkey")
    assert not _means("x", "x"), "a single letter tells nothing"
    assert not _means(True, 1)
    assert not _means("1", True)
    assert not _means("many", 3)
    assert not _means(["a"], "a")
    assert not _means("a", ["a"])


@pytest.mark.parametrize(
    ("attribute", "after", "line"),
    [
        ("visibility_timeout_seconds", 600, 15),
        ("message_retention_seconds", 345600, 16),
        ("message_retention_seconds", 1, 16),
        ("delay", 600, 15),
        ("policy", "{}", 13),
    ],
)
def test_an_update_names_the_field_that_sounds_or_means_the_same(
    sources: Sources, resource: Resource, attribute: str, after: object, line: int
) -> None:
    updated = resource(QUEUE, ["update"], before={attribute: None, "url": "x"}, after={attribute: after, "url": "x"})
    change = only(sources, updated)
    assert change.attributes == (AttributeChange(attribute, None, after),)
    assert lines(change) == [f"{YAML}:{line}"]


def test_a_replacement_says_which_attribute_forces_it_and_what_is_lost(sources: Sources, resource: Resource) -> None:
    replaced = resource(
        QUEUE,
        ["delete", "create"],
        before={"fifo_queue": False, "id": "q"},
        after={"fifo_queue": True},
        after_unknown={"id": True},
        replace_paths=[["fifo_queue"]],
        action_reason="replace_because_cannot_update",
    )
    change = only(sources, replaced)
    assert change.action == "replace"
    assert change.destructive
    assert change.reason == "fifo_queue cannot be changed in place"
    assert change.loses == "the messages waiting in it"
    assert change.attributes == (AttributeChange("fifo_queue", False, True, forces_replacement=True),)


@pytest.mark.parametrize(
    ("actions", "more", "action", "reason"),
    [
        (["delete"], {"action_reason": "delete_because_each_key"}, "delete", "no configuration asks for it any more"),
        (["delete"], {"deposed": "1a2b"}, "delete", "it is what an interrupted replacement left behind"),
        (
            ["create", "delete"],
            {"action_reason": "replace_because_tainted"},
            "replace",
            "an earlier apply left it half made",
        ),
        (["delete"], {"action_reason": "of another version"}, "delete", ""),
        (["forget"], {}, "forget", ""),
        (["no-op"], {"previous_address": "aws_old.x"}, "move", ""),
        (["no-op"], {"importing": {"id": "i"}}, "import", ""),
        (["create"], {}, "create", ""),
        (["update"], {}, "update", ""),
    ],
)
def test_each_action_has_its_name_and_reason(
    sources: Sources, resource: Resource, actions: list[str], more: dict[str, Any], action: str, reason: str
) -> None:
    change = only(sources, resource(QUEUE, actions, before={"a": 1}, after={"a": 2}, **more))
    assert (change.action, change.reason) == (action, reason)


def test_reading_and_staying_as_it_is_are_no_changes(sources: Sources, resource: Resource) -> None:
    entries = [resource("data.aws_x.y", ["read"]), resource("aws_x.y", ["no-op"], {"a": 1}, {"a": 1})]
    plan = read_plan({"resource_changes": entries}, sources, {})
    assert plan.empty
    assert plan.changes == ()


def test_what_goes_away_comes_first_and_the_rest_is_by_service(sources: Sources, resource: Resource) -> None:
    plan = read_plan(
        {
            "resource_changes": [
                resource(BUCKET, ["create"], after={}),
                resource("module.network.aws_vpc.this", ["update"], before={"a": 1}, after={"a": 2}),
                resource(QUEUE, ["delete"], before={}),
            ],
            "output_changes": {"platform": {"actions": ["update"], "before": 1, "after": 2}},
        },
        sources,
        {},
    )
    assert [change.action for change in plan.changes] == ["delete", "update", "create"]
    assert [change.address for change in plan.destructive] == [QUEUE]
    assert [group.service for group in plan.services] == ["", "tabular", "tabular-web"]
    assert plan.counts == {"delete": 1, "update": 1, "create": 1}
    assert plan.outputs == ("platform",)
    assert json.loads(json.dumps(plan.as_json()))["summary"] == {"delete": 1, "update": 1, "create": 1}


SECRET = "correct horse battery staple"


def secretive(resource: Resource) -> dict[str, Any]:
    return {
        "resource_changes": [
            resource(
                "aws_db_instance.this",
                ["update"],
                before={"password": "old " + SECRET, "users": [{"token": SECRET}, {"token": "x"}], "size": 1},
                after={"password": SECRET, "users": [{"token": SECRET}, {"token": "x"}], "size": 2},
                before_sensitive={"password": True, "users": [{"token": True}]},
                after_sensitive={"password": True, "users": [{"token": True}]},
            ),
            resource("aws_secret.whole", ["create"], after={"a": SECRET}, after_sensitive=True),
        ],
        "output_changes": {
            "password": {"actions": ["create"], "before": None, "after": SECRET, "after_sensitive": True}
        },
    }


def test_secrets_are_in_nothing_that_is_shown_or_kept(sources: Sources, resource: Resource) -> None:
    plan = read_plan(secretive(resource), sources, {})
    assert SECRET not in json.dumps(plan.normalised)
    assert SECRET not in json.dumps(plan.as_json())
    password = next(one for change in plan.changes for one in change.attributes if one.name == "password")
    assert password.after == "(sensitive, changes)"


def test_a_change_of_a_secret_alone_is_still_a_change(sources: Sources, resource: Resource) -> None:
    changed = secretive(resource)
    same = copy.deepcopy(changed)
    same["resource_changes"][0]["change"]["after"]["password"] = "old " + SECRET
    assert read_plan(changed, sources, {}).digest != read_plan(same, sources, {}).digest


def test_unknown_values_are_said_to_be_unknown(sources: Sources, resource: Resource) -> None:
    entry = resource(
        "aws_x.y",
        ["update"],
        before={"arn": "a", "inner": {"id": "i", "name": "n"}, "list": [{"id": 1}, {"id": 2}]},
        after={"inner": {"name": "n"}, "list": [{}, {"id": 2}]},
        after_unknown={"arn": True, "inner": {"id": True}, "list": [{"id": True}]},
    )
    found = {one.name: one.after for one in only(sources, entry).attributes}
    assert found == {
        "arn": "(known after apply)",
        "inner": {"id": "(known after apply)", "name": "n"},
        "list": [{"id": "(known after apply)"}, {"id": 2}],
    }


def digest(plan: dict[str, Any], environment: str = "dev") -> str:
    return digest_of(normalise(plan, environment, "aws"))


def test_the_digest_is_the_same_whenever_the_plan_would_do_the_same(resource: Resource) -> None:
    created = resource(QUEUE, ["create"], after={"name": "q"})
    updated = resource("aws_x.y", ["update"], before={"size": 1, "status": "busy"}, after={"size": 2, "status": "busy"})
    plan = {"resource_changes": [created, updated], "timestamp": "2026-11-21T10:00:00Z", "terraform_version": "1.11.4"}
    later = copy.deepcopy(plan)
    later["timestamp"] = "2026-11-22T10:00:00Z"
    later["terraform_version"] = "1.11.5"
    later["resource_changes"].reverse()
    later["resource_changes"].append(resource("aws_z.z", ["no-op"], {"seen": 9}, {"seen": 9}))
    for side in ("before", "after"):
        later["resource_changes"][0]["change"][side]["status"] = "idle"
    assert digest(plan) == digest(later)
    assert digest(plan).startswith("sha256:")
    assert digest(plan) != digest(plan, "prod")


def test_a_plan_that_does_anything_else_has_another_digest_and_the_difference_is_named(resource: Resource) -> None:
    reviewed = normalise(
        {
            "resource_changes": [
                resource("aws_a.same", ["create"], after={"x": 1}),
                resource("aws_b.gone", ["create"], after={"x": 1}),
                resource("aws_c.other", ["update"], before={"size": 1}, after={"size": 2}),
                resource("aws_d.worse", ["update"], before={"size": 1}, after={"size": 2}),
            ],
            "output_changes": {"url": {"actions": ["create"], "before": None, "after": "a"}},
        },
        "dev",
        "aws",
    )
    now = normalise(
        {
            "resource_changes": [
                resource("aws_a.same", ["create"], after={"x": 1}),
                resource("aws_c.other", ["update"], before={"size": 1}, after={"size": 3}),
                resource("aws_d.worse", ["delete", "create"], before={"size": 1}, after={"size": 2}),
                resource("aws_e.new", ["delete"], before={"x": 1}),
            ],
            "output_changes": {"url": {"actions": ["create"], "before": None, "after": "b"}},
        },
        "dev",
        "aws",
    )
    assert digest_of(reviewed) != digest_of(now)
    assert compare(reviewed, now) == [
        "aws_b.gone: create in the reviewed plan, unchanged now",
        "aws_c.other: update with other values: size",
        "aws_d.worse: update in the reviewed plan, delete and create now",
        "aws_e.new: delete now, was not in the reviewed plan",
        "output url: create with other values: after",
    ]
    assert compare(reviewed, copy.deepcopy(reviewed)) == []


def test_another_reason_to_replace_is_a_difference(resource: Resource) -> None:
    def plan(path: str) -> dict[str, Any]:
        entry = resource("aws_a.b", ["delete", "create"], {"x": 1}, {"x": 2}, replace_paths=[[path]], deposed="1a")
        return normalise({"resource_changes": [entry]}, "dev", "aws")

    assert compare(plan("x"), plan("y")) == ["aws_a.b (deposed 1a): delete and create with other values: replace_paths"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, JSON)
def test_a_wholly_sensitive_value_never_shows(before: Any, after: Any) -> None:
    marked = {"actions": ["update"], "before": {"s": before}, "after": {"s": after}}
    masks = {"before_sensitive": {"s": True}, "after_sensitive": {"s": True}}
    entry = {"address": "aws_x.y", "mode": "managed", "type": "aws_x", "change": {**marked, **masks}}
    normalised = normalise({"resource_changes": [entry]}, "dev", "aws")
    shown = normalised["resource_changes"][0]
    assert set(shown["before"].values()) <= {"(sensitive)"}
    assert set(shown["after"].values()) <= {"(sensitive)", "(sensitive, changes)"}


def test_drift_is_read_from_what_terraform_found_changed(sources: Sources, resource: Resource) -> None:
    shown = {
        "resource_drift": [
            resource(
                QUEUE, ["update"], before={"visibility_timeout_seconds": 600}, after={"visibility_timeout_seconds": 30}
            ),
            resource(BUCKET, ["delete"], before={"id": "b"}),
            resource("aws_x.y", ["no-op"]),
        ]
    }
    found = read_drift(shown, sources, {})
    assert [(change.address, change.action) for change in found] == [(BUCKET, "delete"), (QUEUE, "update")]
    assert lines(found[1]) == [f"{YAML}:15"]


def test_what_the_cloud_moves_by_itself_is_no_drift(sources: Sources, resource: Resource) -> None:
    clock, both = {"restorable": "10:05"}, {"restorable": "10:05", "public": True}
    shown = {
        "resource_drift": [
            resource("aws_db_instance.a", ["update"], before={"restorable": "10:00"}, after=clock),
            resource("aws_db_instance.b", ["update"], before={"restorable": "10:00", "public": False}, after=both),
            resource("aws_db_instance.c", ["update"], before={"tags": {}}, after={"tags": {}}),
        ]
    }
    found = read_drift(shown, sources, {"aws_db_instance": frozenset({"restorable"})})
    assert [(one.address, [attribute.name for attribute in one.attributes]) for one in found] == [
        ("aws_db_instance.b", ["public"])
    ]
