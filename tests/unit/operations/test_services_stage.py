"""The second stage's commands; terraform, the cloud, kubectl and helm are stand-ins."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from inferloop_deploy import operations, rehearsal, stage
from inferloop_deploy.cli import run
from inferloop_deploy.clouds import Backend, Identity, Written
from inferloop_deploy.errors import CHANGES, FAILED, USAGE
from inferloop_deploy.terraform import Lock

Resource = Callable[..., dict[str, Any]]
RELEASE = 'module.release["tabular"].helm_release.this'
BASE = "module.platform.helm_release.base"
CLUSTER = {
    "name": "inferloop-dev", "endpoint": "https://eks.example", "ca_certificate": "Q0E=", "version": "1.34",
    "auth": {"kind": "aws-eks", "region": "us-east-1", "cluster": "inferloop-dev"}, "node_pools": {},
}  # fmt: skip
PLATFORM = {"placeholder": False, "cluster": CLUSTER}
MANIFEST = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tabular}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: tabular}
"""
PROGRAM = """\
#!{python} -S
import json, sys
from pathlib import Path
here = Path({here!r})
line = " ".join(word for word in sys.argv[1:] if not word.startswith("--kubeconfig"))
with (here / "calls").open("a") as calls:
    calls.write({name!r} + " " + line + "\\n")
for key, (code, text) in json.loads((here / "answers.json").read_text()).items():
    if key in line:
        print(text, file=sys.stderr if code else sys.stdout)
        sys.exit(code)
"""


class Cloud:
    """A cloud that is there."""

    name = "aws"
    backend_kind = "s3"
    holds_data: dict[str, str] = {}  # noqa: RUF012
    moves_by_itself: dict[str, frozenset[str]] = {}  # noqa: RUF012
    held: Lock | None = None

    def identity(self, environment: Any) -> Identity:
        return Identity("123456789012", "ada")

    def backend(self, environment: Any, account: str, stage: str) -> Backend:
        return Backend({"key": stage}, f"s3://b/{stage}")

    def state_store(self, environment: Any, backend: Backend) -> Cloud:
        return self

    def exists(self) -> bool:
        return True

    def written(self) -> Written | None:
        return None

    def lock(self) -> Lock | None:
        return self.held


@dataclass
class Commands:
    """Runs commands in a small project with both stages."""

    root: Path
    stand_in: Any
    folder: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        code = run(["--root", str(self.root), *arguments])
        self.out, self.err = self.capsys.readouterr()
        return code

    def terraform(self, platform: dict[str, Any] | None = PLATFORM, **commands: Any) -> None:
        """Let terraform tell this platform, and do what else is said."""
        outputs = {} if platform is None else {"platform": {"value": platform, "type": "object"}}
        self.stand_in.script(**{"output": {"say": [outputs]}, **commands})

    def cluster(self, **answers: str | tuple[int, str]) -> None:
        """Let kubectl and helm answer where a word is in their command line; the first that fits counts."""
        known: dict[str, Any] = {
            "--raw=/version": '{"gitVersion": "v1.34.4"}',
            "--raw=/apis/monitoring": '{"resources": [{"kind": "ServiceMonitor"}]}',
            "--raw=": '{"resources": [{"kind": "Deployment"}]}',
            "list --all": "[]",
            "template": MANIFEST,
            "get externalsecrets": '{"items": []}',
            "get deployments": '{"items": []}',
        }
        given = {name.replace("_", " "): answer for name, answer in answers.items()}
        found = {**given, **{key: value for key, value in known.items() if key not in given}}
        shown = {key: (0, value) if isinstance(value, str) else value for key, value in found.items()}
        (self.folder / "answers.json").write_text(json.dumps(shown))

    @property
    def calls(self) -> list[str]:
        """How kubectl and helm were called."""
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def told(self) -> dict[str, Any]:
        """What the second stage was told of the first."""
        path = self.root / "build/dev/aws/kubernetes/platform.auto.tfvars.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found


