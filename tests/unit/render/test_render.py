"""From a checked configuration to tfvars and the map of their sources."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inferloop_deploy.config.effective import EffectiveConfig, effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.render import ENVIRONMENT_FILE, SERVICES_FILE, SOURCE_MAP_FILE, render
from inferloop_deploy.render.blocks import Block, Leaf, value_of
from inferloop_deploy.render.layout import services_text
from inferloop_deploy.render.source_map import Place, SourceMap, from_json, to_json

Read = Callable[..., EffectiveConfig]
Parse = Callable[[str], dict[str, Any]]
SERVICE = "services/tabular/deployment-config.yaml"


def service(**spec: Any) -> dict[str, str]:
    """Return a service's file with this spec."""
    document = {"apiVersion": "v1", "kind": "ServiceConfig", "metadata": {"name": "tabular"}, "spec": spec}
    return {SERVICE: yaml.safe_dump(document, allow_unicode=True)}


def test_named_lists_become_maps_without_the_name(config: Read, parse: Parse) -> None:
    spec = parse(render(config()).files[SERVICES_FILE])["services"]["tabular"]["spec"]
    assert sorted(spec["dependencies"]) == ["datasets", "jobs", "postgres"]
    assert spec["dependencies"]["datasets"]["class"] == "standard"
    assert "name" not in spec["dependencies"]["datasets"]
    assert spec["workers"] == {}, "an empty one is a map, too"


def test_quantities_and_durations_stay_as_they_were_written(config: Read, parse: Parse) -> None:
    files = service(
        service={"resources": {"cpu": "500m", "memory": "1Gi"}}, networking={"serviceMesh": {"timeout": "90s"}}
    )
    spec = parse(render(config(files)).files[SERVICES_FILE])["services"]["tabular"]["spec"]
    assert spec["service"]["resources"]["cpu"] == "500m"
    assert spec["networking"]["service_mesh"]["timeout"] == "90s"


def test_defaults_are_written_out_and_what_is_not_set_is_left_out(config: Read, parse: Parse) -> None:
    spec = parse(render(config()).files[SERVICES_FILE])["services"]["tabular"]["spec"]
    assert spec["service"]["port"] == 8000
    assert "schedule" not in spec["service"]
    assert "autoscaling" not in spec["service"]


def test_replicas_are_left_out_where_something_scales(config: Read, parse: Parse) -> None:
    scaled = {"min": 1, "max": 4, "cpu": 60}
    files = service(
        service={"replicas": 3, "autoscaling": scaled},
        workers=[{"name": "fit", "autoscaling": dict(scaled)}, {"name": "mail", "replicas": 2}],
    )
    spec = parse(render(config(files)).files[SERVICES_FILE])["services"]["tabular"]["spec"]
    assert "replicas" not in spec["service"]
    assert spec["service"]["autoscaling"]["max"] == 4
    assert "replicas" not in spec["workers"]["fit"]
    assert spec["workers"]["mail"]["replicas"] == 2


def test_the_environment_is_flat_and_the_cluster_a_variable_of_its_own(config: Read, parse: Parse) -> None:
    parsed = parse(render(config()).files[ENVIRONMENT_FILE])
    assert parsed["environment"]["name"] == "dev"
    assert parsed["environment"]["region"] == "us-east-1"
    assert not {"cluster", "service_defaults", "spec", "metadata"} & set(parsed["environment"])
    assert parsed["eks_config"]["node_pools"]["gpu"]["gpu"] == {"count": 1, "type": "nvidia-t4"}


def test_the_infrastructure_knows_what_will_be_installed_in_its_cluster(config: Read, parse: Parse) -> None:
    parsed = parse(render(config()).files[ENVIRONMENT_FILE])["cluster_services"]
    assert (parsed["managed"], parsed["nodes"]) == (True, "cluster-autoscaler")
    assert parsed["backup"]["enabled"] is True


def test_a_key_that_looks_like_a_reserved_field_stays_as_it_is(config: Read, parse: Parse) -> None:
    files = service(service={"env": [{"name": "class_", "value": "x"}, {"name": "for", "value": "y"}]})
    env = parse(render(config(files)).files[SERVICES_FILE])["services"]["tabular"]["spec"]["service"]["env"]
    assert env == {"class_": {"value": "x"}, "for": {"value": "y"}}


def test_a_reference_to_a_dependency_is_text_for_terraform(config: Read) -> None:
    files = service(
        dependencies=[{"name": "postgres", "type": "database"}],
        service={"env": [{"name": "DB", "value": "${dependencies.postgres.host}"}]},
    )
    assert 'value = "$${dependencies.postgres.host}"' in render(config(files)).files[SERVICES_FILE]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\u2028\u2029\x85")
            | st.sampled_from(list('"\\\n\t${}%')),
            max_size=30,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_text_of_the_yaml_arrives_in_the_tfvars(config: Read, parse: Parse, arguments: list[str]) -> None:
    document = {"apiVersion": "v1", "kind": "ServiceConfig", "metadata": {"name": "tabular"}}
    text = json.dumps({**document, "spec": {"service": {"args": arguments}}}, ensure_ascii=False)
    rendered = render(config({SERVICE: text})).files[SERVICES_FILE]
    assert parse(rendered)["services"]["tabular"]["spec"]["service"]["args"] == arguments


