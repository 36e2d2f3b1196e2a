"""Releases through Terraform on a real API server, with the plug-in that stands in for hashicorp/helm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from helm_roots import Root, make_root

from inferloop_deploy.sandbox.cluster import Cluster

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("cluster")]


@pytest.fixture(scope="module")
def made(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root on the cluster."""
    return make_root(tmp_path_factory.mktemp("root"), cluster.environment(environ={}))


@pytest.fixture
def root(made: Root) -> Iterator[Root]:
    """The root without the state of an earlier test."""
    yield made
    (made.folder / "terraform.tfstate").unlink(missing_ok=True)
    (made.folder / ".terraform.tfstate.lock.info").unlink(missing_ok=True)


@pytest.fixture
def space(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own, which does not exist yet."""
    name = f"tiny-{uuid.uuid4().hex[:8]}"
    yield name
    cluster.kubectl(["delete", "namespace", name, "--ignore-not-found", "--wait=false"])


def within(space: str) -> dict[str, str]:
    """Return the arguments that put a release into a namespace."""
    return {"namespace": f'"{space}"', "create_namespace": "true"}


def state(root: Root) -> dict[str, Any]:
    """Return the release's attributes in the state."""
    document = json.loads(root.run("show", "-json").stdout)
    found: dict[str, Any] = document["values"]["root_module"]["resources"][0]["values"]
    return found


def history(cluster: Cluster, space: str) -> list[tuple[int, str]]:
    """Return revisions and what became of them."""
    told = cluster.helm(["history", "tiny", f"--namespace={space}", "--output=json"], check=False)
    return [(one["revision"], one["status"]) for one in json.loads(told.stdout or "[]")]


def text(cluster: Cluster, space: str) -> str:
    """Return what the release's chart wrote."""
    return cluster.kubectl(
        ["get", "configmap", "tiny", f"--namespace={space}", "--output=jsonpath={.data.text}"]
    ).stdout


def until(happened: Callable[[], bool], running: subprocess.Popen[str] | None = None) -> None:
    """Return as soon as something has happened; fails where the process that it waits for ends before."""
    while not happened():
        assert running is None or running.poll() is None, running.communicate()[0]


def plugins_of(root: Root) -> list[int]:
    """Return the running plug-ins of a root."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "exe").readlink().is_relative_to((root.folder / ".terraform").resolve()) or (
                (process / "cwd").readlink() == root.folder
                and "terraform-provider" in (process / "cmdline").read_text()
            ):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_a_release_is_made_changed_and_taken_away(root: Root, cluster: Cluster, space: str) -> None:
    secret = "a-word-nobody-says"
    sensitive = f'[{{ name = "secret", value = "{secret}" }}]'
    root.release('text = "one"', set_sensitive=sensitive, max_history="2", **within(space))
    said = root.apply()
    assert text(cluster, space) == "one"
    now = state(root)
    assert (now["id"], now["status"], now["version"], now["namespace"]) == ("tiny", "deployed", "0.1.0", space)
    about = now["metadata"]
    assert (about["name"], about["revision"], about["chart"], about["app_version"]) == ("tiny", 1, "tiny", "9")
    assert about["notes"].strip() == "Revision 1"
    assert json.loads(about["values"]) == {"secret": "(sensitive value)", "text": "one"}
    assert not root.plans_changes()

    root.release('text = "two"', set_sensitive=sensitive, max_history="2", **within(space))
    said += root.apply()
    assert text(cluster, space) == "two"
    assert state(root)["metadata"]["revision"] == 2
    assert state(root)["metadata"]["first_deployed"] == about["first_deployed"]
    assert not root.plans_changes()

    root.release('text = "three"', set_sensitive=sensitive, max_history="2", **within(space))
    said += root.apply()
    assert history(cluster, space) == [(2, "superseded"), (3, "deployed")]
    assert secret not in said

    root.succeed("destroy", "-auto-approve", "-input=false")
    assert history(cluster, space) == []
    assert cluster.kubectl(["get", "configmap", "tiny", f"--namespace={space}"], check=False).returncode == 1


def test_values_come_from_every_argument_in_helms_order(root: Root, cluster: Cluster, space: str) -> None:
    root.release(
        values='["a: {b: 1, c: 2}", "a: {b: 3}"]',
        set='[{ name = "a.d", value = "4" }, { name = "e", value = "5", type = "string" }]',
        set_list='[{ name = "f", value = ["x", "y"] }]',
        set_sensitive='[{ name = "g[0]", value = "hidden-word" }]',
        **within(space),
    )
    root.apply()
    given = json.loads(cluster.helm(["get", "values", "tiny", f"--namespace={space}", "--output=json"]).stdout)
    assert given == {"a": {"b": 3, "c": 2, "d": 4}, "e": "5", "f": ["x", "y"], "g": ["hidden-word"]}
    assert json.loads(state(root)["metadata"]["values"])["g"] == ["(sensitive value)"]


def test_a_change_of_the_name_makes_a_new_release(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    root.apply()
    root.release(**{**within(space), "name": '"other"'})
    assert "forces replacement" in root.succeed("plan", "-input=false")
    root.apply()
    assert json.loads(cluster.helm(["list", f"--namespace={space}", "--output=json"]).stdout)[0]["name"] == "other"


def test_a_release_changed_by_others_shows_as_drift(root: Root, cluster: Cluster, space: str) -> None:
    root.release('text = "one"', **within(space))
    root.apply()
    chart = str(root.folder / "chart")
    cluster.helm(["upgrade", "tiny", chart, f"--namespace={space}", "--set=text=theirs"])
    said = root.succeed("plan", "-refresh-only", "-input=false")
    assert "revision = 1 -> 2" in said
    assert '"one" -> "theirs"' in said


def test_a_release_that_others_left_failed_is_upgraded(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    root.apply()
    chart = str(root.folder / "chart")
    failed = cluster.helm(["upgrade", "tiny", chart, f"--namespace={space}", "--set=port=99999"], check=False)
    assert failed.returncode == 1
    assert root.plans_changes()
    root.apply()
    assert history(cluster, space)[-1] == (3, "deployed")
    assert not root.plans_changes()


def test_a_release_that_others_took_away_is_made_again(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    root.apply()
    cluster.helm(["uninstall", "tiny", f"--namespace={space}"])
    assert "1 to add" in root.succeed("plan", "-input=false")
    root.apply()
    assert history(cluster, space) == [(1, "deployed")]


def test_a_release_that_others_took_away_is_no_obstacle_to_destroy(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    root.apply()
    cluster.helm(["uninstall", "tiny", f"--namespace={space}"])
    root.succeed("destroy", "-auto-approve", "-input=false", "-refresh=false")


def test_a_first_release_that_fails_leaves_nothing_where_it_is_atomic(root: Root, cluster: Cluster, space: str) -> None:
    root.release("port = 99999", atomic="true", **within(space))
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "has been uninstalled due to atomic being set" in said
    assert history(cluster, space) == []
    assert cluster.kubectl(["get", "configmap", "tiny", f"--namespace={space}"], check=False).returncode == 1
    root.release("port = 80", atomic="true", **within(space))
    root.apply()
    assert history(cluster, space) == [(1, "deployed")]


def test_a_first_release_that_fails_and_stays_is_replaced_by_the_next_apply(
    root: Root, cluster: Cluster, space: str
) -> None:
    root.release("port = 99999", **within(space))
    assert "99999" in root.fail("apply", "-auto-approve", "-input=false")
    assert history(cluster, space) == [(1, "failed")]
    root.release("port = 80", **within(space))
    assert "is tainted" in root.succeed("plan", "-input=false")
    root.apply()
    assert history(cluster, space) == [(1, "deployed")]


def test_an_upgrade_that_fails_is_rolled_back_where_it_is_atomic(root: Root, cluster: Cluster, space: str) -> None:
    root.release('text = "good"', atomic="true", **within(space))
    root.apply()
    root.release('text = "bad"\nport = 99999', atomic="true", **within(space))
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "has been rolled back due to atomic being set" in said
    assert text(cluster, space) == "good"
    assert history(cluster, space) == [(1, "superseded"), (2, "failed"), (3, "deployed")]
    assert root.plans_changes()
    root.release('text = "better"', atomic="true", **within(space))
    root.apply()
    assert text(cluster, space) == "better"


def test_a_sensitive_value_stands_in_no_message(root: Root, cluster: Cluster, space: str) -> None:
    root.release(set_sensitive='[{ name = "port", value = "99999" }]', atomic="true", **within(space))
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "Invalid value: (sensitive value)" in said
    assert "99999" not in said


def test_what_is_never_ready_ends_with_the_timeout_and_a_next_step(root: Root, cluster: Cluster, space: str) -> None:
    root.release("waits = true", atomic="true", timeout="1", **within(space))
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert f"kubectl get pods,events -n {space}" in said
    assert history(cluster, space) == []


def test_a_missing_namespace_is_refused_with_a_next_step(root: Root, space: str) -> None:
    root.release(namespace=f'"{space}"')
    assert "set create_namespace" in root.fail("apply", "-auto-approve", "-input=false")


def test_a_kind_that_the_cluster_does_not_know_is_refused_with_a_next_step(root: Root, space: str) -> None:
    unknown = root.folder / "chart" / "templates" / "unknown.yaml"
    unknown.write_text("apiVersion: example.invalid/v1\nkind: Nothing\nmetadata: {name: a}\n")
    try:
        root.release(**within(space))
        said = root.fail("apply", "-auto-approve", "-input=false")
    finally:
        unknown.unlink()
    assert 'no matches for kind "Nothing"' in said
    assert "custom resource definition first" in said


def test_a_name_in_use_is_refused_and_the_release_can_be_imported(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    chart = str(root.folder / "chart")
    cluster.helm(["install", "tiny", chart, f"--namespace={space}", "--create-namespace"])
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "cannot re-use a name that is still in use" in said
    assert f"terraform import ADDRESS {space}/tiny" in said
    root.succeed("import", "-input=false", "helm_release.this", f"{space}/tiny")
    root.apply()
    assert history(cluster, space)[-1] == (2, "deployed")
    assert not root.plans_changes()


def test_an_import_of_a_release_that_is_not_there_is_refused(root: Root, space: str) -> None:
    root.release(**within(space))
    assert "release: not found" in root.fail("import", "-input=false", "helm_release.this", f"{space}/tiny")


def test_an_interrupt_rolls_back_what_is_going_on(root: Root, cluster: Cluster, space: str) -> None:
    root.release("waits = true", atomic="true", **within(space))
    running = root.start("apply", "-auto-approve", "-input=false")
    until(lambda: history(cluster, space) == [(1, "pending-install")], running)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate()
    assert "It was interrupted" in " ".join(said.replace("│", " ").split())
    assert running.returncode == 1
    assert history(cluster, space) == []
    root.release(atomic="true", **within(space))
    root.apply()
    assert history(cluster, space) == [(1, "deployed")]


def test_a_killed_terraform_leaves_nothing_half_done(root: Root, cluster: Cluster, space: str) -> None:
    root.release("waits = true", atomic="true", **within(space))
    running = root.start("apply", "-auto-approve", "-input=false")
    until(lambda: history(cluster, space) == [(1, "pending-install")], running)
    assert plugins_of(root)
    running.kill()
    running.communicate()
    until(lambda: not plugins_of(root))
    assert history(cluster, space) == []
    (root.folder / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
    root.release(atomic="true", **within(space))
    root.apply()
    assert history(cluster, space) == [(1, "deployed")]


def test_a_release_that_a_killed_plug_in_left_pending_is_explained(root: Root, cluster: Cluster, space: str) -> None:
    root.release(atomic="true", **within(space))
    root.apply()
    root.release("waits = true", atomic="true", **within(space))
    running = root.start("apply", "-auto-approve", "-input=false")
    until(lambda: history(cluster, space)[-1] == (2, "pending-upgrade"), running)
    for process in plugins_of(root):
        os.kill(process, signal.SIGKILL)
    running.communicate()
    root.release(atomic="true", **within(space))
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "another operation (install/upgrade/rollback) is in progress" in said
    assert f"helm rollback tiny -n {space}" in said
    cluster.helm(["rollback", "tiny", "1", f"--namespace={space}"])
    root.apply()
    assert not root.plans_changes()


def test_of_two_applies_at_once_one_releases_and_the_other_is_refused(
    root: Root, cluster: Cluster, space: str, tmp_path: Path
) -> None:
    second = make_root(tmp_path, cluster.environment(environ={}))
    for one in (root, second):
        one.release(**within(space))
    with ThreadPoolExecutor() as both:
        outcomes = list(both.map(lambda one: one.run("apply", "-auto-approve", "-input=false"), (root, second)))
    assert sorted(outcome.returncode for outcome in outcomes) == [0, 1]
    assert history(cluster, space) == [(1, "deployed")]


def test_a_user_without_rights_is_told_which_are_missing(root: Root, cluster: Cluster, space: str) -> None:
    root.release(**within(space))
    cluster.kubectl(["create", "namespace", space])
    someone = cluster.user("someone")
    settings = f'provider "helm" {{\n  kubernetes = {{ config_path = "{someone}" }}\n}}'
    main = root.folder / "main.tf"
    main.write_text(main.read_text().replace('provider "helm" {}', settings))
    assert "is forbidden" in root.fail("apply", "-auto-approve", "-input=false")