def planned(**outputs: Any) -> dict[str, Any]:
    """Return what terraform shows of a plan of a pure root."""
    return {"planned_values": {"outputs": {name: {"value": value} for name, value in outputs.items()}}}


VALUES = planned(
    releases={"tabular": {"namespace": "inferloop", "values": {"name": "tabular"}, "text": "name: tabular\n"}},
    problems={},
    platform=[],
    platform_problems=[],
    apis=[],
)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    found = Cloud()
    for module in (stage, rehearsal):
        monkeypatch.setattr(module, "find_cloud", lambda name, settings=None: found)
    return found


@pytest.fixture
def command(
    make_project: Callable[..., Path],
    stand_in: Any,
    cloud: Cloud,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Commands:
    roots = ("providers/aws", "providers/kubernetes", "providers/kubernetes/values", "modules/base/placeholder")
    root = make_project({f"{folder}/versions.tf": "" for folder in roots})
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("kubectl", "helm"):
        program = folder / name
        program.write_text(PROGRAM.format(python=sys.executable, here=str(folder), name=name))
        program.chmod(0o755)
        monkeypatch.setenv(f"INFERLOOP_{name.upper()}", str(program))
    monkeypatch.setenv("INFERLOOP_TERRAFORM", str(stand_in.program))
    monkeypatch.setenv("HOME", environ["HOME"])
    own = tmp_path / "own.tfrc"
    own.write_text("")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    found = Commands(root, stand_in, folder, capsys)
    found.terraform()
    found.cluster()
    return found


@pytest.fixture
def create(resource: Resource) -> dict[str, Any]:
    return resource(RELEASE, ["create"], after={"name": "tabular", "values": ["name: tabular\n"]})


SERVICES = ("--env", "dev", "--stage", "services")


# --- which stages


def test_both_stages_are_planned_in_their_order_and_each_by_itself(command: Commands) -> None:
    command.terraform(show={"say": [{"resource_changes": []}]})
    assert command("plan", "--env", "dev") == 0
    assert command.out.index("Plan for dev on aws") < command.out.index("Plan for the services in dev on aws")
    plans = [call for call in command.stand_in.calls if call["argv"][0] == "plan"]
    assert plans[0]["cwd"].endswith("providers/aws")
    assert plans[1]["cwd"].endswith("build/dev/aws/kubernetes/tree/providers/kubernetes")
    assert f"-var-file={command.root}/build/dev/aws/kubernetes/platform.auto.tfvars.json" in plans[1]["argv"]


def test_the_second_stage_keeps_its_state_in_the_same_place_under_another_key(command: Commands) -> None:
    command.terraform(show={"say": [{"resource_changes": []}]})
    command("plan", "--env", "dev")
    keys = [
        word for call in command.stand_in.calls if call["argv"][0] == "init" for word in call["argv"] if "key=" in word
    ]
    assert keys == ["-backend-config=key=infrastructure", "-backend-config=key=services"]
    tree = command.root / "build/dev/aws/kubernetes/tree/providers/kubernetes"
    assert 'backend "s3" {}' in (tree / "backend_override.tf").read_text()


def test_the_services_alone_can_be_planned(command: Commands) -> None:
    command.terraform(show={"say": [{"resource_changes": []}]})
    assert command("plan", *SERVICES, "--output", "json") == 0
    assert [one["stage"] for one in json.loads(command.out)["stages"]] == ["services"]


def test_an_environment_without_a_cluster_has_one_stage(command: Commands) -> None:
    path = command.root / "environments/dev/environment.yaml"
    path.write_text(path.read_text().replace("  cluster:\n", "  cluster:\n    enabled: false\n"))
    command.terraform(show={"say": [{"resource_changes": []}]})
    for file in (command.root / "services").rglob("*.yaml"):
        file.write_text("apiVersion: v1\nkind: ServiceConfig\nmetadata: {name: tabular}\n"
                        "spec: {service: {image: {tag: 1.0.0}, placement: {runtime: fargate}}}\n")  # fmt: skip
    assert command("plan", "--env", "dev") == 0, command.err
    assert "services in dev" not in command.out
    assert command("plan", *SERVICES) == USAGE
    assert "dev on aws has no cluster to release services into (environments/dev/environment.yaml:" in command.err


# --- planning


def test_what_changes_in_a_release_is_told_by_its_values_with_the_line_of_yaml(
    command: Commands, resource: Resource
) -> None:
    def values(replicas: int, secret: str) -> str:
        return yaml.safe_dump({"name": "tabular", "processes": {"main": {"replicas": replicas, "args": ["a"] * 60}}})

    change = resource(
        RELEASE,
        ["update"],
        {"values": [values(1, "x")], "metadata": {"revision": 1}, "timeout": 300},
        {"values": [values(2, "y")], "timeout": 600},
        after_unknown={"metadata": True},
    )
    command.terraform(show={"say": [{"resource_changes": [change]}]})
    assert command("plan", *SERVICES) == CHANGES
    assert "    processes.main.replicas: 1 -> 2" in command.out
    assert "timeout: 300 -> 600" in command.out
    assert "metadata" not in command.out
    assert '"a"' not in command.out
    assert "services/tabular/deployment-config.yaml:" in command.out


def test_values_that_are_sensitive_stay_hidden(command: Commands, resource: Resource) -> None:
    change = resource(
        RELEASE, ["update"], {"values": ["a: hush"]}, {"values": ["a: quiet"]},
        before_sensitive={"values": True}, after_sensitive={"values": True},
    )  # fmt: skip
    command.terraform(show={"say": [{"resource_changes": [change]}]})
    command("plan", *SERVICES)
    assert "values: (sensitive) -> (sensitive, changes)" in command.out
    assert "hush" not in command.out + command.err
    assert "quiet" not in command.out + command.err


def test_the_cluster_is_looked_at_before_it_is_planned(command: Commands) -> None:
    command.cluster(**{"--raw=/version": (1, "The connection to the server eks.example was refused")})
    assert command("plan", *SERVICES) == FAILED
    assert "The cluster inferloop-dev does not answer at https://eks.example" in command.err
    assert "inferloop-deploy drift --env dev --cloud aws --stage infrastructure" in command.err
    assert "plan" not in command.stand_in.commands


def test_a_cluster_of_a_wrong_version_is_refused(command: Commands) -> None:
    command.cluster(**{"--raw=/version": '{"gitVersion": "v1.27.3"}'})
    assert command("plan", *SERVICES) == FAILED
    assert "The cluster is Kubernetes v1.27.3; 1.30 to 1.36 are supported." in command.err


def listed(status: str) -> str:
    return json.dumps(
        [
            {
                "name": "tabular",
                "namespace": "inferloop",
                "revision": "2",
                "status": status,
                "chart": "c-1",
                "updated": "u",
            }
        ]
    )


def test_a_stuck_release_is_refused_with_the_command_that_puts_it_back(command: Commands) -> None:
    command.cluster(list=listed("pending-upgrade"))
    assert command("plan", *SERVICES) == FAILED
    assert "tabular in namespace inferloop: pending-upgrade" in command.err
    assert "inferloop-deploy release unlock tabular --env dev --cloud aws" in command.err


# --- placeholders


def test_before_the_first_apply_the_services_are_planned_with_a_placeholder(
    command: Commands, create: dict[str, Any]
) -> None:
    command.terraform(
        None, show=[{"say": [planned(platform={**PLATFORM, "placeholder": True})]}, {"say": [{"resource_changes": [create]}]}],
        plan=[{"exit": 2}],
    )  # fmt: skip
    assert command("plan", *SERVICES, "--output", "json") == CHANGES
    assert json.loads(command.out)["stages"][0]["placeholder"] is True
    assert command.told["platform"]["placeholder"] is True
    assert command.calls == [], "there is no cluster to be asked"
    assert not (command.root / "build/dev/aws/kubernetes/plan.json").exists(), "nobody can have reviewed it"


def test_a_placeholder_is_not_applied(command: Commands) -> None:
    command.terraform(None, show={"say": [planned(platform={**PLATFORM, "placeholder": True})]}, plan={"exit": 2})
    assert command("apply", *SERVICES, "--yes") == FAILED
    assert "stage 1 of dev on aws was never applied" in command.err
    assert "apply" not in command.stand_in.commands


# --- applying


def apply_plans(command: Commands, create: dict[str, Any], *more: dict[str, Any], **commands: Any) -> None:
    shown = [{"say": [{"resource_changes": [create]}]}, {"say": [VALUES]}, *more]
    plans = [{"exit": 2}, {"exit": 2}, {"exit": 0}]
    command.terraform(show=shown, **{"plan": plans, **commands})


def test_services_are_released_where_the_cluster_knows_their_kinds(command: Commands, create: dict[str, Any]) -> None:
    apply_plans(command, create)
    assert command("apply", *SERVICES, "--yes") == 0, command.err
    assert "Applied to the services in dev on aws" in command.out
    assert command.stand_in.commands.count("apply") == 1


def test_kinds_that_nobody_brings_are_named_and_nothing_is_applied(command: Commands, create: dict[str, Any]) -> None:
    path = command.root / "environments/dev/environment.yaml"
    path.write_text(path.read_text() + "  clusterServices: {managed: false}\n")
    apply_plans(command, create)
    command.cluster(**{"--raw=/apis/monitoring": (1, "Error from server (NotFound): not found")})
    assert command("apply", *SERVICES, "--yes") == FAILED
    assert "ServiceMonitor (monitoring.coreos.com/v1), which the Prometheus operator" in command.err
    assert "apply" not in command.stand_in.commands


def test_kinds_that_the_platform_brings_are_waited_for_before_the_services_are_released(
    command: Commands, create: dict[str, Any], resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resource(BASE, ["create"], after={"name": "platform-base"})
    whole, part, rest = ({"say": [{"resource_changes": list(one)}]} for one in ([base, create], [base], [create]))
    values = {"say": [VALUES]}
    command.terraform(show=[whole, values, part, values, rest], plan=[{"exit": 2}] * 5 + [{"exit": 0}])
    command.cluster(**{"--raw=/apis/monitoring": (1, "Error from server (NotFound): not found")})
    waited: list[None] = []

    def come() -> None:
        waited.append(None)
        command.cluster()

    monkeypatch.setattr(operations, "pause", come)
    assert command("apply", *SERVICES, "--yes") == 0, command.err
    assert waited == [None]
    assert "waiting for Argo CD to bring the Prometheus operator" in command.err
    targets = [word for call in command.stand_in.calls for word in call["argv"] if word.startswith("-target=")]
    assert targets == ["-target=module.platform"]
    assert command.stand_in.commands.count("apply") == 2


def test_what_the_wait_has_brought_beside_what_was_agreed_to_is_not_applied(
    command: Commands, create: dict[str, Any], resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resource(BASE, ["create"], after={"name": "platform-base"})
    more = resource('module.release["textnlp"].helm_release.this', ["delete"], {"name": "textnlp"})
    whole, part, rest = ({"say": [{"resource_changes": list(one)}]} for one in ([base, create], [base], [create, more]))
    values = {"say": [VALUES]}
    command.terraform(show=[whole, values, part, values, rest], plan=[{"exit": 2}] * 5)
    command.cluster(**{"--raw=/apis/monitoring": (1, "Error from server (NotFound): not found")})
    monkeypatch.setattr(operations, "pause", command.cluster)
    assert command("apply", *SERVICES, "--yes") == FAILED
    assert 'module.release["textnlp"].helm_release.this: delete now, was not in the reviewed plan' in command.err
    assert command.stand_in.commands.count("apply") == 1


def test_a_failed_release_tells_which_secrets_are_missing(
    command: Commands, create: dict[str, Any], say_error: Callable[..., dict[str, Any]]
) -> None:
    apply_plans(command, create, apply={"exit": 1, "say": [say_error("context deadline exceeded")]})
    condition = {"type": "Ready", "status": "False", "message": "no such key"}
    secret = {"metadata": {"name": "tabular-database", "namespace": "inferloop"}, "status": {"conditions": [condition]}}
    command.cluster(get_externalsecrets=json.dumps({"items": [secret]}))
    assert command("apply", *SERVICES, "--yes") == FAILED
    assert "secret tabular-database in namespace inferloop: no such key; put it into the store" in command.err
    assert "the release was taken back" in command.err


def test_a_cluster_that_is_gone_after_a_failure_does_not_hide_it(
    command: Commands, create: dict[str, Any], say_error: Callable[..., dict[str, Any]]
) -> None:
    apply_plans(command, create, apply={"exit": 1, "say": [say_error("exceeded quota: services")]})
    command.cluster(get_externalsecrets=(1, "Unable to connect to the server"))
    assert command("apply", *SERVICES, "--yes") == FAILED
    assert "exceeded quota" in command.err
    assert "spec.clusterServices.quotas" in command.err


# --- deploy


def test_a_deploy_keeps_to_one_service_and_takes_another_image_for_it(
    command: Commands, create: dict[str, Any]
) -> None:
    apply_plans(command, create)
    digest = "sha256:" + "a" * 64
    assert command("deploy", "tabular", "--image", f"host/team/tabular:2@{digest}", "--env", "dev", "--yes") == 0, (
        command.err
    )
    plan = next(call for call in command.stand_in.calls if call["argv"][0] == "plan")
    assert '-target=module.release["tabular"]' in plan["argv"]
    assert command.told["images"] == {"tabular": {"repository": "host/team/tabular", "tag": "2", "digest": digest}}
    assert "Deployed tabular in" in command.out


def test_the_next_apply_has_the_image_of_the_file_again(command: Commands, create: dict[str, Any]) -> None:
    apply_plans(command, create)
    command("deploy", "tabular", "--tag", "2", "--env", "dev", "--yes")
    assert command.told["images"] == {"tabular": {"tag": "2"}}
    command.terraform(show={"say": [{"resource_changes": []}]})
    assert command("plan", *SERVICES) == 0
    assert command.told["images"] == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tabula",), "Did you mean tabular?"),
        (("tabular", "--image", "not an image"), "--image not an image: not an image."),
        (("tabular", "--image", "host/team/tabular"), "neither a tag nor a digest"),
        (("tabular", "--image", "h/t:1", "--tag", "2"), "only one of them"),
    ],
)
def test_a_deploy_of_what_is_not_there_is_refused(command: Commands, words: tuple[str, ...], said: str) -> None:
    assert command("deploy", *words, "--env", "dev") == USAGE
    assert said in command.err


# --- scale, logs, port-forward, kubeconfig


def test_scaling_says_that_the_next_deploy_undoes_it(command: Commands) -> None:
    assert command("scale", "tabular", "--replicas", "5", "--env", "dev") == 0, command.err
    assert command.calls[-1] == "kubectl scale deployment/tabular --namespace=inferloop --replicas=5"
    assert "The next deploy restores" in command.out


def test_a_dry_run_scales_nothing(command: Commands) -> None:
    assert command("scale", "tabular", "--replicas", "5", "--env", "dev", "--dry-run") == 0
    assert command.calls == []
    assert "tabular would have 5 replicas." in command.out


def with_spec(command: Commands, spec: str) -> None:
    path = command.root / "services/tabular/deployment-config.yaml"
    path.write_text(f"apiVersion: v1\nkind: ServiceConfig\nmetadata: {{name: tabular}}\nspec: {spec}\n")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{service: {autoscaling: {min: 1, max: 3, metrics: {cpu: 70}}}}", "Change min and max of spec.service.autoscaling"),
        ("{service: {type: cron, schedule: '0 3 * * *'}}", "tabular is a cron: it runs to its end"),
        ("{service: {image: {tag: 1.0.0}, placement: {runtime: fargate}}}", "Nothing of tabular runs in the cluster: its runtime is fargate"),
    ],
)  # fmt: skip
def test_what_something_else_owns_is_not_scaled(command: Commands, spec: str, said: str) -> None:
    with_spec(command, spec)
    assert command("scale", "tabular", "--replicas", "5", "--env", "dev") == USAGE
    assert said in command.err
    assert command.calls == []


