"""The plug-in that stands in for hashicorp/helm: what it refuses, and that no argument is ignored."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from helm_roots import Root, make_root

from inferloop_deploy.terraform.plugins import stand_ins

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    """A root whose cluster does not answer: nothing here may need one."""
    return make_root(tmp_path_factory.mktemp("root"), {"KUBE_HOST": "https://127.0.0.1:9"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"nmae": '"x"'}, 'An argument named "nmae" is not expected here'),
        ({"timeout": '"soon"'}, "a number is required"),
        ({"wait": "[]"}, "bool required"),
        ({"set": '[{ naem = "a", value = "b" }]'}, 'attribute "name" is required'),
        ({"set": '{ name = "a", value = "b" }'}, "list of object required"),
        ({"status": '"deployed"'}, '"status" is decided by the provider; remove it from the configuration.'),
        ({"name": '"' + "n" * 54 + '"'}, "has 54 characters; 1 to 53 are accepted"),
        ({"set": '[{ name = "a", value = "b", type = "bool" }]'}, 'has type "bool"; accepted: auto, string, literal'),
        ({"timeouts": '{ create = "soon" }'}, "timeouts.create: time: invalid duration"),
        ({"postrender": '{ binary_path = "sed" }'}, '"postrender" has no effect here, so it is refused'),
        ({"set_wo": '[{ name = "a", value = "b" }]'}, '"set_wo" has no effect here, so it is refused'),
        ({"set_wo_revision": "1"}, '"set_wo_revision" has no effect here, so it is refused'),
        ({"disable_crd_hooks": "true"}, '"disable_crd_hooks" has no effect here, so it is refused'),
        ({"upgrade_install": "true"}, '"upgrade_install" has no effect here, so it is refused'),
    ],
)
def test_a_wrong_argument_is_refused_by_validate(root: Root, arguments: dict[str, str], said: str) -> None:
    root.release(**arguments)
    assert said in root.fail("validate")


def test_blocks_of_the_second_version_are_refused(root: Root) -> None:
    root.write('resource "helm_release" "a" {\n  name = "a"\n  chart = "./chart"\n  set {\n    name = "a"\n  }\n}\n')
    assert 'Blocks of type "set" are not expected here' in root.fail("validate")


def test_a_missing_argument_is_refused(root: Root) -> None:
    root.write('resource "helm_release" "a" {\n  name = "a"\n}\n')
    assert 'The argument "chart" is required' in root.fail("validate")


def test_a_type_that_the_provider_has_not_is_refused(root: Root) -> None:
    root.write('resource "helm_relaese" "a" {}\n')
    assert 'does not support resource type "helm_relaese"' in root.fail("validate")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("registries = []", '"registries" has no effect here'),
        ("experiments = { manifest = true }", '"experiments" has no effect here'),
        ('plugins_path = "x"', '"plugins_path" has no effect here'),
        ('helm_driver = "memory"', 'not in "memory"'),
        ('kubernetes = { config_path = "a", config_paths = ["b"] }', "Give either config_path or config_paths"),
        ('kubernetes {\n host = "a"\n }', 'Blocks of type "kubernetes" are not expected here'),
    ],
)
def test_a_wrong_setting_of_the_provider_is_refused(root: Root, settings: str, said: str) -> None:
    root.release()
    main = root.folder / "main.tf"
    main.write_text(main.read_text().replace('provider "helm" {}', f'provider "helm" {{\n{settings}\n}}'))
    assert said in root.fail("validate")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"chart": '"./nowhere"'}, 'path "./nowhere" not found'),
        ({"version": '"0.2.0"'}, 'version is "0.2.0", and the chart found has "0.1.0"'),
        ({"values": '["- a"]'}, "Element 0 of values has to be a mapping in YAML"),
        ({"set": '[{ name = "a[", value = "b" }]'}, 'set of "a["'),
    ],
)
def test_what_the_chart_contradicts_is_refused_by_plan(root: Root, arguments: dict[str, str], said: str) -> None:
    root.release(**arguments)
    assert said in root.fail("plan", "-input=false")


def test_a_chart_that_helm_lint_refuses_is_refused_by_plan(root: Root) -> None:
    broken = root.folder / "broken"
    (broken / "templates").mkdir(parents=True, exist_ok=True)
    (broken / "Chart.yaml").write_text("apiVersion: v2\nname: broken\nversion: 0.1.0\n")
    (broken / "templates" / "a.yaml").write_text("a: b: c\n")
    root.release(chart='"./broken"', lint="true", values="[]")
    assert "helm lint finds the chart or its values wrong" in root.fail("plan", "-input=false")


def test_a_plan_knows_version_and_defaults_without_a_cluster(root: Root) -> None:
    root.release(set='[{ name = "text", value = "a" }]')
    root.succeed("plan", "-input=false", "-out=plan")
    change = json.loads(root.run("show", "-json", "plan").stdout)["resource_changes"][0]["change"]
    after = change["after"]
    assert (after["version"], after["status"], after["namespace"]) == ("0.1.0", "deployed", "default")
    assert (after["timeout"], after["wait"], after["atomic"], after["render_subchart_notes"]) == (
        300,
        True,
        False,
        True,
    )
    assert after["set"] == [{"name": "text", "type": "", "value": "a"}]
    assert set(change["after_unknown"]) >= {"id", "metadata"}


def test_a_driver_that_the_environment_names_is_checked_too(root: Root) -> None:
    root.release()
    other = Root(root.folder, {**root.environment, "HELM_DRIVER": "sql"})
    assert 'not in "sql"' in other.fail("plan", "-input=false")


def test_a_version_is_planned_once_the_chart_is_known(root: Root) -> None:
    root.write(
        'resource "terraform_data" "a" { input = "./chart" }\n'
        'resource "helm_release" "a" {\n  name = "a"\n  chart = terraform_data.a.output\n}\n'
    )
    root.succeed("plan", "-input=false", "-out=plan")
    changes = json.loads(root.run("show", "-json", "plan").stdout)["resource_changes"]
    release = next(one for one in changes if one["type"] == "helm_release")
    assert release["change"]["after_unknown"]["version"] is True


def test_a_cluster_that_does_not_answer_is_named_by_apply(root: Root) -> None:
    root.release()
    said = root.fail("apply", "-auto-approve", "-input=false")
    assert "Kubernetes cluster unreachable" in said
    assert "Look at the provider's `kubernetes` argument" in said


def test_reading_data_is_refused(root: Root) -> None:
    root.write('data "helm_template" "a" {\n  name = "a"\n  chart = "./chart"\n}\n')
    assert "It reads no data, and so not helm_template" in root.fail("plan", "-input=false")


def test_an_import_by_another_form_of_name_is_refused(root: Root) -> None:
    root.release()
    assert "is not of the form NAMESPACE/NAME" in root.fail("import", "-input=false", "helm_release.this", "tiny")


def test_mocks_need_neither_chart_nor_cluster(root: Root) -> None:
    root.release(chart='"./nowhere"')
    (root.folder / "release.tftest.hcl").write_text(
        'mock_provider "helm" {}\nrun "a" {\n  assert {\n    condition = helm_release.this.name == "tiny"\n'
        '    error_message = "another name"\n  }\n}\n'
    )
    assert "1 passed, 0 failed" in root.succeed("test")


def test_the_schema_has_what_the_package_does_not_tell() -> None:
    (helm,) = [one for one in stand_ins(os.environ) if one.source == "hashicorp/helm"]
    document = json.loads(Path(helm.folder / "schema.json").read_text())
    schemas = document["provider_schemas"]["registry.terraform.io/hashicorp/helm"]
    release = schemas["resource_schemas"]["helm_release"]
    attributes = release["block"]["attributes"]
    assert release["version"] == 2
    assert attributes["repository_password"]["sensitive"]
    assert attributes["set_sensitive"]["nested_type"]["attributes"]["value"]["sensitive"]
    assert attributes["set_wo"]["write_only"]
