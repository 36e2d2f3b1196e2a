"""What people read: plans, drift, progress."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from inferloop_deploy.changes import Change
from inferloop_deploy.plan import Cause, Plan, PlannedChange, read_drift, read_plan
from inferloop_deploy.plan.causes import Sources
from inferloop_deploy.plan.changes import AttributeChange
from inferloop_deploy.plan.differences import differences
from inferloop_deploy.report.lines import Line, count, duration, show
from inferloop_deploy.report.plans import drift_lines, plan_lines, summary
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.terraform import Diagnostic, Progress, Started, Stopping, Summary, Text

Resource = Callable[..., dict[str, Any]]
QUEUE = 'module.platform.module.queue.aws_sqs_queue.this["tabular-jobs"]'


def text(lines: Any) -> str:
    return "\n".join(line.text for line in lines) + "\n"


@pytest.fixture
def plan(sources: Sources, resource: Resource) -> Plan:
    bucket = 'module.platform.module.storage.aws_s3_bucket.this["tabular-web-assets"]'
    many = {f"attribute_{number}": number for number in range(12)}
    moved = [{"port": port, "source": "10.0.0.0/8", "description": "x" * 10} for port in (0, 1, 3, 4)]
    rules = [{"port": number, "source": "10.0.0.0/8", "description": "x" * 10} for number in range(4)]
    return read_plan(
        {
            "resource_changes": [
                resource(QUEUE, ["create"], after={"name": "q"}),
                resource('module.platform.module.queue.aws_sqs_queue.dead["tabular-jobs"]', ["create"], after={}),
                resource(bucket, ["delete"], before={}, action_reason="delete_because_each_key"),
                resource("module.network.aws_vpc.this", ["update"], before=dict.fromkeys(many), after=many),
                resource("module.network.aws_x.rules", ["update"], before={"rules": rules, "name": None},
                         after={"rules": moved, "name": "n" * 200}),
                resource("module.network.aws_nat_gateway.this", ["delete", "create"], before={"subnet": "a", "id": "1"},
                         after={"subnet": "b"}, after_unknown={"id": True}, replace_paths=[["subnet"]],
                         action_reason="replace_because_cannot_update"),
                resource("aws_y.y", ["no-op"], before={"a": 1}, after={"a": 1}, previous_address="aws_y.x"),
                resource("aws_z.forgotten", ["forget"], before={"a": 1}),
            ],
            "output_changes": {"platform": {"actions": ["create"], "before": None, "after": 1}},
        },
        sources,
        {"aws_s3_bucket": "every object in it"},
    )  # fmt: skip


def test_a_plan_reads_as_before(plan: Plan, golden: Callable[[Path, str], None]) -> None:
    golden(Path(__file__).parent / "golden" / "plan.txt", text(plan_lines(plan)))


def test_an_empty_plan_is_one_line(sources: Sources) -> None:
    assert text(plan_lines(read_plan({}, sources, {}))) == "Plan for dev on aws: no changes.\n"


def test_the_summary_names_outputs_too(plan: Plan) -> None:
    assert summary(plan) == (
        "1 to DESTROY, 1 to REPLACE, 1 to forget, 2 to change, 1 to move, 2 to create, 1 output to change"
    )


def test_a_large_value_shows_where_it_differs() -> None:
    before = {"a": [1, {"b": 2, "c": 3}], "d": [1]}
    after = {"a": [1, {"b": 5, "e": 4}], "d": [1, 2]}
    assert list(differences(before, after)) == [
        (".a[1].b", 2, 5),
        (".a[1].c", 3, None),
        (".a[1].e", None, 4),
        (".d", [1], [1, 2]),
    ]


def test_many_differing_places_are_counted() -> None:
    before = {"list": [{"n": number} for number in range(40)]}
    after = {"list": [{"n": -number - 1} for number in range(40)]}
    change = PlannedChange("aws_x.y", "aws_x", "update", "", attributes=(AttributeChange("a", before, after),))
    plan = Plan("dev", "aws", (change,), (), {}, "sha256:0")
    assert "a: and 32 places more" in text(plan_lines(plan))


def test_drift_tells_what_is_different_and_that_nothing_was_changed(sources: Sources, resource: Resource) -> None:
    drift = {"resource_drift": [resource(QUEUE, ["update"], before={"delay": 1}, after={"delay": 2})]}
    said = text(drift_lines(read_drift(drift, sources, {}), "dev", "aws"))
    assert said.startswith("1 resource of dev on aws differs from what was applied.\n")
    assert "delay: 1 -> 2" in said
    assert "nothing was changed" in said


def test_numbers_and_times_are_words() -> None:
    assert [count(0, "file"), count(1, "file"), count(2, "file")] == ["0 files", "1 file", "2 files"]
    assert [duration(0.4), duration(59.4), duration(59.6), duration(185)] == ["0 s", "59 s", "1 min 0 s", "3 min 5 s"]


def test_lines_are_printed_as_they_are() -> None:
    out = io.StringIO()
    show(Console(file=out, width=20), [Line('[bold]this["x"][/bold] ' + "y" * 50, "red"), Line()])
    assert out.getvalue() == '[bold]this["x"][/bold] ' + "y" * 50 + "\n\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_plain_progress_is_a_line_for_each_thing_that_was_done(clock: Clock) -> None:
    out = io.StringIO()
    with Screen(Console(file=out, width=200), clock) as screen:
        screen.phase("Apply")
        screen.event(Started("apply", 1))
        screen.event(Progress("planned", QUEUE, "create"))
        screen.event(Progress("start", QUEUE, "create"))
        clock.now = 12
        screen.event(Progress("progress", QUEUE, "create", 12))
        screen.event(Progress("complete", QUEUE, "create", 12))
        screen.event(Progress("complete", "data.aws_x.y", "read", 1))
        screen.event(Progress("error", "aws_x.z", "update", 1))
        clock.now = 100
        screen.event(Progress("start", "aws_x.slow", "delete"))
        screen.event(Progress("progress", "aws_x.slow", "delete", 65))
        screen.event(Diagnostic("warning", "Deprecated", "Use\nthe other."))
        screen.event(Diagnostic("error", "Broken"))
        screen.event(Summary("plan", 1, 0, 0))
        screen.event(Summary("apply", 1, 2, 3))
        screen.event(Text("anything else"))
        screen.event(Stopping(forced=False))
        screen.event(Stopping(forced=True))
        screen.change(Change("bucket b", "create"))
        screen.phase("Apply", "failed")
        screen.phase("Apply", "done")
    assert out.getvalue().splitlines() == [
        "      0 s  Apply",
        f"     12 s  created {QUEUE} (12 s)",
        "     12 s  failed   aws_x.z",
        "1 min 40 s  still at it: delete aws_x.slow (1 min 5 s)",
        "1 min 40 s  warning: Deprecated: Use the other.",
        "1 min 40 s  1 created, 2 changed, 3 destroyed",
        "1 min 40 s  stopping: terraform finishes what is under way (Ctrl-C again stops it at once)",
        "1 min 40 s  stopping at once: what is under way is not recorded",
        "1 min 40 s  create bucket b",
        "1 min 40 s  Apply: failed",
    ]


def test_a_terminal_has_a_live_line_with_the_time_and_what_is_under_way(clock: Clock) -> None:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True, color_system=None)
    with Screen(console, clock) as screen:
        screen.phase("Apply")
        for name in ("a", "b", "c"):
            screen.event(Progress("planned", f"aws_x.{name}", "create"))
        screen.event(Progress("start", "aws_x.a", "create"))
        screen.event(Progress("complete", "aws_x.a", "create", 1))
        screen.event(Progress("start", "aws_x.b", "create"))
        screen.event(Progress("start", 'aws_x.c["k"]', "create"))
        clock.now = 63
        screen.event(Progress("progress", "aws_x.b", "create", 63))
        line = screen._live_line()
        assert line.plain == "1 min 3 s  Apply  1 of 3  create aws_x.b and 1 more"
        screen.pause()
        screen.resume()
    assert "still at it" not in out.getvalue()
    assert "Apply  1 of 3" in out.getvalue()


def test_a_cause_is_a_place_and_a_field() -> None:
    assert str(Cause("services/a/x.yaml", 3, "spec.service")) == "services/a/x.yaml:3 spec.service"
    assert str(Cause("services/a/x.yaml", 1, "")) == "services/a/x.yaml:1"