def test_what_is_scaled_down_at_night_is_not_scaled_by_hand(command: Commands) -> None:
    path = command.root / "environments/dev/environment.yaml"
    path.write_text(path.read_text() + "  clusterServices: {night: {enabled: true}}\n")
    assert command("scale", "tabular", "--replicas", "5", "--env", "dev") == USAGE
    assert "spec.clusterServices.night" in command.err


def test_logs_hand_over_to_kubectl_and_return_its_exit_code(command: Commands) -> None:
    command.cluster(logs=(3, "gone"))
    assert command("logs", "tabular", "--env", "dev", "--since", "10m", "--process", "main") == 3
    assert "app.kubernetes.io/name=tabular,app.kubernetes.io/component=main" in command.calls[-1]
    assert "--since=10m" in command.calls[-1]


def test_a_process_that_is_not_there_is_named_with_those_there_are(command: Commands) -> None:
    assert command("logs", "tabular", "--env", "dev", "--process", "mian") == USAGE
    assert "Did you mean main?" in command.err
    assert command("logs", "tabular", "--env", "dev", "--since", "yesterday") == USAGE
    assert "--since yesterday: not a time." in command.err


def test_a_port_leads_to_a_service_that_listens(command: Commands) -> None:
    assert command("port-forward", "tabular", "8081", "--env", "dev") == 0
    assert command.calls[-1] == "kubectl port-forward service/tabular --namespace=inferloop 8081:80"
    with_spec(command, "{service: {type: worker}}")
    assert command("port-forward", "tabular", "--env", "dev") == USAGE
    assert "tabular listens on no port: it is a worker." in command.err


