"""plan, apply, destroy, status, drift, output and state as a person runs them; terraform and cloud are stand-ins."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy import rehearsal, stage
from inferloop_deploy.changes import Changes
from inferloop_deploy.cli import run
from inferloop_deploy.clouds import Backend, CredentialsRefused, Identity, Written
from inferloop_deploy.commands import staged, status
from inferloop_deploy.commands import state as state_command
from inferloop_deploy.errors import CHANGES, FAILED, USAGE
from inferloop_deploy.journal import Phase
from inferloop_deploy.terraform import Lock

Resource = Callable[..., dict[str, Any]]
QUEUE = 'module.platform.module.queue.aws_sqs_queue.this["tabular-jobs"]'
BUCKET = 'module.platform.module.storage.aws_s3_bucket.this["tabular-datasets"]'
OUTPUTS = {
    "platform": {"value": {"name": "inferloop-dev", "cloud": "aws", "padding": "x" * 120}, "type": "object"},
    "region": {"value": "us-east-1", "type": "string"},
    "token": {"value": "correct horse", "type": "string", "sensitive": True},
}
SETTLING = ["plan", "apply"]
"""Reading back into the state what was made."""
HELD = Lock("7f6c2d0e", "ada@laptop", "OperationTypeApply", "2026-11-21 10:42:11 +0000 UTC", "path")
LOCKED = f"Lock Info:\n  ID: {HELD.id}\n  Operation: {HELD.operation}\n  Who: {HELD.who}\n  Created: {HELD.created}\n"


@dataclass
class FakeCloud:
    """A cloud that is there, and whose state is wherever a test says."""

    name: str = "aws"
    backend_kind: str = "s3"
    account: str = "123456789012"
    there: bool = True
    held: Lock | None = None
    refused: bool = False
    bootstrapped: list[str] = field(default_factory=list)
    holds_data: Mapping[str, str] = field(default_factory=lambda: {"aws_s3_bucket": "every object in it"})
    moves_by_itself: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def identity(self, environment: Any) -> Identity:
        if self.refused:
            raise CredentialsRefused("The AWS credentials have expired.", "Log in.")
        return Identity(self.account, "arn:aws:iam::123456789012:user/ada")

    def backend(self, environment: Any, account: str, stage: str) -> Backend:
        return Backend({"bucket": "b", "key": f"{stage}"}, f"s3://b/{stage}")

    def state_store(self, environment: Any, backend: Backend) -> FakeCloud:
        return self

    def exists(self) -> bool:
        return self.there

    def written(self) -> Written | None:
        return Written(datetime(2026, 11, 21, 10, 42, 11, tzinfo=UTC), "v1")

    def lock(self) -> Lock | None:
        return self.held

    def bootstrap(self, tags: Mapping[str, str], changes: Changes) -> Sequence[Phase]:
        def make() -> None:
            changes.change("b", "create bucket", lambda: self.bootstrapped.append(tags["Environment"]))

        return [Phase("bucket", make, lambda: not self.bootstrapped)]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    found = FakeCloud()
    for module in (stage, state_command, rehearsal):
        monkeypatch.setattr(module, "find_cloud", lambda name, settings=None: found)
    return found


@dataclass
class Commands:
    """Runs commands in a small project."""

    root: Path
    stand_in: Any
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        code = run(["--root", str(self.root), *arguments])
        self.out, self.err = self.capsys.readouterr()
        return code

    @property
    def work(self) -> Path:
        return self.root / "build" / "dev" / "aws"

    @property
    def document(self) -> Any:
        """What was printed for machines of the one stage there is."""
        (stage,) = json.loads(self.out)["stages"]
        assert stage["stage"] == "infrastructure"
        return stage

    def plans(self, *changes: dict[str, Any], **commands: Any) -> None:
        """Let terraform plan these changes; each argument that is a list is one plan after the other."""
        shown = {"resource_changes": list(changes)}
        self.stand_in.script(
            **{
                "plan": {"exit": 2 if changes else 0},
                "show": {"say": [shown]},
                "output": {"say": [OUTPUTS]},
                **commands,
            }
        )


@pytest.fixture
def command(
    make_project: Callable[..., Path],
    stand_in: Any,
    cloud: FakeCloud,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Commands:
    root = make_project({"providers/aws/versions.tf": 'terraform { backend "s3" {} }\n'})
    monkeypatch.setenv("INFERLOOP_TERRAFORM", str(stand_in.program))
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("NO_COLOR", raising=False)
    own = tmp_path / "own.tfrc"
    own.write_text("")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    return Commands(root, stand_in, capsys)


def prod(command: Commands) -> None:
    """Protect the environment from deletion."""
    path = command.root / "environments/dev/environment.yaml"
    path.write_text(path.read_text().replace("deletionProtection: false", "deletionProtection: true"))


@pytest.fixture
def create(resource: Resource) -> dict[str, Any]:
    return resource(QUEUE, ["create"], after={"name": "jobs"})


# --- plan


def test_plan_shows_each_change_with_its_line_and_tells_by_its_exit_code(
    command: Commands, create: dict[str, Any]
) -> None:
    command.plans(create)
    assert command("plan", "--env", "dev") == CHANGES
    assert "Plan for dev on aws: 1 to create." in command.out
    assert f"  + create {QUEUE}" in command.out
    assert "services/tabular/deployment-config.yaml:17 spec.dependencies[jobs]" in command.out
    assert "Digest sha256:" in command.out
    assert command.stand_in.commands == ["version", "init", "plan", "show"]


def test_a_plan_without_changes_is_exit_code_0(command: Commands) -> None:
    command.plans()
    assert command("plan", "--env", "dev") == 0
    assert "Plan for dev on aws: no changes." in command.out
    assert not (command.work / "plan.json").exists()


def test_a_plan_for_machines_is_json_alone(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("plan", "--env", "dev", "--output", "json") == CHANGES
    document = command.document
    assert document["changes"][0]["service"] == "tabular"
    assert document["changes"][0]["caused_by"][0]["line"] == 17


def test_what_goes_away_is_told_first_and_loudly(command: Commands, resource: Resource, create: dict[str, Any]) -> None:
    gone = resource(BUCKET, ["delete"], before={"id": "b"}, action_reason="delete_because_each_key")
    command.plans(create, gone)
    command("plan", "--env", "dev")
    assert command.out.index("GOES AWAY: 1 resource") < command.out.index(f"+ create {QUEUE}")
    assert "- DESTROY" in command.out
    assert "loses every object in it" in command.out
    assert "because no configuration asks for it any more" in command.out


def test_terraform_gets_the_rendered_files_and_the_place_of_the_state(command: Commands) -> None:
    command.plans()
    command("plan", "--env", "dev")
    init, plan = command.stand_in.call("init"), command.stand_in.call("plan")
    assert "-backend-config=bucket=b" in init["argv"]
    assert f"-var-file={command.work / 'services.auto.tfvars'}" in plan["argv"]
    assert f"-var-file={command.work / 'environment.auto.tfvars'}" in plan["argv"]
    assert plan["environ"]["TF_DATA_DIR"] == str(command.work / ".terraform")
    assert plan["cwd"] == str(command.root / "providers" / "aws")


def test_init_runs_again_only_when_something_it_depends_on_changed(command: Commands) -> None:
    command.plans()
    command("plan", "--env", "dev")
    command("plan", "--env", "dev")
    assert command.stand_in.commands.count("init") == 1
    (command.root / "modules" / "queue").mkdir(parents=True)
    (command.root / "modules" / "queue" / "main.tf").write_text("")
    command("plan", "--env", "dev")
    assert command.stand_in.commands.count("init") == 2
    (command.work / ".terraform" / "inferloop-init.json").write_text("[]")
    command("plan", "--env", "dev")
    assert command.stand_in.commands.count("init") == 3


def test_init_runs_when_terraform_asks_for_it(command: Commands, say_error: Callable[..., Any]) -> None:
    command.plans()
    command("plan", "--env", "dev")
    asking = {"say": [say_error("Module not installed", "Run terraform init.")], "exit": 1}
    command.plans(plan=[{"exit": 0}, asking, {"exit": 0}])
    assert command("plan", "--env", "dev") == 0
    assert (
        command.stand_in.commands[-4:] == ["plan", "version", "init", "plan"]
        or command.stand_in.commands.count("init") == 2
    )


def test_a_failed_init_is_tried_again_the_next_time(command: Commands, say_error: Callable[..., Any]) -> None:
    command.plans(init=[{"say": [say_error("Failed to query available provider packages")], "exit": 1}, {"exit": 0}])
    assert command("plan", "--env", "dev") == FAILED
    assert "Failed to query available provider packages" in command.err
    assert command("plan", "--env", "dev") == 0


def test_a_diagnostic_is_led_back_to_its_yaml(command: Commands, say_error: Callable[..., Any]) -> None:
    detail = "services.tabular.spec.networking.ingress.rate_limit must be at least 10."
    command.plans(plan={"say": [say_error("Invalid value for variable", detail)], "exit": 1})
    assert command("plan", "--env", "dev") == FAILED
    assert command.err.count("services/tabular/deployment-config.yaml:24: Invalid value for variable") == 1


def test_a_diagnostic_of_a_resource_is_led_back_through_its_service(
    command: Commands, say_error: Callable[..., Any]
) -> None:
    command.plans(plan={"say": [say_error("Invalid queue", address=QUEUE)], "exit": 1})
    assert command("plan", "--env", "dev", "--output", "json") == FAILED
    error = json.loads(command.err[command.err.index("{") :])
    assert error["diagnostics"][0]["caused_by"] == "services/tabular/deployment-config.yaml:17"


def test_a_diagnostic_of_nothing_we_know_has_no_line(command: Commands, say_error: Callable[..., Any]) -> None:
    command.plans(plan={"say": [say_error("Out of cheese", "environment_variable.x")], "exit": 1})
    assert command("plan", "--env", "dev") == FAILED
    assert "\nOut of cheese" in command.err


def test_an_invalid_configuration_starts_nothing(command: Commands) -> None:
    (command.root / "services/tabular/deployment-config.yaml").write_text("apiVersion: v2\n")
    assert command("plan", "--env", "dev") == USAGE
    assert command.stand_in.calls == []


def test_refused_credentials_start_nothing(command: Commands, cloud: FakeCloud) -> None:
    cloud.refused = True
    assert command("plan", "--env", "dev") == FAILED
    assert "The AWS credentials have expired.\nLog in." in command.err
    assert command.stand_in.calls == []


def test_credentials_of_another_account_are_refused_with_the_line(command: Commands, cloud: FakeCloud) -> None:
    path = command.root / "environments/dev/aws.yaml"
    path.write_text(path.read_text() + '  account: {id: "210987654321"}\n')
    assert command("plan", "--env", "dev") == USAGE
    assert "environments/dev/aws.yaml:8:17" in command.err
    assert "123456789012 (arn:aws:iam::123456789012:user/ada)" in command.err
    cloud.account = "210987654321"
    command.plans()
    assert command("plan", "--env", "dev") == 0


def test_a_missing_terraform_says_how_to_get_it(command: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERLOOP_TERRAFORM", "/nowhere/terraform")
    assert command("plan", "--env", "dev") == FAILED
    assert "make tools" in command.err


def test_a_state_without_a_place_says_how_to_make_it(command: Commands, cloud: FakeCloud) -> None:
    cloud.there = False
    assert command("plan", "--env", "dev") == FAILED
    assert "inferloop-deploy state bootstrap --env dev --cloud aws" in command.err
    assert command.stand_in.calls == []


def test_a_root_that_is_missing_is_an_error(command: Commands) -> None:
    (command.root / "providers/aws/versions.tf").unlink()
    assert command("plan", "--env", "dev") == USAGE
    assert "There is no Terraform root for aws" in command.err


def test_another_command_in_the_same_folder_is_waited_for_by_the_person(command: Commands) -> None:
    script = (
        "import sys; from pathlib import Path; from inferloop_deploy.busy import alone_in\n"
        "with alone_in(Path(sys.argv[1]), 'apply'):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(command.work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    assert command("plan", "--env", "dev") == FAILED
    assert f"inferloop-deploy apply (process {holder.pid}) already works in" in command.err
    holder.communicate()


# --- locks


def test_a_held_state_names_who_holds_it_since_when_and_how_to_release_it(
    command: Commands, say_error: Callable[..., Any]
) -> None:
    command.plans(plan={"say": [say_error("Error acquiring the state lock", LOCKED)], "exit": 1})
    assert command("plan", "--env", "dev") == FAILED
    assert "locked by ada@laptop since 2026-11-21 10:42:11" in command.err
    assert f"inferloop-deploy state unlock --env dev --cloud aws {HELD.id}" in command.err
    assert "force-unlock" not in command.stand_in.commands


def killed_run(command: Commands) -> str:
    """Leave the journal of an apply whose processes are gone, and return the lock that it left."""
    import getpass

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal = command.work / "journal" / "apply.json"
    journal.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "command": "apply", "began": "2026-11-21T10:42:10+00:00", "host": socket.gethostname(),
        "user": getpass.getuser(), "process": gone.pid, "terraform": gone.pid, "ended": None, "earlier": [],
        "phases": [{"title": "Apply", "state": "running", "began": "2026-11-21T10:42:11+00:00", "ended": None}],
    }  # fmt: skip
    journal.write_text(json.dumps(record))
    return LOCKED.replace(HELD.who, f"{getpass.getuser()}@{socket.gethostname()}")


def test_a_lock_left_by_a_killed_apply_is_released_and_the_apply_continues(
    command: Commands, create: dict[str, Any], say_error: Callable[..., Any]
) -> None:
    left = killed_run(command)
    held = {"say": [say_error("Error acquiring the state lock", left)], "exit": 1}
    command.plans(create, plan=[held, {"exit": 2}])
    assert command("apply", "--env", "dev") == 0
    assert "continuing: the apply of 2026-11-21T10:42:10+00:00 stopped in phase Apply" in command.err
    assert f"release lock {HELD.id}, left by the apply" in command.err
    assert command.stand_in.commands[2:] == ["plan", "force-unlock", "plan", "show", "apply", *SETTLING, "output"]
    assert "stopped in phase" not in command.err.split("continuing", 1)[1].split("\n", 1)[1]


def test_a_run_that_is_killed_while_it_continues_keeps_the_lock_known(
    command: Commands, create: dict[str, Any], say_error: Callable[..., Any]
) -> None:
    left = killed_run(command)
    held = {"say": [say_error("Error acquiring the state lock", left)], "exit": 1}
    command.plans(create, plan={"say": [say_error("something else")], "exit": 1})
    assert command("apply", "--env", "dev") == FAILED, "a second run ends before it reaches the lock"
    command.plans(create, plan=[{}, held, {"exit": 2}])
    assert command("apply", "--env", "dev") == 0
    assert "force-unlock" in command.stand_in.commands


def test_a_dry_run_leaves_the_lock_of_a_killed_run(
    command: Commands, create: dict[str, Any], say_error: Callable[..., Any]
) -> None:
    held = {"say": [say_error("Error acquiring the state lock", killed_run(command))], "exit": 1}
    command.plans(create, plan=[held, {"exit": 2}])
    assert command("apply", "--env", "dev", "--dry-run") == FAILED
    assert "force-unlock" not in command.stand_in.commands


# --- apply


def test_what_was_made_is_read_back_without_changing_it(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("apply", "--env", "dev") == 0
    assert "-refresh-only" in command.stand_in.call("plan")["argv"]
    assert command.stand_in.call("apply")["argv"][-1] == str(command.work / "settle.tfplan")
    assert not (command.work / "settle.tfplan").exists()


def test_nothing_is_read_back_where_the_state_tells_all(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create, plan=[{"exit": 2}, {"exit": 0}])
    assert command("apply", "--env", "dev") == 0
    assert command.stand_in.commands.count("apply") == 1


def test_apply_plans_applies_and_prints_the_outputs(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("apply", "--env", "dev") == 0
    assert command.stand_in.commands == ["version", "init", "plan", "show", "apply", *SETTLING, "output"]
    assert command.stand_in.calls[4]["argv"][-1] == str(command.work / "plan.tfplan")
    assert "Applied to dev on aws in" in command.out
    assert "1 created" in command.out
    assert 'region = "us-east-1"' in command.out
    assert "platform = (3 entries; inferloop-deploy output platform --env dev --cloud aws)" in command.out
    assert "correct horse" not in command.out + command.err
    assert not (command.work / "plan.tfplan").exists()


def test_apply_for_machines_is_json_alone(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("apply", "--env", "dev", "-o", "json") == 0
    document = command.document
    assert document["applied"] is True
    assert document["outputs"]["token"] == "(sensitive)"


def test_apply_with_nothing_to_change_applies_nothing(command: Commands) -> None:
    command.plans()
    assert command("apply", "--env", "dev") == 0
    assert "apply" not in command.stand_in.commands
    assert "already is what its files say" in command.out


def test_a_dry_run_shows_the_plan_and_applies_nothing(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("apply", "--env", "dev", "--dry-run", "--yes") == 0
    assert "apply" not in command.stand_in.commands
    assert "Dry run: nothing was applied" in command.out
    assert "apply plan sha256:" in command.err


def test_apply_applies_exactly_the_reviewed_plan(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    command("plan", "--env", "dev", "-o", "json")
    digest = command.document["digest"]
    assert command("apply", "--env", "dev", "--digest", digest) == 0
    assert "the plan is the reviewed one: 1 to create" in command.err
    assert not (command.work / "plan.json").exists(), "it is not the plan of the next apply"


def test_apply_refuses_a_plan_that_is_not_the_reviewed_one_and_names_what_differs(
    command: Commands, create: dict[str, Any], resource: Resource
) -> None:
    command.plans(create)
    command("plan", "--env", "dev")
    command.plans(create, resource(BUCKET, ["delete"], before={"id": "b"}))
    assert command("apply", "--env", "dev", "--yes") == FAILED
    assert f"{BUCKET}: delete now, was not in the reviewed plan" in command.err
    assert "inferloop-deploy plan --env dev --cloud aws" in command.err
    assert "apply" not in command.stand_in.commands


def test_a_digest_of_another_machine_is_compared_too(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    assert command("apply", "--env", "dev", "--digest", "sha256:" + "0" * 64, "-o", "json") == FAILED
    error = json.loads(command.err[command.err.index("{") :])
    assert error["differences"] is None
    assert "apply" not in command.stand_in.commands


def test_a_review_that_somebody_edited_is_not_trusted(command: Commands, create: dict[str, Any]) -> None:
    command.plans(create)
    command("plan", "--env", "dev")
    review = command.work / "plan.json"
    document = json.loads(review.read_text())
    document["plan"]["resource_changes"] = []
    review.write_text(json.dumps(document))
    assert command("apply", "--env", "dev", "--digest", document["digest"]) == 0
    assert command.stand_in.commands[-4:] == ["apply", *SETTLING, "output"]


def test_what_is_no_digest_is_a_usage_error(command: Commands) -> None:
    assert command("apply", "--env", "dev", "--digest", "latest") == USAGE
    assert command.stand_in.calls == []


def test_a_protected_environment_is_not_applied_without_an_answer(command: Commands, create: dict[str, Any]) -> None:
    prod(command)
    command.plans(create)
    assert command("apply", "--env", "dev") == FAILED
    assert "There is no terminal to answer on" in command.err
    assert "--yes" in command.err
    assert "apply" not in command.stand_in.commands
    assert command("apply", "--env", "dev", "--yes") == 0
    assert "apply" in command.stand_in.commands


def test_a_reviewed_digest_does_not_answer_the_question(command: Commands, create: dict[str, Any]) -> None:
    prod(command)
    command.plans(create)
    command("plan", "--env", "dev", "-o", "json")
    assert command("apply", "--env", "dev", "--digest", command.document["digest"]) == FAILED
    assert "apply" not in command.stand_in.commands


def test_where_something_goes_away_apply_asks_in_any_environment(command: Commands, resource: Resource) -> None:
    command.plans(resource(BUCKET, ["delete"], before={"id": "b"}))
    assert command("apply", "--env", "dev") == FAILED
    assert "apply" not in command.stand_in.commands


class Terminal:
    """A standard input that is a terminal, for the question alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        self.asked: list[str] = []
        self.answer = answer
        monkeypatch.setattr("sys.stdin", self)
        monkeypatch.setattr(staged.typer, "confirm", self._confirm)
        monkeypatch.setattr(staged.typer, "prompt", self._prompt)

    def isatty(self) -> bool:
        return True

    def _confirm(self, question: str, **_: Any) -> bool:
        self.asked.append(question)
        return self.answer == "y"

    def _prompt(self, question: str, **_: Any) -> str:
        self.asked.append(question)
        return self.answer


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", FAILED)])
def test_on_a_terminal_an_unreviewed_plan_is_asked_about(
    command: Commands, create: dict[str, Any], monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    terminal = Terminal(monkeypatch, answer)
    command.plans(create)
    assert command("apply", "--env", "dev") == code
    assert terminal.asked == ["Apply this to dev on aws (1 to create)?"]
    assert ("apply" in command.stand_in.commands) is (answer == "y")
    assert ("Nothing was changed: the answer was no." in command.err) is (answer == "n")


def test_a_reviewed_plan_is_not_asked_about_again_outside_prod(
    command: Commands, create: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(monkeypatch, "n")
    command.plans(create)
    command("plan", "--env", "dev")
    assert command("apply", "--env", "dev") == 0
    assert terminal.asked == []


def test_a_failed_apply_tells_the_next_one_where_it_stopped(
    command: Commands, create: dict[str, Any], say_error: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "process_runs", lambda process: process != os.getpid())
    failing = {"say": [say_error("creating queue: AccessDenied", address=QUEUE)], "exit": 1}
    command.plans(create, apply=[failing, {"exit": 0}])
    assert command("apply", "--env", "dev") == FAILED
    assert "services/tabular/deployment-config.yaml:17: creating queue: AccessDenied" in command.err
    assert command("status", "--env", "dev") == 0
    assert "stopped in phase Apply; run it again: inferloop-deploy apply --env dev --cloud aws" in command.out
    command.plans(create)
    assert command("apply", "--env", "dev") == 0
    assert "stopped in phase Apply" in command.err


# --- destroy


def test_destroy_says_what_goes_and_asks(command: Commands, resource: Resource) -> None:
    command.plans(resource(BUCKET, ["delete"], before={"id": "b"}), resource(QUEUE, ["delete"], before={}))
    assert command("destroy", "--env", "dev") == FAILED
    assert "Destroy 2 resources of dev on aws? 1 resource of them hold data that is lost for good." in command.err
    assert "apply" not in command.stand_in.commands
    assert command("destroy", "--env", "dev", "--yes") == 0
    assert "-destroy" in command.stand_in.call("plan")["argv"]
    assert command.stand_in.call("apply")["argv"][-1] == str(command.work / "destroy.tfplan")
    assert "Destroyed 2 resources of dev on aws in" in command.out
    assert "output" not in command.stand_in.commands


def test_destroy_of_a_protected_environment_is_refused_with_the_line_and_the_next_step(command: Commands) -> None:
    prod(command)
    command.plans()
    assert command("destroy", "--env", "dev", "--yes") == FAILED
    assert "environments/dev/environment.yaml:10:23 protects the environment from deletion" in command.err
    assert "spec.deletionProtection: false" in command.err
    assert "plan" not in command.stand_in.commands


def test_protection_by_default_is_said_to_be_that(command: Commands) -> None:
    path = command.root / "environments/dev/environment.yaml"
    path.write_text(path.read_text().replace("  deletionProtection: false\n", ""))
    assert command("destroy", "--env", "dev", "--yes") == FAILED
    assert "spec.deletionProtection of dev, on by default, protects" in command.err


@pytest.mark.parametrize(("answer", "code"), [("prod", 0), ("y", FAILED)])
def test_destroy_of_prod_wants_its_name(
    command: Commands, resource: Resource, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    folder = command.root / "environments"
    (folder / "dev").rename(folder / "prod")
    path = folder / "prod/environment.yaml"
    path.write_text(path.read_text().replace("name: dev\n", "name: prod\n"))
    terminal = Terminal(monkeypatch, answer)
    command.plans(resource(QUEUE, ["delete"], before={}))
    assert command("destroy", "--env", "prod") == code
    assert terminal.asked[0].endswith("Type prod to go on")


def test_destroy_of_nothing_and_a_dry_run_destroy_nothing(command: Commands, resource: Resource) -> None:
    command.plans()
    assert command("destroy", "--env", "dev") == 0
    assert "There is nothing of dev on aws." in command.out
    command.plans(resource(QUEUE, ["delete"], before={}))
    assert command("destroy", "--env", "dev", "--yes", "--dry-run") == 0
    assert "Dry run: nothing of dev on aws was destroyed." in command.out
    assert command("destroy", "--env", "dev", "--yes", "--dry-run", "-o", "json") == 0
    assert command.document["destroyed"] is False
    assert "apply" not in command.stand_in.commands


# --- status, drift, output

STATE = {
    "version": 4, "terraform_version": "1.11.4", "serial": 37,
    "resources": [
        {"module": "module.queue", "mode": "managed", "type": "aws_sqs_queue", "name": "this",
         "instances": [{"index_key": "tabular-jobs", "attributes": {"id": "q"}}]},
        {"mode": "managed", "type": "aws_vpc", "name": "this", "instances": [{"attributes": {"id": "v"}}]},
    ],
}  # fmt: skip


def test_status_tells_what_is_applied_since_when_and_that_nobody_holds_the_state(command: Commands) -> None:
    command.plans(state_pull={"say": [STATE]})
    assert command("status", "--env", "dev", "--resources") == 0
    assert "dev on aws: 2 resources, last applied 2026-11-21 10:42:11 UTC." in command.out
    assert "State: s3://b/infrastructure, serial 37, terraform 1.11.4" in command.out
    assert "Service tabular" in command.out
    assert 'module.queue.aws_sqs_queue.this["tabular-jobs"]' in command.out
    assert "Lock: nobody holds the state." in command.out
    assert "Drift: not looked for; inferloop-deploy drift --env dev --cloud aws" in command.out
    assert "plan" not in command.stand_in.commands, "it looks at nothing but the state"


def test_status_before_the_first_apply_says_so(command: Commands) -> None:
    command.plans(state_pull={"say": []})
    assert command("status", "--env", "dev") == 0
    assert "dev on aws: nothing was applied yet." in command.out


def test_status_names_who_holds_the_state_and_what_was_not_finished(command: Commands, cloud: FakeCloud) -> None:
    cloud.held = HELD
    killed_run(command)
    command.plans(state_pull={"say": [STATE]})
    assert command("status", "--env", "dev") == 0
    assert "Lock: held by ada@laptop since 2026-11-21 10:42:11" in command.out
    assert f"inferloop-deploy state unlock --env dev --cloud aws {HELD.id}" in command.out
    assert "Unfinished: the apply of 2026-11-21T10:42:10+00:00 stopped in phase Apply" in command.out
    assert command("status", "--env", "dev", "-o", "json") == 0
    document = command.document
    assert document["lock"]["who"] == "ada@laptop"
    assert document["unfinished"][0]["phase"] == "Apply"
    assert document["resources"][0] == {"address": "aws_vpc.this", "service": None}


def test_status_needs_no_valid_services(command: Commands) -> None:
    (command.root / "services/tabular/deployment-config.yaml").write_text("apiVersion: v2\n")
    command.plans(state_pull={"say": [STATE]})
    assert command("status", "--env", "dev") == 0
    assert not (command.work / "services.auto.tfvars").exists()


def test_status_needs_a_valid_environment(command: Commands) -> None:
    (command.root / "environments/dev/environment.yaml").write_text("apiVersion: v2\n")
    assert command("status", "--env", "dev") == USAGE


def test_drift_names_what_was_changed_beside_the_files(command: Commands, resource: Resource) -> None:
    drifted = resource(
        QUEUE, ["update"], before={"visibility_timeout_seconds": 600}, after={"visibility_timeout_seconds": 30}
    )
    command.plans(show={"say": [{"resource_drift": [drifted, resource(BUCKET, ["delete"], before={})]}]})
    assert command("drift", "--env", "dev") == CHANGES
    assert "2 resources of dev on aws differ from what was applied." in command.out
    assert "visibility_timeout_seconds: 600 -> 30" in command.out
    assert f"- gone {BUCKET}" in command.out
    assert "-refresh-only" in command.stand_in.call("plan")["argv"]
    assert command("drift", "--env", "dev", "-o", "json") == CHANGES
    assert len(command.document["drift"]) == 2


def test_no_drift_is_exit_code_0(command: Commands) -> None:
    command.plans(show={"say": [{}]})
    assert command("drift", "--env", "dev") == 0
    assert "dev on aws is as it was applied." in command.out


def test_output_prints_all_or_one_and_never_what_is_sensitive(command: Commands) -> None:
    command.plans()
    assert command("output", "--env", "dev") == 0
    assert 'token = "(sensitive)"' in command.out
    assert command("output", "region", "--env", "dev") == 0
    assert command.out == "us-east-1\n"
    assert command("output", "token", "--env", "dev") == 0
    assert command.out == "(sensitive)\n"
    assert command("output", "platform", "--env", "dev", "--output", "json") == 0
    assert json.loads(command.out)["cloud"] == "aws"
    assert command("output", "--env", "dev", "--output", "json") == 0
    assert sorted(json.loads(command.out)) == ["platform", "region", "token"]


def test_an_output_that_is_not_there_is_named_with_the_nearest(command: Commands) -> None:
    command.plans()
    assert command("output", "platfrm", "--env", "dev") == USAGE
    assert "Did you mean platform?" in command.err
    command.plans(output={"say": ["{}"]})
    assert command("output", "platform", "--env", "dev") == USAGE
    assert "nothing was applied yet" in command.err


# --- state


def test_bootstrap_makes_the_place_once(command: Commands, cloud: FakeCloud) -> None:
    assert command("state", "bootstrap", "--env", "dev", "--dry-run") == 0
    assert "The place of the state would be made: s3://b/infrastructure" in command.out
    assert cloud.bootstrapped == []
    assert command("state", "bootstrap", "--env", "dev") == 0
    assert "The place of the state is ready: s3://b/infrastructure" in command.out
    assert cloud.bootstrapped == ["dev"]
    assert command("state", "bootstrap", "--env", "dev", "-o", "json") == 0
    assert json.loads(command.out)["changes"] == []
    assert command("state", "bootstrap", "--env", "dev") == 0
    assert "s3://b/infrastructure is ready already." in command.out


def test_unlock_says_whose_lock_it_is_and_asks(command: Commands, cloud: FakeCloud) -> None:
    cloud.held = HELD
    assert command("state", "unlock", "--env", "dev", HELD.id) == FAILED
    assert "ada@laptop holds the state since 2026-11-21 10:42:11" in command.err
    assert "force-unlock" not in command.stand_in.commands
    assert command("state", "unlock", "--env", "dev", "--yes") == 0
    assert command.stand_in.call("force-unlock")["argv"] == ["force-unlock", "-force", HELD.id]
    assert "Released: ada@laptop held the state." in command.out


def test_unlock_does_not_take_another_lock_than_the_one_that_is_named(command: Commands, cloud: FakeCloud) -> None:
    cloud.held = HELD
    assert command("state", "unlock", "--env", "dev", "--yes", "another") == USAGE
    assert "held by another lock" in command.err
    assert "force-unlock" not in command.stand_in.commands


def test_unlock_of_a_free_state_and_a_dry_run_do_nothing(command: Commands, cloud: FakeCloud) -> None:
    assert command("state", "unlock", "--env", "dev", "-o", "json") == 0
    assert json.loads(command.out) == {"unlocked": False, "lock": None}
    cloud.held = HELD
    assert command("state", "unlock", "--env", "dev", "--yes", "--dry-run") == 0
    assert "Dry run: ada@laptop still holds the state." in command.out
    assert "force-unlock" not in command.stand_in.commands


def test_a_state_that_could_not_be_saved_stops_everything_until_it_is_recovered(command: Commands) -> None:
    unsaved = command.root / "providers" / "aws" / "errored.tfstate"
    unsaved.write_text("{}")
    command.plans(state_pull={"say": [STATE]})
    for name in ("plan", "apply", "destroy", "drift"):
        assert command(name, "--env", "dev") == FAILED
        assert f"could not save its state, and left it in {unsaved}" in command.err
        assert "inferloop-deploy state recover --env dev --cloud aws" in command.err
    assert "plan" not in command.stand_in.commands
    assert command("status", "--env", "dev") == 0
    assert command("state", "recover", "--env", "dev", "--dry-run") == 0
    assert unsaved.exists()
    assert command("state", "recover", "--env", "dev") == 0
    assert command.stand_in.calls[-1]["argv"] == ["state", "push", "-lock-timeout=5s", str(unsaved)]
    assert "s3://b/infrastructure has what the apply made. Plan again." in command.out
    assert not unsaved.exists()
    assert command("state", "recover", "--env", "dev") == 0
    assert "There is no state to recover" in command.out
    assert command("state", "recover", "--env", "dev", "-o", "json") == 0
    assert json.loads(command.out)["recovered"] is False
    assert command("plan", "--env", "dev") == 0


def test_a_state_that_terraform_refuses_is_kept(command: Commands) -> None:
    unsaved = command.root / "providers" / "aws" / "errored.tfstate"
    unsaved.write_text("{}")
    command.plans(
        **{"state push": {"complain": ["Error: Failed to write state", "cannot import state with lineage"], "exit": 1}}
    )
    assert command("state", "recover", "--env", "dev") == FAILED
    assert "cannot import state with lineage" in command.err
    assert unsaved.exists()
