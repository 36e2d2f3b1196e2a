"""What a project means in an environment: layers, origins, and what keeps it from meaning anything."""

from __future__ import annotations

import pytest
from projects import CLOUD, ENVIRONMENT, project, service

from inferloop_deploy.config.effective import effective, only, resolve
from inferloop_deploy.config.present import values
from inferloop_deploy.config.source import BUILT_IN, Path
from inferloop_deploy.config.validate import validate
from inferloop_deploy.errors import InvalidConfiguration, UsageError

DEFAULTS = (
    ENVIRONMENT
    + "  serviceDefaults: {service: {retries: 1, port: 7000, type: job}, monitoring: {tracing: {enabled: true}}}\n"
)
CLOUD_DEFAULTS = CLOUD + "  serviceDefaults: {service: {port: 7001}}\n"
ALPHA = service(
    "alpha",
    """
    service: {type: job, timeout: 5m, resources: {memory: 1Gi}}
    dependencies: [{name: db, type: cache}]
    """,
    rest="environments: {dev: {spec: {service: {timeout: 6m}, dependencies: [{name: db, size: medium}]}}}",
)
MEDIUM = CLOUD_DEFAULTS.replace(
    "cache: {small: cache.t4g.small}", "cache: {small: cache.t4g.small, medium: cache.m7g.large}"
)
PROJECT = project({"alpha": ALPHA}, {"dev": {"environment": DEFAULTS, "aws": MEDIUM}})


@pytest.mark.parametrize(
    ("path", "value", "file", "layer"),
    [
        (("spec", "service", "spot"), False, "", "default"),
        (("spec", "service", "retries"), 1, "environments/dev/environment.yaml", "environment"),
        (("spec", "service", "port"), 7001, "environments/dev/aws.yaml", "cloud"),
        (("spec", "service", "type"), "job", "services/alpha/deployment-config.yaml", "service"),
        (("spec", "service", "timeout"), "6m", "services/alpha/deployment-config.yaml", "override"),
        (("spec", "dependencies", "db", "type"), "cache", "services/alpha/deployment-config.yaml", "service"),
        (("spec", "dependencies", 0, "size"), "medium", "services/alpha/deployment-config.yaml", "override"),
    ],
)
def test_the_stronger_layer_wins_and_is_the_origin(path: Path, value: object, file: str, layer: str) -> None:
    alpha = only(effective(PROJECT, "dev", "aws"), "alpha")
    found = alpha.config.model_dump(by_alias=True)
    for step in path:
        found = next(item for item in found if item["name"] == step) if step == "db" else found[step]
    assert found == value
    assert (alpha.origin(path).file, alpha.origin(path).layer) == (file, layer)


def test_an_environment_is_its_file_with_the_clouds_laid_over_it() -> None:
    environment = effective(PROJECT, "dev", "aws").environment
    assert environment.config.spec.region == "us-east-1"
    assert environment.origin(("spec", "region")).layer == "cloud"
    assert environment.origin(("spec", "dns", "domain")).layer == "environment"
    assert environment.origin(("spec", "logRetention")) == BUILT_IN
    assert str(environment.origin(("spec", "logRetention"))) == "built-in default"


def test_everything_that_was_written_has_an_origin_and_nothing_else() -> None:
    alpha = only(effective(PROJECT, "dev", "aws"), "alpha")
    for value in values(alpha):
        assert (value.origin == BUILT_IN) == (value.origin.layer == "default")
    written = {value.path for value in values(alpha) if value.origin != BUILT_IN}
    assert "spec.service.retries" in written
    assert "spec.dependencies[db].size" in written
    assert "spec.service.replicas" not in written
    assert alpha.origins["spec", "dependencies", 0, "size"].layer == "override"


def test_an_explicit_null_brings_the_default_back_and_is_its_origin() -> None:
    text = service("alpha", "service: {replicas: 3}", rest="environments: {dev: {spec: {service: {replicas: null}}}}")
    alpha = only(effective(project({"alpha": text}), "dev", "aws"), "alpha")
    assert alpha.config.spec.service.replicas == 1
    assert alpha.origin(("spec", "service", "replicas")).layer == "override"


def test_an_override_may_take_a_block_away() -> None:
    text = service(
        "alpha",
        "service: {replicas: 2, disruptionBudget: {minAvailable: 1}}",
        rest="environments: {dev: {spec: {service: {replicas: 1, disruptionBudget: null}}}}",
    )
    found = project({"alpha": text})
    assert validate(found) == []
    assert only(effective(found, "dev", "aws"), "alpha").config.spec.service.disruption_budget is None


def test_a_service_may_be_empty() -> None:
    for text in (
        service("alpha", ""),
        service("alpha", "") + "spec:\n",
        service("alpha", "") + "environments:\n  dev:\n",
    ):
        assert only(effective(project({"alpha": text}), "dev", "aws"), "alpha").config.spec.service.replicas == 1