def test_a_kubeconfig_is_printed_or_written_for_its_owner_alone(command: Commands, tmp_path: Path) -> None:
    assert command("kubeconfig", "--env", "dev") == 0
    document = yaml.safe_load(command.out)
    assert document["users"][0]["user"]["exec"]["command"] == "aws"
    file = tmp_path / "config"
    assert command("kubeconfig", "--env", "dev", "--write", str(file)) == 0
    assert yaml.safe_load(file.read_text()) == document
    assert file.stat().st_mode & 0o777 == 0o600


def test_before_the_first_apply_there_is_no_cluster_to_talk_to(command: Commands) -> None:
    command.terraform(None)
    assert command("kubeconfig", "--env", "dev") == FAILED
    assert "dev on aws has no cluster yet." in command.err


# --- release unlock


def history(*statuses: str) -> str:
    return json.dumps([{"revision": number, "status": status} for number, status in enumerate(statuses, 1)])


def test_a_stuck_upgrade_goes_back_to_the_last_revision_that_was_whole(command: Commands) -> None:
    command.cluster(list=listed("pending-upgrade"), history=history("deployed", "pending-upgrade"))
    assert command("release", "unlock", "tabular", "--env", "dev", "--yes") == 0, command.err
    assert command.calls[-1] == "helm rollback tabular 1 --namespace=inferloop --wait --timeout=5m"
    assert "Revision 1 of tabular is back." in command.out


