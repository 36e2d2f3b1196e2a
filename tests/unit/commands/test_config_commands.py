"""init, validate, show, explain, diff and schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from projects import CLOUD, ENVIRONMENT, service

from inferloop_deploy.schema import service_schema

Command = Callable[..., Any]
TWO = {
    "environments/dev/environment.yaml": ENVIRONMENT,
    "environments/dev/aws.yaml": CLOUD,
    "environments/two/environment.yaml": ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20"),
    "environments/two/aws.yaml": CLOUD,
    "services/tabular/deployment-config.yaml": service(
        "tabular", "service: {replicas: 2}", rest="environments: {two: {spec: {service: {replicas: 4}}}}"
    ),
}


@pytest.fixture
def project(make_project: Callable[..., Path]) -> Path:
    """A project with one service and two environments that differ."""
    return make_project(TWO)


def test_a_valid_project_is_said_to_be(command: Command, project: Path) -> None:
    result = command("validate", at=project)
    assert (result.code, result.out) == (0, "5 files valid for dev/aws, two/aws.\n")
    found = command("validate", "-o", "json").json
    assert found["valid"] is True
    assert found["targets"] == ["dev/aws", "two/aws"]
    assert found["problems"] == []
    assert len(found["files"]) == 5


def test_every_problem_is_printed_and_counted(command: Command, project: Path) -> None:
    broken = service("broken", "service: {replica: 1, replicas: 2, disruptionBudget: {minAvailable: 2}}")
    (project / "services/broken").mkdir()
    (project / "services/broken/deployment-config.yaml").write_text(broken, encoding="utf-8")
    result = command("validate", at=project)
    assert result.code == 2
    assert "services/broken/deployment-config.yaml:5:13: error: spec.service.replica: unknown key" in result.out
    assert "warning: spec.service.disruptionBudget.minAvailable" in result.out
    assert result.out.splitlines()[-1] == "1 error and 1 warning in 1 file."
    (problem, warning) = command("validate", "-o", "json").json["problems"]
    assert problem == {
        "file": "services/broken/deployment-config.yaml",
        "line": 5,
        "column": 13,
        "path": "spec.service.replica",
        "message": "unknown key",
        "found": '"replica"',
        "expected": problem["expected"],
        "hint": "Did you mean replicas?",
        "check": "unknown-key",
        "severity": "error",
    }
    assert warning["severity"] == "warning"


def test_warnings_alone_are_no_failure(command: Command, project: Path) -> None:
    (project / "services/tabular/deployment-config.yaml").write_text(
        service("tabular", "service: {replicas: 2, disruptionBudget: {minAvailable: 2}}"), encoding="utf-8"
    )
    result = command("validate", at=project)
    assert result.code == 0
    assert result.out.splitlines()[-1] == "5 files valid for dev/aws, two/aws, with 1 warning."


def test_single_files_are_checked_with_the_project_around_them(command: Command, project: Path) -> None:
    (project / "services/other").mkdir()
    (project / "services/other/deployment-config.yaml").write_text("[", encoding="utf-8")
    good, bad = "services/tabular/deployment-config.yaml", "services/other/deployment-config.yaml"
    assert command("validate", good, at=project).code == 0
    assert command("validate", good, bad).code == 2
    assert command("validate", "deployment-config.yaml", at=project / "services/tabular").out.startswith("1 file valid")


def test_a_file_from_elsewhere_is_checked_as_a_service_of_the_project(
    command: Command, project: Path, tmp_path: Path
) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(service("billing", "dependencies: [{name: tabular, type: service}]"), encoding="utf-8")
    assert command("validate", str(draft), at=project).code == 0
    draft.write_text(service("billing", "dependencies: [{name: tabula, type: service}]"), encoding="utf-8")
    assert f"{draft}:5:25" in command("validate", str(draft)).out


def test_a_file_from_elsewhere_stands_in_for_the_service_of_its_name(
    command: Command, project: Path, tmp_path: Path
) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(service("tabular", "service: {replicas: 3}"), encoding="utf-8")
    assert command("validate", str(draft), at=project).code == 0


def test_a_file_is_checked_without_a_project(command: Command, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(service("billing", "service: {replica: 2}"), encoding="utf-8")
    result = command("validate", str(draft), at=tmp_path)
    assert result.code == 2
    assert "unknown key" in result.out
    draft.write_text("{", encoding="utf-8")
    assert "not valid YAML" in command("validate", str(draft)).out


def test_a_folder_stands_for_its_files(command: Command, project: Path) -> None:
    assert command("validate", "services", at=project).out.startswith("1 file valid")
    assert command("validate", "environments/two").out.startswith("2 files valid")
    (project / "empty").mkdir()
    assert "there is no YAML file in this folder" in command("validate", "empty").err


def test_a_file_of_an_environment_from_elsewhere_is_refused(command: Command, project: Path, tmp_path: Path) -> None:
    (tmp_path / "aws.yaml").write_text(CLOUD, encoding="utf-8")
    result = command("validate", str(tmp_path / "aws.yaml"), at=project)
    assert result.code == 2
    assert "is checked where it belongs" in result.err


def test_an_empty_project_has_nothing_to_check(command: Command, tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "environments").mkdir()
    assert "nothing to check yet" in command("validate", at=tmp_path).out
    result = command("init", "first")
    assert result.code == 0
    assert "--env" not in result.out
    assert "inferloop-deploy schema --write" in result.out
    assert command("validate").out == "1 file valid.\n"


def test_a_file_that_is_not_there_is_named(command: Command, project: Path) -> None:
    result = command("validate", "nowhere.yaml", at=project)
    assert result.code == 2
    assert "nowhere.yaml: there is no such file." in result.err


@pytest.mark.parametrize("kind", ["api", "worker", "job", "cron", "function"])
def test_a_new_service_is_valid_and_has_its_schema(kind: str, command: Command, project: Path) -> None:
    result = command("init", "billing", "--type", kind, at=project)
    assert result.code == 0
    assert result.out.startswith("Written: services/billing/deployment-config.yaml\n")
    text = (project / "services/billing/deployment-config.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../../schemas/service-config.schema.json\n")
    assert command("validate").code == 0
    import yaml

    jsonschema.Draft7Validator(service_schema()).validate(yaml.safe_load(text))
    assert f"type: {kind}" in text


def test_init_prints_json_too(command: Command, project: Path) -> None:
    assert command("init", "billing", "-o", "json", at=project).json == {
        "written": "services/billing/deployment-config.yaml"
    }


@pytest.mark.parametrize("name", ["../evil", "Billing", "a_b", "-x", "a/b", "", "a" * 41, "billing\n"])
def test_init_refuses_a_bad_name_and_writes_nothing(name: str, command: Command, project: Path) -> None:
    before = sorted(project.rglob("*"))
    result = command("init", "--", name, at=project)
    assert result.code == 2
    assert "is no name of a service" in result.err
    assert sorted(project.rglob("*")) == before
    assert not (project.parent / "evil").exists()


def test_init_refuses_a_folder_that_is_there(command: Command, project: Path) -> None:
    before = (project / "services/tabular/deployment-config.yaml").read_bytes()
    result = command("init", "tabular", at=project)
    assert result.code == 2
    assert "is there already" in result.err
    assert (project / "services/tabular/deployment-config.yaml").read_bytes() == before


def test_init_refuses_a_link_to_somewhere_else(command: Command, project: Path, tmp_path: Path) -> None:
    (project / "services/linked").symlink_to(tmp_path / "nowhere")
    assert command("init", "linked", at=project).code == 2
    assert not (tmp_path / "nowhere").exists()


def test_init_writes_nothing_where_another_service_has_the_path(command: Command, project: Path) -> None:
    (project / "services/tabular/deployment-config.yaml").write_text(
        service("tabular", "networking: {ingress: {enabled: true, path: /api/billing}}"), encoding="utf-8"
    )
    result = command("init", "billing", at=project)
    assert result.code == 2
    assert "tabular is reached there already" in result.err
    assert not (project / "services/billing").exists()


def test_show_prints_every_value_with_its_origin(
    command: Command, repository: Path, golden: Callable[[Path, str], None]
) -> None:
    result = command("show", "textnlp", "--env", "prod", at=repository)
    assert result.code == 0
    assert all("# " in line or line.rstrip().endswith(":") for line in result.out.splitlines())
    golden(repository / "tests/golden/commands/show-textnlp-prod.txt", result.out)


def test_show_leaves_out_defaults_on_demand(command: Command, project: Path) -> None:
    result = command("show", "tabular", "--env", "two", "--written", at=project)
    assert "# default" not in result.out
    assert "    replicas: 4" in result.out


def test_show_prints_json_with_origins(command: Command, project: Path) -> None:
    found = command("show", "tabular", "--env", "two", "-o", "json", at=project).json
    assert found["config"]["spec"]["service"]["replicas"] == 4
    assert found["origins"]["spec.service.replicas"] == {
        "file": "services/tabular/deployment-config.yaml",
        "line": 6,
        "column": 49,
        "layer": "override",
    }
    assert found["origins"]["spec.service.port"] is None


def test_show_shows_the_environment_where_no_service_is_named(command: Command, project: Path) -> None:
    result = command("show", "--env", "two", at=project)
    assert "kind: Environment" in result.out
    assert "environments/two/aws.yaml:4:11, cloud" in result.out


def test_show_names_services_that_there_are(command: Command, project: Path) -> None:
    result = command("show", "tabula", "--env", "two", at=project)
    assert result.code == 2
    assert "Did you mean tabular? Services: tabular." in result.err


def test_show_of_an_invalid_project_lists_every_problem(command: Command, project: Path) -> None:
    (project / "services/tabular/deployment-config.yaml").write_text(
        service("tabular", "service: {replica: 1}"), encoding="utf-8"
    )
    result = command("show", "tabular", "--env", "dev", at=project)
    assert result.code == 2
    assert "unknown key" in result.err
    assert "1 error in the configuration; nothing was changed." in result.err


def test_explain_tells_meaning_values_and_default(command: Command, tmp_path: Path) -> None:
    result = command("explain", "spec.networking.ingress.rateLimit", at=tmp_path)
    assert result.out == (
        "spec.networking.ingress.rateLimit\n"
        "  Requests per minute from one client address.\n"
        "  accepts   a whole number from 10 to 1000000\n"
        "  default   not set\n"
    )


def test_explain_tells_kinds_apart_and_lists_fields(command: Command, tmp_path: Path) -> None:
    result = command("explain", "spec.dependencies.engine", at=tmp_path)
    assert "spec.dependencies.engine (type cache)" in result.out
    assert "spec.dependencies.engine (type database)" in result.out
    assert "    rateLimit " in command("explain", "spec.networking.ingress").out
    assert "none, it is required" in command("explain", "metadata.name").out
    assert "The file" in command("explain").out
    assert "Region." in command("explain", "spec.region", "--kind", "environment").out


def test_explain_tells_where_a_value_comes_from(command: Command, project: Path) -> None:
    result = command("explain", "spec.service.replicas", "--service", "tabular", "--env", "two", at=project)
    assert result.out.splitlines()[-3:] == [
        "For tabular in two on aws, the strongest last:",
        "  2  services/tabular/deployment-config.yaml:5:23 (service)",
        "  4  services/tabular/deployment-config.yaml:6:49 (override)",
    ]
    nobody = command("explain", "spec.service.port", "-s", "tabular", "-e", "two").out
    assert nobody.splitlines()[-1] == "Nobody says it for tabular in two on aws: the default, 8000, holds."
    unset = command("explain", "spec.service.schedule", "-s", "tabular", "-e", "two").out
    assert unset.splitlines()[-1] == "Nobody says it for tabular in two on aws: it is not set."
    region = command("explain", "spec.region", "-k", "environment", "-e", "two").out
    assert region.splitlines()[-1] == "  us-east-1  environments/two/aws.yaml:4:11 (cloud)"


def test_explain_prints_json(command: Command, project: Path) -> None:
    found = command("explain", "spec.service.replicas", "-s", "tabular", "-e", "two", "-o", "json", at=project).json
    assert found["fields"][0]["default"] == 1
    assert [layer["value"] for layer in found["layers"]] == [2, 4]
    assert command("explain", "spec.service.replicas", "-o", "json").json["layers"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["spec.servic"], "Did you mean service?"),
        (["spec.service", "-s", "tabular"], "--service and --env belong together."),
        (["spec.service", "-e", "dev"], "--service and --env belong together."),
        (["spec.region", "-k", "environment", "-s", "tabular", "-e", "dev"], "--service has no effect"),
        (["spec.service", "-s", "tabula", "-e", "dev"], "Did you mean tabular?"),
    ],
)
def test_explain_says_what_is_wrong_with_a_call(
    arguments: list[str], said: str, command: Command, project: Path
) -> None:
    result = command("explain", *arguments, at=project)
    assert result.code == 2
    assert said in result.err


def test_diff_shows_both_values_and_exits_with_3(command: Command, project: Path) -> None:
    result = command("diff", "--env", "dev", "--env", "two", "--service", "tabular", at=project)
    assert result.code == 3
    assert result.out == (
        "tabular\n"
        "  spec.service.replicas\n"
        "    dev  2  # services/tabular/deployment-config.yaml:5:23, service\n"
        "    two  4  # services/tabular/deployment-config.yaml:6:49, override\n"
    )


def test_diff_compares_the_environments_themselves_too(command: Command, project: Path) -> None:
    found = command("diff", "-e", "dev", "-e", "two", "-o", "json", at=project).json
    assert [(entry["in"], entry["path"]) for entry in found["differences"]] == [
        ("environment", "metadata.name"),
        ("environment", "spec.network.cidr"),
        ("tabular", "spec.service.replicas"),
    ]
    assert found["differences"][2]["values"]["two"]["value"] == 4


def test_diff_of_what_is_not_set_says_so(command: Command, project: Path) -> None:
    (project / "services/tabular/deployment-config.yaml").write_text(
        service("tabular", "", rest="environments: {two: {spec: {slo: {availability: 99.9}}}}"), encoding="utf-8"
    )
    result = command("diff", "-e", "dev", "-e", "two", "-s", "tabular", at=project)
    assert "    dev  not set\n" in result.out
    (entry,) = command("diff", "-e", "dev", "-e", "two", "-s", "tabular", "-o", "json").json["differences"]
    assert entry["values"]["dev"] is None


def test_diff_of_the_same_is_empty_and_exits_with_0(command: Command, project: Path) -> None:
    result = command("diff", "-e", "dev", "-e", "dev", at=project)
    assert (result.code, result.out) == (0, "dev and dev are the same.\n")
    assert command("diff", "-e", "dev", "-e", "dev", "-o", "json").json["differences"] == []


def test_diff_needs_two_environments(command: Command, project: Path) -> None:
    result = command("diff", "-e", "dev", at=project)
    assert result.code == 2
    assert "Two environments are compared, not 1." in result.err


def test_schema_prints_the_schema_of_a_file(command: Command, tmp_path: Path) -> None:
    assert command("schema", at=tmp_path).json["title"].startswith("ServiceConfig")
    assert command("schema", "environment").json["title"].startswith("Environment")


def test_schema_writes_and_checks_the_copies(command: Command, project: Path) -> None:
    missing = command("schema", "--check", at=project)
    assert missing.code == 1
    assert "inferloop-deploy schema --write" in missing.out
    assert "schemas/service-config.schema.json" in command("schema", "--write").out
    assert command("schema", "--check").code == 0
    (project / "schemas/environment.schema.json").write_text("{}", encoding="utf-8")
    result = command("schema", "--check", "-o", "json")
    assert (result.code, result.json) == (1, {"different": ["schemas/environment.schema.json"]})
    assert command("schema", "--write", "-o", "json").json == {"written": ["schemas/environment.schema.json"]}
    assert "are what the models say" in command("schema", "--write").out


def test_schema_does_not_write_and_check_at_once(command: Command, project: Path) -> None:
    assert command("schema", "--write", "--check", at=project).code == 2