@pytest.mark.parametrize(
    ("env", "cloud", "said", "hint"),
    [
        ("prd", "aws", 'no environment "prd"', "Environments: dev."),
        ("devv", "aws", 'no environment "devv"', "Did you mean dev?"),
        ("dev", "awz", "environments/dev/awz.yaml is not there", "Did you mean aws?"),
    ],
)
def test_an_environment_or_cloud_that_does_not_exist_is_named(env: str, cloud: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        effective(PROJECT, env, cloud)
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_a_cloud_that_has_a_file_but_is_not_known_is_refused() -> None:
    found = project({}, {"dev": {"environment": ENVIRONMENT, "aws": CLOUD, "moon": CLOUD}})
    with pytest.raises(UsageError, match="no cloud"):
        effective(found, "dev", "moon")


def test_a_service_that_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match='no service "alfa"') as caught:
        only(effective(PROJECT, "dev", "aws"), "alfa")
    assert "Did you mean alpha?" in (caught.value.hint or "")


def test_all_errors_of_all_files_are_raised_together() -> None:
    services = {
        "alpha": service("alpha", "service: {replica: 1, resources: {memory: 4Gb}}"),
        "beta": service("beta", "dependencies: [{name: gone, type: service}]"),
        "gamma": "[",
    }
    environment = ENVIRONMENT.replace("10.10.0.0/16", "10.10.0.0/8")
    with pytest.raises(InvalidConfiguration) as caught:
        effective(project(services, {"dev": {"environment": environment, "aws": CLOUD}}), "dev", "aws")
    assert [problem.check for problem in caught.value.problems] == [
        "address-range",
        "unknown-key",
        "accepted-values",
        "service-reference",
        "syntax",
    ]
    assert "5 errors" in str(caught.value)


def test_what_fits_is_still_checked_where_something_else_does_not() -> None:
    text = service(
        "alpha",
        """
        service:
          replicas: many
          env: [{name: URL, value: "${dependencies.gone.url}"}]
          autoscaling: {min: 5, max: 3, cpu: 70}
        """,
    )
    assert {problem.check for problem in validate(project({"alpha": text}))} == {
        "wrong-type",
        "reference",
        "scaling-range",
    }


def test_nothing_is_said_of_references_to_a_dependency_that_did_not_fit() -> None:
    text = service(
        "alpha",
        """
        service: {env: [{name: URL, value: "${dependencies.jobs.url}"}]}
        dependencies: [{name: jobs, type: queue, visibility: 5}]
        """,
    )
    text_without_type = text.replace("type: queue, visibility: 5", "shared: true")
    assert [problem.check for problem in validate(project({"alpha": text}))] == ["wrong-type"]
    assert [problem.check for problem in validate(project({"alpha": text_without_type}))] == ["missing"]


def test_services_are_checked_where_their_environment_cannot_be_read() -> None:
    found = project({"alpha": service("alpha", "service: {replica: 1}")}, {"dev": {"environment": "[", "aws": CLOUD}})
    assert [problem.check for problem in validate(found)] == ["syntax", "unknown-key"]
    assert resolve(found, "dev", "aws")[0] is None


def test_services_are_checked_where_their_environment_does_not_fit() -> None:
    environment = ENVIRONMENT.replace("  dns: {domain: dev.inferloop.example}\n", "")
    found = project(
        {"alpha": service("alpha", "service: {replica: 1}")}, {"dev": {"environment": environment, "aws": CLOUD}}
    )
    assert sorted(problem.check for problem in validate(found)) == ["missing", "unknown-key"]
    assert resolve(found, "dev", "aws")[0] is None


def test_services_are_checked_without_any_environment() -> None:
    found = project({"alpha": service("alpha", "service: {replica: 1}", rest="environments: {any: {}}")}, {})
    assert [problem.check for problem in validate(found)] == ["unknown-key"]


def test_a_problem_of_all_environments_is_reported_once() -> None:
    two = ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20")
    environments = {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}, "two": {"environment": two, "aws": CLOUD}}
    found = project({"alpha": service("alpha", "service: {autoscaling: {min: 5, max: 3, cpu: 1}}")}, environments)
    assert len(validate(found)) == 1


def test_a_problem_of_one_environment_names_it() -> None:
    two = ENVIRONMENT.replace("name: dev", "name: two").replace("10.10", "10.20")
    no_gpu = (
        CLOUD.replace("gpu: {type: nvidia-t4}", "").replace("[g4dn.xlarge]", "[m7i.large]").replace("100Gi, ", "100Gi")
    )
    environments = {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}, "two": {"environment": two, "aws": no_gpu}}
    found = project({"alpha": service("alpha", "service: {resources: {gpu: 1}}")}, environments)
    (problem,) = validate(found)
    assert problem.message == "no node pool of two on aws has GPUs"


def test_warnings_do_not_keep_a_configuration_from_being_used() -> None:
    found = project({"alpha": service("alpha", "service: {replicas: 2, disruptionBudget: {minAvailable: 2}}")})
    assert [problem.check for problem in effective(found, "dev", "aws").warnings] == ["drain"]