def test_a_first_installation_that_was_cut_off_is_removed(command: Commands) -> None:
    command.cluster(list=listed("pending-install"), history=history("pending-install"))
    assert command("release", "unlock", "tabular", "--env", "dev", "--yes") == 0, command.err
    assert command.calls[-1] == "helm uninstall tabular --namespace=inferloop --wait --timeout=5m"


def test_a_release_that_is_not_stuck_is_left_alone(command: Commands) -> None:
    command.cluster(list=listed("deployed"))
    assert command("release", "unlock", "tabular", "--env", "dev", "--yes", "--output", "json") == 0
    assert json.loads(command.out)["unlocked"] is False
    assert not any("rollback" in call or "uninstall" in call for call in command.calls)


def test_nothing_is_put_back_without_an_answer_or_on_a_dry_run(command: Commands) -> None:
    command.cluster(list=listed("pending-upgrade"), history=history("deployed", "pending-upgrade"))
    assert command("release", "unlock", "tabular", "--env", "dev") == FAILED
    assert "There is no terminal to answer on" in command.err
    assert command("release", "unlock", "tabular", "--env", "dev", "--yes", "--dry-run") == 0
    assert not any("rollback" in call for call in command.calls)


def test_nothing_is_put_back_while_somebody_releases(command: Commands, cloud: Cloud) -> None:
    command.cluster(list=listed("pending-upgrade"), history=history("deployed", "pending-upgrade"))
    cloud.held = Lock("1", "ada@laptop", "OperationTypeApply", "2026-11-21 10:42:11 +0000 UTC", "path")
    assert command("release", "unlock", "tabular", "--env", "dev", "--yes") == FAILED
    assert "The state is locked by ada@laptop" in command.err
    assert not any("rollback" in call for call in command.calls)


