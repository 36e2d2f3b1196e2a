"""Running terraform: command lines, streams, failures, interruptions."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.terraform import (
    Diagnostic,
    Event,
    Interrupted,
    Lock,
    Locked,
    Progress,
    Started,
    Stopping,
    Summary,
    Terraform,
    TerraformFailed,
    Text,
)
from inferloop_deploy.terraform.failures import Located
from inferloop_deploy.terraform.messages import lock_from_json, read_lock, read_message
from inferloop_deploy.terraform.run import IsFlagged, command_line, end_with_parent, flag

LOCK_DETAIL = """operation error S3: PutObject, https response error StatusCode: 412, RequestID: x, HostID: y, \
api error PreconditionFailed: At least one of the pre-conditions you specified did not hold
Lock Info:
  ID:        7f6c2d0e-1b1f-5a39-9a2c-0d6c1f0c9f11
  Path:      bucket/dev/aws/infrastructure.tfstate
  Operation: OperationTypeApply
  Who:       ada@laptop
  Version:   1.11.4
  Created:   2026-11-21 10:42:11.123456789 +0000 UTC
  Info:      \n"""


@pytest.fixture
def heard() -> list[Event]:
    return []


@pytest.fixture
def terraform(stand_in: Any, environ: dict[str, str], tmp_path: Path, heard: list[Event]) -> Terraform:
    folder = tmp_path / "root"
    folder.mkdir()
    return Terraform(
        stand_in.program, folder, tmp_path / "work" / ".terraform", tmp_path / "work" / "logs", environ, heard.append
    )


@pytest.mark.parametrize(
    ("call", "argv"),
    [
        (
            lambda t, p: t.init({"bucket": "b", "key": "k"}),
            "init -json -input=false -reconfigure -lockfile=readonly -backend-config=bucket=b -backend-config=key=k",
        ),
        (
            lambda t, p: replace(t, readonly_lockfile=False).init({}),
            "init -json -input=false -reconfigure",
        ),
        (
            lambda t, p: t.plan([Path("a"), Path("b")], p),
            "plan -json -input=false -detailed-exitcode -lock-timeout=5s -var-file=a -var-file=b -out=OUT",
        ),
        (
            lambda t, p: t.plan([], p, destroy=True),
            "plan -json -input=false -detailed-exitcode -lock-timeout=5s -destroy -out=OUT",
        ),
        (
            lambda t, p: t.plan([], p, refresh_only=True),
            "plan -json -input=false -detailed-exitcode -lock-timeout=5s -refresh-only -out=OUT",
        ),
        (lambda t, p: t.apply(p), "apply -json -input=false -lock-timeout=5s OUT"),
        (lambda t, p: t.show_plan(p), "show -json OUT"),
        (lambda t, p: t.outputs(), "output -json"),
        (lambda t, p: t.state(), "state pull"),
        (lambda t, p: t.force_unlock("some-id"), "force-unlock -force some-id"),
    ],
)
def test_each_command_has_its_command_line(
    stand_in: Any, terraform: Terraform, tmp_path: Path, call: Callable[[Terraform, Path], object], argv: str
) -> None:
    stand_in.script(show={"say": ["{}"]}, output={"say": ["{}"]}, state_pull={"say": ["{}"]})
    out = tmp_path / "plan.tfplan"
    call(terraform, out)
    assert " ".join(stand_in.calls[-1]["argv"]) == argv.replace("OUT", str(out))


def test_a_command_line_has_no_option_for_nothing() -> None:
    assert command_line(Path("tf"), "plan", "x", a_b=True, c=None, d=flag(False), e=IsFlagged) == [
        "tf", "plan", "-a-b=true", "-e", "x",
    ]  # fmt: skip


def test_terraform_runs_in_the_root_apart_from_the_terminal_and_with_its_data_elsewhere(
    stand_in: Any, terraform: Terraform, tmp_path: Path
) -> None:
    terraform = replace(terraform, environ={**terraform.environ, "TF_CLI_ARGS_apply": "-destroy", "TF_LOG": "info"})
    terraform.apply(tmp_path / "p")
    call = stand_in.call("apply")
    assert call["cwd"] == str(tmp_path / "root")
    assert call["environ"]["TF_DATA_DIR"] == str(tmp_path / "work" / ".terraform")
    assert "TF_CLI_ARGS_apply" not in call["environ"]
    assert call["environ"]["TF_LOG"] == "info"
    assert call["session"], "a Ctrl-C in the terminal must not reach it beside the one that is passed on"
    assert call["stdin"] == os.devnull


@pytest.mark.parametrize(("code", "changes"), [(0, False), (2, True)])
def test_a_plan_tells_whether_it_changes_anything(
    stand_in: Any, terraform: Terraform, tmp_path: Path, code: int, changes: bool
) -> None:
    stand_in.script(plan={"exit": code})
    assert terraform.plan([], tmp_path / "p") is changes


def test_a_plan_can_be_read_by_its_owner_alone(terraform: Terraform, tmp_path: Path) -> None:
    terraform.plan([], tmp_path / "p")
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o600


def test_what_terraform_says_is_heard_while_it_runs(
    stand_in: Any, terraform: Terraform, tmp_path: Path, heard: list[Event]
) -> None:
    resource = {"resource": {"addr": 'aws_sqs_queue.this["jobs"]'}, "action": "create"}
    stand_in.script(
        apply={
            "say": [
                {"@message": "Terraform 1.11.4", "type": "version"},
                {"@message": "", "type": "planned_change", "change": resource},
                {"@message": "", "type": "apply_start", "hook": resource},
                {"@message": "", "type": "apply_progress", "hook": {**resource, "elapsed_seconds": 10}},
                {"@message": "", "type": "apply_complete", "hook": {**resource, "elapsed_seconds": 12}},
                {"@message": "", "type": "apply_errored", "hook": {**resource, "elapsed_seconds": 13}},
                {"@message": "", "type": "change_summary",
                 "changes": {"add": 1, "change": 0, "remove": 2, "operation": "apply"}},
            ]
        }
    )  # fmt: skip
    terraform.apply(tmp_path / "p")
    address = 'aws_sqs_queue.this["jobs"]'
    assert isinstance(heard[0], Started)
    assert heard[0] == Started("apply", stand_in.call("apply")["pid"])
    assert heard[1:] == [
        Text("Terraform 1.11.4"),
        Progress("planned", address, "create"),
        Progress("start", address, "create"),
        Progress("progress", address, "create", 10),
        Progress("complete", address, "create", 12),
        Progress("error", address, "create", 13),
        Summary("apply", 1, 0, 2),
    ]


@pytest.mark.parametrize(
    "line",
    ["", "not json", "{", "[]", "null", "{}", '{"type": "apply_start"}', '{"type": "diagnostic", "diagnostic": 1}'],
)
def test_a_line_of_another_form_is_plain_text(line: str) -> None:
    assert read_message(line) == Text(line, plain=True)


def test_a_last_line_without_an_end_is_heard(
    stand_in: Any, terraform: Terraform, tmp_path: Path, heard: list[Event]
) -> None:
    stand_in.script(apply={"rest": "half a line"})
    terraform.apply(tmp_path / "p")
    assert heard[-1] == Text("half a line", plain=True)


def test_a_diagnostic_becomes_the_error(
    stand_in: Any, terraform: Terraform, tmp_path: Path, say_error: Callable[..., dict[str, Any]]
) -> None:
    place = {"filename": "network.tf", "start": {"line": 12, "column": 1, "byte": 0}}
    warning = say_error("Deprecated", severity="warning")
    error = say_error("Invalid CIDR", "It must be smaller.", address="module.network.aws_vpc.this", range=place)
    stand_in.script(plan={"say": [warning, error], "exit": 1})
    with pytest.raises(TerraformFailed) as raised:
        terraform.plan([], tmp_path / "p")
    assert raised.value.diagnostics == (
        Diagnostic("error", "Invalid CIDR", "It must be smaller.", "module.network.aws_vpc.this", "network.tf", 12),
    )
    said = str(raised.value).splitlines()
    assert said[0] == "network.tf:12: Invalid CIDR: It must be smaller. [module.network.aws_vpc.this]"
    assert said[1] == "terraform plan failed (exit code 1)."
    assert said[2].startswith("Everything it said: ")
    assert Path(said[2].removeprefix("Everything it said: ")).is_file()


def test_a_diagnostic_with_a_line_of_yaml_says_that_first() -> None:
    diagnostic = Diagnostic("error", "Invalid CIDR", "", "", "network.tf", 12)
    failed = TerraformFailed("plan", 1, [Located(diagnostic)], [], "log")
    located = failed.with_places([Located(diagnostic, "environments/dev/environment.yaml:9")])
    assert str(located).startswith("environments/dev/environment.yaml:9: Invalid CIDR [network.tf:12]")
    diagnostics = located.as_json()["diagnostics"]
    assert isinstance(diagnostics, list)
    assert diagnostics[0]["caused_by"] == "environments/dev/environment.yaml:9"


MISSED = (
    "Error message: operation error S3: PutObject, https response error StatusCode: 412, PreconditionFailed\n"
    "unable to retrieve file from S3 bucket 'b' with key 'dev/aws/infrastructure.tfstate.tflock': operation error S3: "
    "GetObject, https response error StatusCode: 404, NoSuchKey"
)


@pytest.mark.parametrize(("misses", "runs", "planned"), [(1, 2, True), (5, 6, True), (6, 6, False)])
def test_a_lock_that_was_released_while_terraform_looked_is_asked_for_again(
    stand_in: Any,
    terraform: Terraform,
    tmp_path: Path,
    say_error: Callable[..., dict[str, Any]],
    misses: int,
    runs: int,
    planned: bool,
) -> None:
    missed = {"say": [say_error("Error acquiring the state lock", MISSED)], "exit": 1}
    stand_in.script(plan=[*([missed] * misses), {"exit": 2}])
    out = tmp_path / "p"
    out.touch()
    if planned:
        assert terraform.plan([], out)
    else:
        with pytest.raises(TerraformFailed, match="acquiring the state lock"):
            terraform.plan([], out)
    assert stand_in.commands.count("plan") == runs


@pytest.mark.parametrize(
    ("summary", "detail", "step"),
    [
        (
            "creating Lambda Function (inferloop-dev-syndoc-parse)",
            "InvalidParameterValueException: Source image 1.dkr.ecr.us-east-1.amazonaws.com/syndoc:1.0 does not exist.",
            "push the image, then apply again",
        ),
        (
            "waiting for ACM Certificate (arn:aws:acm:us-east-1:1:certificate/a) to be issued: timeout",
            "",
            "when the domain is delegated",
        ),
        (
            "creating Cost Explorer Anomaly Monitor (inferloop-dev)",
            "ValidationException: Limit exceeded on dimensional spend monitor creation",
            "spec.budget.existingMonitor",
        ),
        (
            "creating GuardDuty Detector",
            "BadRequestException: The request is rejected because a detector already exists for the current account.",
            "spec.security.existingDetector",
        ),
    ],
)
def test_what_only_aws_can_say_comes_with_the_next_step(summary: str, detail: str, step: str) -> None:
    failed = TerraformFailed("apply", 1, [Located(Diagnostic("error", summary, detail, "", "", 0))], [], "log")
    assert [step in text for text in failed.next_steps] == [True]
    assert str(failed).splitlines()[1] == failed.next_steps[0]
    assert failed.as_json()["next_steps"] == failed.next_steps


def test_a_failure_without_a_diagnostic_shows_the_end_of_what_was_said(
    stand_in: Any, terraform: Terraform, tmp_path: Path
) -> None:
    lines = [f"line {number}" for number in range(50)]
    stand_in.script(apply={"say": ["{broken", "", *lines], "complain": ["panic: runtime error"], "exit": 11})
    with pytest.raises(TerraformFailed) as raised:
        terraform.apply(tmp_path / "p")
    said = str(raised.value)
    assert "panic: runtime error" in said
    assert "line 49" in said
    assert "line 5\n" not in said, "only the end"
    assert "exit code 11" in said


def test_a_killed_terraform_is_a_failure(stand_in: Any, terraform: Terraform, tmp_path: Path) -> None:
    stand_in.script(apply={"kill": int(signal.SIGKILL)})
    with pytest.raises(TerraformFailed, match="exit code -9"):
        terraform.apply(tmp_path / "p")


def test_what_is_not_utf8_does_not_stop_anything(
    stand_in: Any, terraform: Terraform, tmp_path: Path, heard: list[Event]
) -> None:
    program = tmp_path / "binary"
    program.write_text("#!/bin/sh\nprintf 'a\\377b\\n'\n")
    program.chmod(0o755)
    replace(terraform, program=program).apply(tmp_path / "p")
    assert Text("a\ufffdb", plain=True) in heard


def test_a_held_state_names_who_holds_it_and_how_to_release_it(
    stand_in: Any, terraform: Terraform, tmp_path: Path, say_error: Callable[..., dict[str, Any]]
) -> None:
    stand_in.script(plan={"say": [say_error("Error acquiring the state lock", LOCK_DETAIL)], "exit": 1})
    with pytest.raises(Locked) as raised:
        replace(terraform, release="inferloop-deploy state unlock --env dev").plan([], tmp_path / "p")
    said = str(raised.value)
    assert "locked by ada@laptop since 2026-11-21 10:42:11.123456789 +0000 UTC (OperationTypeApply" in said
    assert "inferloop-deploy state unlock --env dev 7f6c2d0e-1b1f-5a39-9a2c-0d6c1f0c9f11" in said
    lock = raised.value.as_json()["lock"]
    assert isinstance(lock, dict)
    assert lock["who"] == "ada@laptop"


def test_a_lock_is_read_from_a_message_and_from_its_file() -> None:
    assert read_lock("Lock Info:\n  nothing here\n") is None
    assert read_lock("Error: no lock") is None
    text = json.dumps({"ID": "1", "Who": "ada@laptop", "Operation": "plan", "Created": "now", "Path": "p", "Info": ""})
    assert lock_from_json(text) == Lock("1", "ada@laptop", "plan", "now", "p")
    with pytest.raises(ValueError, match="not a lock file"):
        lock_from_json("{}")


def test_documents_that_may_hold_secrets_go_into_no_file(
    stand_in: Any, terraform: Terraform, tmp_path: Path, heard: list[Event]
) -> None:
    secret = {"password": {"value": "correct horse", "sensitive": True}}
    stand_in.script(output={"say": [secret]}, show={"say": [secret]}, state_pull={"say": [secret]})
    assert terraform.outputs() == terraform.show_plan(tmp_path / "p") == terraform.state() == secret
    kept = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"correct horse" in path.read_bytes()]
    assert heard == []


def test_no_state_is_nothing_and_not_an_error(stand_in: Any, terraform: Terraform) -> None:
    stand_in.script(state_pull={"say": []})
    assert terraform.state() is None


def test_a_document_that_is_not_json_is_a_failure(stand_in: Any, terraform: Terraform) -> None:
    stand_in.script(output={"say": ["Warning: something", "{"]})
    with pytest.raises(TerraformFailed, match="not JSON"):
        terraform.outputs()


def test_a_failed_document_shows_what_was_complained_of(stand_in: Any, terraform: Terraform) -> None:
    stand_in.script(state_pull={"complain": ["Error: Backend initialization required"], "exit": 1})
    with pytest.raises(TerraformFailed, match="Backend initialization required"):
        terraform.state()


def test_an_expression_is_evaluated_without_a_plan(stand_in: Any, terraform: Terraform, tmp_path: Path) -> None:
    told = {"text": 'a "quoted" ${word} and ünïcode\n', "nothing": None}
    stand_in.script(console={"say": [f'"{b64encode(json.dumps(told).encode()).decode()}"']})

    assert terraform.evaluate("local.outputs", [tmp_path / "a.tfvars"]) == told

    assert stand_in.commands == ["console"]
    state = tmp_path / "work" / "console.tfstate"
    assert stand_in.calls[-1]["argv"] == ["console", f"-state={state}", f"-var-file={tmp_path / 'a.tfvars'}"]


@pytest.mark.parametrize(
    "step",
    [
        {"say": ['"e30="'], "complain": ["Error: Invalid value for variable"]},
        {"say": ['"e30="'], "exit": 1},
        {"say": ["(known after apply)"]},
        {"say": []},
    ],
    ids=["complains", "fails", "unknown", "silent"],
)
def test_where_terraform_has_anything_to_say_of_an_expression_it_is_left_to_a_plan(
    stand_in: Any, terraform: Terraform, step: dict[str, Any]
) -> None:
    stand_in.script(console=step)
    assert terraform.evaluate("local.outputs", []) is None


def test_a_program_that_is_gone_is_an_error_with_its_name(terraform: Terraform, tmp_path: Path) -> None:
    gone = replace(terraform, program=tmp_path / "gone")
    with pytest.raises(InferloopError, match="gone cannot be run: No such file"):
        gone.apply(tmp_path / "p")


def test_a_root_that_is_gone_is_an_error(terraform: Terraform, tmp_path: Path) -> None:
    with pytest.raises(InferloopError, match="cannot be run"):
        replace(terraform, folder=tmp_path / "gone").apply(tmp_path / "p")


def test_a_second_run_replaces_the_log_of_the_first(stand_in: Any, terraform: Terraform, tmp_path: Path) -> None:
    stand_in.script(apply=[{"say": ["first"]}, {"say": ["second"]}])
    terraform.apply(tmp_path / "p")
    terraform.apply(tmp_path / "p")
    assert (terraform.logs / "apply.log").read_text() == "second\n"
    assert stat.S_IMODE((terraform.logs / "apply.log").stat().st_mode) == 0o600


class Interrupting:
    """Interrupts this process, as Ctrl-C does, once terraform is ready for it."""

    def __init__(self, stand_in: Any, numbers: list[int]) -> None:
        self.ready = stand_in.program.parent / "ready"
        self.numbers = numbers
        self.heard: list[Event] = []
        self.thread = threading.Thread(target=self._send)

    def __call__(self, event: Event) -> None:
        self.heard.append(event)
        if isinstance(event, Started):
            self.thread.start()

    def _send(self) -> None:
        tick = threading.Event()
        while not self.ready.exists():
            tick.wait(0.01)
        for index, number in enumerate(self.numbers, 1):
            os.kill(os.getpid(), number)
            while sum(isinstance(event, Stopping) for event in self.heard) < index:
                tick.wait(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_reaches_terraform_once_and_its_orderly_end_is_awaited(
    stand_in: Any, terraform: Terraform, tmp_path: Path, number: int
) -> None:
    stand_in.script(apply={"until_interrupted": 1, "exit": 1})
    listen = Interrupting(stand_in, [number])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted) as raised:
        replace(terraform, listen=listen).apply(tmp_path / "p")
    listen.thread.join()
    assert (stand_in.program.parent / "interrupted").read_text() == "1"
    assert (
        listen.heard[-2:] == [Stopping(forced=False), Text("ended in order")] or Text("ended in order") in listen.heard
    )
    assert [event for event in listen.heard if isinstance(event, Stopping)] == [Stopping(forced=False)]
    assert "Run the same command again: it continues" in str(raised.value)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_makes_terraform_end_at_once_and_a_third_changes_nothing(
    stand_in: Any, terraform: Terraform, tmp_path: Path
) -> None:
    stand_in.script(apply={"until_interrupted": 2, "exit": 1})
    listen = Interrupting(stand_in, [signal.SIGINT, signal.SIGINT])
    with pytest.raises(Interrupted, match="at once, as asked"):
        replace(terraform, listen=listen).apply(tmp_path / "p")
    listen.thread.join()
    assert [event for event in listen.heard if isinstance(event, Stopping)] == [Stopping(False), Stopping(True)]


def test_a_listener_that_fails_does_not_leave_terraform_running(
    stand_in: Any, terraform: Terraform, tmp_path: Path
) -> None:
    stand_in.script(apply={"say": [{"@message": "hello", "type": "log"}], "until_interrupted": 1})

    def closed_terminal(event: Event) -> None:
        if isinstance(event, Text):
            tick = threading.Event()
            while not (stand_in.program.parent / "ready").exists():
                tick.wait(0.01)
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        replace(terraform, listen=closed_terminal).apply(tmp_path / "p")
    assert (stand_in.program.parent / "interrupted").exists()


def test_terraform_can_run_beside_the_main_thread(stand_in: Any, terraform: Terraform, tmp_path: Path) -> None:
    thread = threading.Thread(target=terraform.apply, args=(tmp_path / "p",))
    thread.start()
    thread.join()
    assert stand_in.commands == ["apply"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_terraform_ends_in_order_when_the_command_is_killed(
    stand_in: Any, terraform: Terraform, tmp_path: Path
) -> None:
    stand_in.script(apply={"until_interrupted": 1})
    script = (
        "import sys; from pathlib import Path; from inferloop_deploy.terraform import Terraform\n"
        "one, root, data, logs = map(Path, sys.argv[1:])\n"
        "Terraform(one, root, data, logs, {}).apply(Path('p'))\n"
    )
    arguments = [str(path) for path in (stand_in.program, terraform.folder, terraform.data, terraform.logs)]
    parent = subprocess.Popen([sys.executable, "-c", script, *arguments])
    tick = threading.Event()
    while not (stand_in.program.parent / "ready").exists():
        assert parent.poll() is None
        tick.wait(0.01)
    parent.kill()
    parent.wait()
    while not (stand_in.program.parent / "interrupted").exists():
        tick.wait(0.01)
    log = terraform.logs / "apply.log"
    while "ended in order" not in log.read_text():
        tick.wait(0.01)


def test_only_linux_has_something_before_the_command_line() -> None:
    assert end_with_parent("darwin") == []
    assert end_with_parent("linux")[0] == sys.executable
