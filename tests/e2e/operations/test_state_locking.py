"""The state on S3: two applies at once, applies that are stopped at any moment, locks that are left behind."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from inferloop_deploy.errors import CHANGES, FAILED
from inferloop_deploy.journal import process_runs

pytestmark = [pytest.mark.e2e, pytest.mark.terraform, pytest.mark.xdist_group("locking")]

MakeCheckout = Callable[[str], Any]
BUCKET = "inferloop-dev-tfstate-123456789012"
KEY = "dev/aws/infrastructure.tfstate"
LOCK = f"{KEY}.tflock"
DEV = ("--env", "dev", "--sandbox")
ME = f"{getpass.getuser()}@{socket.gethostname()}"
ALL = ["quick", "slow[tabular]"]


def gone(process: int) -> None:
    """Wait until a process has ended."""
    tick = threading.Event()
    while process_runs(process):
        tick.wait(0.05)


def test_of_two_applies_at_once_the_second_is_told_who_holds_the_state(checkout: MakeCheckout) -> None:
    ada, bob = checkout("ada"), checkout("bob")
    first = ada.apply_until_slow()
    code, said = bob.run("apply", *DEV)
    assert code == FAILED
    assert f"The state is locked by {ME} since 20" in said
    assert "inferloop-deploy state unlock --env dev --cloud aws --sandbox " in said
    assert "OperationTypeApply" in said
    code, said = bob.run("status", *DEV)
    assert code == 0
    assert f"Lock: held by {ME} since" in said
    ada.go()
    assert first.end()[0] == 0
    assert ada.addresses() == ALL
    code, said = bob.run("apply", *DEV)
    assert code == 0
    assert "already is what its files say" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_apply_gives_the_lock_back_and_continues_when_run_again(checkout: MakeCheckout, number: int) -> None:
    ada = checkout("ada")
    apply = ada.apply_until_slow()
    apply.process.send_signal(number)
    code, said = apply.end()
    assert code == FAILED
    assert "stopping: terraform finishes what is under way" in said
    assert "Run the same command again: it continues from there." in said
    assert not ada.locked()
    assert ada.addresses() == ["quick"]
    code, said = ada.run("status", *DEV)
    assert "stopped in phase Apply; run it again" in said
    ada.go()
    code, said = ada.run("apply", *DEV, "--yes")
    assert (code, ada.addresses()) == (0, ALL), said
    assert "continuing: the apply of" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells terraform that the command is gone")
def test_terraform_ends_in_order_when_the_command_is_killed(checkout: MakeCheckout) -> None:
    ada = checkout("ada")
    apply = ada.apply_until_slow()
    terraform = ada.terraform()
    apply.process.kill()
    apply.end()
    gone(terraform)
    assert not ada.locked()
    assert ada.addresses() == ["quick"]
    ada.go()
    code, said = ada.run("apply", *DEV, "--yes")
    assert (code, ada.addresses()) == (0, ALL), said


def test_an_apply_that_was_killed_with_terraform_continues_and_releases_its_own_lock(checkout: MakeCheckout) -> None:
    ada, bob = checkout("ada"), checkout("bob")
    apply = ada.apply_until_slow()
    terraform = ada.terraform()
    os.kill(terraform, signal.SIGKILL)
    apply.process.kill()
    apply.end()
    gone(terraform)
    assert ada.locked()
    code, said = bob.run("plan", *DEV)
    assert code == FAILED, "it is not the other checkout's to release"
    assert "locked by" in said
    ada.go()
    code, said = ada.run("apply", *DEV, "--yes")
    assert (code, ada.addresses()) == (0, ALL), said
    assert "left by the apply of" in said
    assert not ada.locked()


def test_the_lock_of_somebody_who_is_gone_is_released_by_hand(checkout: MakeCheckout) -> None:
    ada = checkout("ada")
    assert ada.run("plan", *DEV)[0] == CHANGES
    body = {"ID": "7f6c2d0e-1b1f-5a39-9a2c-0d6c1f0c9f11", "Operation": "OperationTypeApply", "Who": "bob@laptop"}
    body |= {"Version": "1.11.4", "Created": "2026-11-20T17:03:00Z", "Info": "", "Path": f"{BUCKET}/x"}
    ada.s3.put_object(Bucket=BUCKET, Key=LOCK, Body=json.dumps(body).encode())
    code, said = ada.run("plan", *DEV)
    assert code == FAILED
    assert "The state is locked by bob@laptop since 2026-11-20" in said
    code, said = ada.run("state", "unlock", *DEV, body["ID"])
    assert code == FAILED, "it asks, and there is nobody to answer"
    assert "bob@laptop holds the state since 2026-11-20T17:03:00Z" in said
    assert ada.locked()
    code, said = ada.run("state", "unlock", *DEV, body["ID"], "--yes")
    assert (code, ada.locked()) == (0, False), said
    assert ada.run("plan", *DEV)[0] == CHANGES


def test_two_plans_at_once_wait_for_each_other(checkout: MakeCheckout) -> None:
    # However long the other's plan takes on a busy machine: that it waits is tested here, and elsewhere that it does not for ever.
    patient = "import inferloop_deploy.terraform.run as run; run.LOCK_PATIENCE = '300s'"
    running = [checkout(name).start("plan", *DEV, first=patient) for name in ("ada", "bob")]
    ended = [one.end() for one in running]
    assert [code for code, _ in ended] == [CHANGES, CHANGES], "\n".join(said for _, said in ended)


def test_a_state_that_could_not_be_saved_is_recovered_into_the_bucket(checkout: MakeCheckout) -> None:
    ada = checkout("ada")
    ada.folder.mkdir(parents=True)
    ada.go()
    assert ada.run("apply", *DEV)[0] == 0
    state = json.loads(ada.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    unsaved = ada.folder / "errored.tfstate"
    unsaved.write_text(json.dumps({**state, "serial": state["serial"] + 5}))
    code, said = ada.run("plan", *DEV)
    assert code == FAILED
    assert "inferloop-deploy state recover --env dev --cloud aws --sandbox" in said
    code, said = ada.run("state", "recover", *DEV)
    assert (code, unsaved.exists()) == (0, False), said
    assert json.loads(ada.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())["serial"] > state["serial"] + 4
    unsaved.write_text(json.dumps({**state, "lineage": "another environment's", "serial": 99}))
    code, said = ada.run("state", "recover", *DEV)
    assert code == FAILED
    assert "lineage" in said
    assert unsaved.exists()