def test_an_unknown_release_is_named_with_those_there_are(command: Commands) -> None:
    command.cluster(list=listed("deployed"))
    assert command("release", "unlock", "tabula", "--env", "dev") == USAGE
    assert "Did you mean tabular?" in command.err


# --- status, destroy


STATE = {
    "version": 4, "serial": 1, "terraform_version": "1.11.4",
    "resources": [{"module": 'module.release["tabular"]', "mode": "managed", "type": "helm_release", "name": "this",
                   "instances": [{"attributes": {}}]}],
}  # fmt: skip


def test_status_shows_releases_and_what_of_them_is_ready(command: Commands) -> None:
    command.terraform(state_pull={"say": [STATE]})
    labels = {"app.kubernetes.io/name": "tabular", "app.kubernetes.io/component": "main"}
    template = {"spec": {"containers": [{"image": "host/tabular:1"}]}}
    item = {
        "kind": "Deployment",
        "metadata": {"name": "tabular", "namespace": "inferloop", "labels": labels},
        "spec": {"replicas": 2, "template": template},
        "status": {"readyReplicas": 1},
    }
    command.cluster(list=listed("deployed"), get_deployments=json.dumps({"items": [item]}))
    assert command("status", "--env", "dev") == 0, command.err
    assert "Release tabular: deployed, revision 2, c-1" in command.out
    assert "1 of 2 ready" in command.out
    assert "host/tabular:1" in command.out
    assert command("status", "--env", "dev", "--output", "json") == 0
    services = json.loads(command.out)["stages"][1]
    assert services["releases"][0]["status"] == "deployed"
    assert services["workloads"][0]["ready"] == 1


def test_status_of_a_cluster_that_does_not_answer_still_shows_the_state(command: Commands) -> None:
    command.terraform(state_pull={"say": [STATE]})
    command.cluster(list=(1, "Unable to connect to the server: dial tcp: i/o timeout"))
    assert command("status", *SERVICES) == 0
    assert "The services in dev on aws" in command.out
    assert "Cluster: The cluster inferloop-dev does not answer" in command.out


def test_destroy_takes_the_services_first(command: Commands, resource: Resource) -> None:
    gone = resource(RELEASE, ["delete"], before={"name": "tabular"})
    queue = resource("aws_sqs_queue.this", ["delete"], before={})
    shown = [{"say": [{"resource_changes": [one]}]} for one in (gone, queue)]
    command.terraform(state_pull={"say": [STATE]}, plan={"exit": 2}, show=shown)
    assert command("destroy", "--env", "dev", "--yes", "--output", "json") == 0, command.err
    assert [one["stage"] for one in json.loads(command.out)["stages"]] == ["services", "infrastructure"]


def test_destroy_does_not_ask_a_cluster_where_nothing_was_released(command: Commands) -> None:
    command.terraform(state_pull={"say": [{**STATE, "resources": []}]}, show={"say": [{"resource_changes": []}]})
    assert command("destroy", "--env", "dev", "--yes") == 0, command.err
    assert "nothing of the services was applied" in command.err
    assert command.calls == []