def test_rendering_twice_gives_the_same_text(config: Read) -> None:
    assert render(config()).files == render(config()).files


def test_each_block_says_where_it_was_written(config: Read) -> None:
    text = render(config()).files[SERVICES_FILE].splitlines()
    block = next(index for index, line in enumerate(text) if line.strip() == "datasets = {")
    line = next(
        number
        for number, line in enumerate(
            (Path(__file__).parents[1] / "conftest.py").read_text().split("SERVICE = ")[1].splitlines(), 0
        )
        if "name: datasets" in line
    )
    assert text[block - 1].strip() == f"# {SERVICE}:{line}"


def test_a_value_of_another_layer_says_so_beside_it(config: Read) -> None:
    rendered = render(config()).files[ENVIRONMENT_FILE]
    region = next(line for line in rendered.splitlines() if line.strip().startswith("region "))
    assert region.endswith("# environments/dev/aws.yaml:4")


def test_a_strange_file_name_cannot_leave_its_comment() -> None:
    from inferloop_deploy.config.source import Origin

    origin = Origin("services/a\nevil = {}\n/x.yaml", 1, 1, "service")
    text = services_text("dev", "aws", Block({"a": Block({"b": Leaf(1)}, origin)}))
    assert "\nevil" not in text


def test_the_source_map_leads_from_a_value_to_its_place(config: Read) -> None:
    source_map = render(config()).source_map
    place = source_map.places["services.tabular.spec.networking.ingress.rate_limit"]
    assert (place.file, place.yaml_path, place.layer) == (SERVICE, "spec.networking.ingress.rateLimit", "service")
    written = (Path(__file__).parents[1] / "conftest.py").read_text().split('SERVICE = """\\\n')[1].splitlines()
    assert written[place.line - 1][place.column - 1 :] == "1000"
    assert source_map.places["services.tabular.spec.dependencies.jobs"].yaml_path == "spec.dependencies[jobs]"
    assert "services.tabular.spec.service.port" not in source_map.places, "nobody wrote the default"


def test_an_override_is_the_place_of_what_it_changes(config: Read) -> None:
    text = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "ServiceConfig",
            "metadata": {"name": "tabular"},
            "spec": {"service": {"replicas": 1, "port": 9000}},
            "environments": {"dev": {"spec": {"service": {"replicas": 5}}}},
        },
        sort_keys=False,
    )
    rendered = render(config({SERVICE: text}))
    place = rendered.source_map.places["services.tabular.spec.service.replicas"]
    assert text.splitlines()[place.line - 1].strip() == "replicas: 5"
    assert rendered.values["services.tabular.spec.service.replicas"] == 5


def test_the_nearest_place_of_a_default_is_the_object_around_it() -> None:
    place = Place("a.yaml", 3, 1, "spec.service", "service")
    source_map = SourceMap("dev", "aws", ("a",), {'services.a.labels["x.y/z"]': place, "services.a": place})
    assert source_map.nearest("services.a.spec.service.port") == place
    assert source_map.nearest('services.a.labels["x.y/z"].inner') == place
    assert source_map.nearest("environment.region") is None


def test_the_source_map_reads_back_what_it_wrote(config: Read) -> None:
    source_map = render(config()).source_map
    assert from_json(to_json(source_map)) == source_map
    assert from_json(to_json(SourceMap("dev", "aws", (), {}))).places == {}


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99}', '{"version": 1}'])
def test_a_source_map_of_another_form_is_refused_with_the_next_step(text: str) -> None:
    with pytest.raises(InferloopError, match=r"inferloop-deploy render|another version"):
        from_json(text)


def test_values_have_the_paths_of_the_source_map(config: Read) -> None:
    rendered = render(config())
    leaves = {path for path in rendered.source_map.places if path in rendered.values}
    assert rendered.values["services.tabular.spec.dependencies.jobs.visibility"] == "10m"
    assert len(leaves) > 15


def test_what_terraform_has_no_form_for_is_refused() -> None:
    from inferloop_deploy.render.blocks import _NOWHERE, _entry

    with pytest.raises(TypeError, match="bytes"):
        _entry(b"x", _NOWHERE)


def test_value_of_returns_the_values_alone() -> None:
    assert value_of(Block({"a": Leaf(1), "b": Block({"c": Leaf([2])})})) == {"a": 1, "b": {"c": [2]}}


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_the_shipped_services_are_rendered_as_before(
    env: str, repository: Path, golden: Callable[[Path, str], None]
) -> None:
    files = render(effective(load_project(repository), env, "aws")).files
    for name in (ENVIRONMENT_FILE, SERVICES_FILE, SOURCE_MAP_FILE):
        golden(Path(__file__).parent / "golden" / env / name, files[name])


@pytest.mark.terraform
def test_rendered_files_are_laid_out_as_terraform_fmt_leaves_them(config: Read, tmp_path: Path) -> None:
    program = shutil.which("terraform") or shutil.which("tofu")
    assert program is not None, "terraform is needed: make tools"
    for name, text in render(config()).files.items():
        if name.endswith(".tfvars"):
            (tmp_path / name).write_text(text, encoding="utf-8")
    finished = subprocess.run(
        [program, "fmt", "-check", "-diff"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout
