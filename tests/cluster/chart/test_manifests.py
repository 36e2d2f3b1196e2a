"""What holds for all objects of the chart, whatever the values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from charts import (
    Document,
    Tree,
    case_names,
    case_values,
    one,
    pod_templates,
    rendered,
    rendered_case,
    security_problems,
)

LABELS = {
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "inferloop.io/environment",
}
SELECTORS = {"app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"}
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
each_case = pytest.mark.parametrize("case", case_names())


def pods(found: tuple[Document, ...]) -> Iterator[tuple[Document, Tree]]:
    """Return every template of a pod with the object that it is in."""
    return ((document, template) for document in found for template in pod_templates(document))


@each_case
def test_every_object_has_the_recommended_labels(case: str) -> None:
    for document in rendered_case(case):
        labels = document.tree["metadata"]["labels"]
        assert set(labels) >= LABELS, f"{document.kind} {document.name}"
        assert all(LABEL_VALUE.fullmatch(value) for value in labels.values()), labels
    for document, template in pods(rendered_case(case)):
        assert set(template["metadata"]["labels"]) >= LABELS, f"pods of {document.kind} {document.name}"


@each_case
def test_every_object_is_in_the_namespace_of_the_release(case: str) -> None:
    outside = {document.kind for document in rendered_case(case) if "namespace" not in document.tree["metadata"]}
    assert outside <= {"PersistentVolume"}
    spaces = {document.tree["metadata"].get("namespace", "inferloop") for document in rendered_case(case)}
    assert spaces == {"inferloop"}


@each_case
def test_no_object_is_there_twice(case: str) -> None:
    """The service account that stands in for migrations is gone before the real one is made."""
    found = Counter(
        (document.kind, document.name) for document in rendered_case(case) if "pre-install" not in document.hooks
    )
    assert [name for name, times in found.items() if times > 1] == []


@each_case
def test_pods_keep_to_the_restricted_standard_with_no_exception(case: str) -> None:
    for document, template in pods(rendered_case(case)):
        pod = template["spec"]
        where = f"{document.kind} {document.name}"
        assert security_problems(pod) == [], where
        assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in pod["containers"]), where
        assert pod["automountServiceAccountToken"] is (case == "stateful"), where
        mounted = {mount["mountPath"] for container in pod["containers"] for mount in container["volumeMounts"]}
        assert "/tmp" in mounted, where


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}, "volume host"),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}, "runAsNonRoot": True}}, "main: seccompProfile"),
        ({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "runAsUser": 0}}, "main: runAsUser"),
        ({"containers": [{"name": "main", "securityContext": {"privileged": True}}]}, "main: privileged"),
        ({"containers": [{"name": "main"}]}, "main: capabilities"),
    ],
)
def test_the_rules_of_the_standard_find_what_breaks_them(change: Tree, problem: str) -> None:
    spec = one(rendered_case("minimal"), "Deployment", "minimal")["spec"]["template"]["spec"]
    assert problem in security_problems(spec | change)


@each_case
def test_selectors_hold_nothing_that_changes_and_find_their_pods(case: str) -> None:
    for document in rendered_case(case):
        if document.kind in {"Deployment", "StatefulSet"}:
            selector = document.tree["spec"]["selector"]["matchLabels"]
            assert set(selector) == SELECTORS, document.name
            assert selector.items() <= document.tree["spec"]["template"]["metadata"]["labels"].items()
        for claim in document.tree["spec"].get("volumeClaimTemplates", []) if document.kind == "StatefulSet" else []:
            assert set(claim["metadata"]["labels"]) == SELECTORS, document.name


@each_case
def test_services_and_budgets_select_the_pods_of_one_workload(case: str) -> None:
    workloads = [
        template["metadata"]["labels"]
        for document, template in pods(rendered_case(case))
        if document.kind in {"Deployment", "StatefulSet"}
    ]
    for document in rendered_case(case):
        if document.kind in {"Service", "PodDisruptionBudget"}:
            selector = document.tree["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            hit = [labels for labels in workloads if wanted.items() <= labels.items()]
            components = [labels["app.kubernetes.io/component"] for labels in hit]
            assert components == [document.tree["metadata"]["labels"]["app.kubernetes.io/component"]], document.name


def references(pod: Tree) -> Iterator[tuple[str, str]]:
    """Return kind and name of what a pod needs to start."""
    yield "ServiceAccount", pod["serviceAccountName"]
    for volume in pod.get("volumes", []):
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"]
        for variable in container.get("env", []):
            if "secretKeyRef" in variable.get("valueFrom", {}):
                yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]


def made(found: tuple[Document, ...], before: bool) -> set[tuple[str, str]]:
    """Return kind and name of what is made, Secrets by what External Secrets makes of them."""
    chosen = [each for each in found if not each.hooks or (before and "pre-install" in each.hooks)]
    if before:
        chosen = [each for each in chosen if each.hooks]
    secrets = {("Secret", each.tree["spec"]["target"]["name"]) for each in chosen if each.kind == "ExternalSecret"}
    return secrets | {(each.kind, each.name) for each in chosen}


@each_case
def test_everything_that_pods_refer_to_is_made_before_them(case: str) -> None:
    """What runs before an installation finds only what is made before it, too."""
    found = rendered_case(case)
    for document, template in pods(found):
        before = "pre-install" in document.hooks
        missing = set(references(template["spec"])) - made(found, before)
        assert missing == set(), f"{document.kind} {document.name}"


@each_case
def test_secrets_have_the_keys_that_are_read(case: str) -> None:
    found = rendered_case(case)
    keys = {
        each.tree["spec"]["target"]["name"]: {entry["secretKey"] for entry in each.tree["spec"]["data"]}
        for each in found
        if each.kind == "ExternalSecret"
    }
    for document, template in pods(found):
        for variable in (entry for container in template["spec"]["containers"] for entry in container.get("env", [])):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            assert reference is None or reference["key"] in keys[reference["name"]], (
                f"{document.name} {variable['name']}"
            )


@each_case
def test_no_variable_or_mount_is_there_twice(case: str) -> None:
    for document, template in pods(rendered_case(case)):
        for container in template["spec"]["containers"]:
            for names in (
                [variable["name"] for variable in container.get("env", [])],
                [mount["mountPath"] for mount in container["volumeMounts"]],
            ):
                assert len(names) == len(set(names)), f"{document.kind} {document.name}: {names}"


@each_case
def test_scalers_find_what_they_scale_and_nobody_else_sets_its_replicas(case: str) -> None:
    found = rendered_case(case)
    for document in found:
        if document.kind in {"HorizontalPodAutoscaler", "ScaledObject"}:
            target = document.tree["spec"]["scaleTargetRef"]
            assert "replicas" not in one(found, target["kind"], target["name"])["spec"]


@each_case
def test_routes_lead_to_services_and_ports_that_are_there(case: str) -> None:
    found = rendered_case(case)
    ports = {
        each.name: {port["port"] for port in each.tree["spec"].get("ports", [])}
        for each in found
        if each.kind == "Service"
    }
    for document in found:
        if document.kind == "HTTPRoute":
            for rule in document.tree["spec"]["rules"]:
                assert all(backend["port"] in ports[backend["name"]] for backend in rule["backendRefs"]), document.name
        if document.kind == "VirtualService":
            entries = [each.tree["spec"] for each in found if each.kind == "ServiceEntry"]
            outside = {entry["hosts"][0]: entry["ports"][0]["number"] for entry in entries}
            for route in document.tree["spec"]["http"]:
                assert sum(way["weight"] for way in route["route"]) == 100
                for destination in (way["destination"] for way in route["route"]):
                    host, port = destination["host"], destination["port"]["number"]
                    service = host.removesuffix(".inferloop.svc.cluster.local")
                    assert port == outside[host] if host in outside else port in ports[service]


def test_a_change_of_config_rolls_the_pods_and_a_change_of_nothing_else_does() -> None:
    values = case_values("canary-behind-istio")
    changed = values | {"config": {"MODE": "production"}}
    before = one(rendered(values), "Deployment", "tabular")["spec"]["template"]
    after = one(rendered(changed), "Deployment", "tabular")["spec"]["template"]
    differing = {
        key
        for key in before["metadata"]["annotations"]
        if before["metadata"]["annotations"][key] != after["metadata"]["annotations"][key]
    }
    assert differing == {"checksum/config"}
    assert before["spec"] == after["spec"]


def test_a_job_that_changes_is_another_job_and_one_that_does_not_keeps_its_name() -> None:
    values = case_values("jobs")
    names = {each.name for each in rendered(values) if each.kind in {"Job", "RayJob"}}
    values["processes"]["parts"]["completions"] = 9
    changed = {each.name for each in rendered(values) if each.kind in {"Job", "RayJob"}}
    assert len(names & changed) == 2
    assert {name.rpartition("-")[0] for name in names} == {name.rpartition("-")[0] for name in changed}


def test_a_part_gets_its_number_as_the_generator_wants_it() -> None:
    """The same fields as the Job that the generator makes itself."""
    from inferloop_synthetic.executors import manifests

    [job] = [
        each.tree["spec"]
        for each in rendered_case("jobs")
        if each.kind == "Job" and each.name.startswith("generation-parts")
    ]
    own = manifests.indexed_job("n", "inferloop", manifests.Pod("image"), "s3://results/job-1", 8, 4, 2)["spec"]
    same = ("completionMode", "completions", "parallelism", "backoffLimitPerIndex", "maxFailedIndexes")
    assert {key: job[key] for key in same} == {key: own[key] for key in same}
    assert job["template"]["spec"]["containers"][0]["command"] == manifests.part_command("s3://results/job-1")
    [ours, theirs] = ([rule["action"] for rule in spec["podFailurePolicy"]["rules"]] for spec in (job, own))
    assert ours == theirs


def test_a_ray_job_has_the_shape_of_the_one_that_the_generator_prints() -> None:
    from inferloop_synthetic.executors import manifests

    [job] = [each.tree["spec"] for each in rendered_case("jobs") if each.kind == "RayJob"]
    words = ["generate", "s3://data/people.parquet", "--where", "city=New York"]
    own = manifests.ray_job("n", "inferloop", manifests.Pod("image"), words, 8, "2.60.0")["spec"]
    assert job["entrypoint"] == own["entrypoint"]
    assert (
        job["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]
        == own["rayClusterSpec"]["headGroupSpec"]["rayStartParams"]
    )
    [workers] = job["rayClusterSpec"]["workerGroupSpecs"]
    assert {workers[key] for key in ("replicas", "minReplicas", "maxReplicas")} == {8}


def test_a_value_that_is_zero_false_or_empty_wins_over_the_default() -> None:
    values = case_values("minimal")
    values["processes"]["main"] |= {"replicas": 0, "drainSeconds": 0, "spread": "none", "terminationGraceSeconds": 5}
    spec = one(rendered(values), "Deployment", "minimal")["spec"]
    assert spec["replicas"] == 0
    assert "lifecycle" not in spec["template"]["spec"]["containers"][0]


def test_large_numbers_are_written_as_whole_numbers() -> None:
    """Helm holds numbers as floating-point, and would write 1e+06."""
    values = case_values("canary-behind-istio")
    values["mesh"]["circuitBreaker"] = {"maxConnections": 1000000, "maxPendingRequests": 1000000}
    pool = one(rendered(values), "DestinationRule", "tabular")["spec"]["trafficPolicy"]["connectionPool"]
    assert pool == {"tcp": {"maxConnections": 1000000}, "http": {"http1MaxPendingRequests": 1000000}}


def test_variables_that_are_declared_win_over_those_of_the_chart() -> None:
    [container] = one(rendered_case("migrations"), "Deployment", "accounts")["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert variables["OTEL_SERVICE_NAME"] == "accounts-api"
    assert variables["OTEL_TRACES_SAMPLER"] == "parentbased_traceidratio"
    assert variables["OTEL_TRACES_SAMPLER_ARG"] == "0.1"


def test_policies_let_nobody_in_but_who_is_declared() -> None:
    found = rendered_case("api-and-worker")
    release = one(found, "NetworkPolicy", "tabular")["spec"]
    assert release["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in release
    main = one(found, "NetworkPolicy", "tabular-main")["spec"]["ingress"]
    callers = [
        rule["from"][0].get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
        for rule in main
    ]
    assert callers == ["kong", "monitoring", "inferloop", None]
    assert main[-1]["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"


def test_a_gpu_is_asked_for_and_its_taint_accepted() -> None:
    pod = one(rendered_case("gpu-behind-linkerd"), "Deployment", "textnlp")["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == "1"
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["tolerations"]
    assert pod["nodeSelector"] == {"karpenter.k8s.aws/instance-gpu-name": "l4"}


def test_migrations_read_the_configuration_and_secrets_of_the_version_that_comes() -> None:
    found = rendered_case("migrations")
    [job] = [each for each in found if each.kind == "Job"]
    assert job.hooks == ["pre-install", "pre-upgrade"]
    [container] = job.tree["spec"]["template"]["spec"]["containers"]
    variables = {variable["name"]: variable for variable in container["env"]}
    assert variables["FEATURES"]["value"] == "a: b, {c}"
    assert variables["DATABASE_PASSWORD"]["valueFrom"]["secretKeyRef"]["name"] == "accounts-migrations-database"
    weights = {
        each.kind: int(each.tree["metadata"]["annotations"]["helm.sh/hook-weight"])
        for each in found
        if "pre-install" in each.hooks
    }
    assert all(weights[kind] < weights["Job"] for kind in ("ExternalSecret", "ServiceAccount", "NetworkPolicy"))


def test_the_test_may_call_every_pod_that_its_calls_can_be_sent_to() -> None:
    """Route and sidecar choose the pod: the canary gets its share, and a sidecar of Linkerd answers at a port of its own."""
    for case, port in (("canary-behind-istio", None), ("gpu-behind-linkerd", 4143)):
        values = case_values(case) | {"test": {"enabled": True}}
        found = rendered(values)
        [to] = one(found, "NetworkPolicy", f"{values['name']}-test")["spec"]["egress"]
        [components] = to["to"][0]["podSelector"]["matchExpressions"]
        incoming = one(found, "NetworkPolicy", f"{values['name']}-main")["spec"]["ingress"][-1]
        ports = [{each["port"] for each in rule["ports"]} for rule in (to, incoming)]

        assert set(components["values"]) == ({"main", "canary"} if values.get("canary") else {"main"})
        assert incoming["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"
        assert ports == [{values["processes"]["main"]["port"], port} - {None}] * 2


def test_an_autoscaler_lets_keda_take_its_place_in_an_upgrade() -> None:
    """KEDA refuses what another autoscaler scales, and Helm removes that one only after it has made the new object."""
    process = {"port": 8000, "resources": {"requests": {"cpu": "1"}}, "autoscaling": {"min": 1, "max": 3, "cpu": 70}}
    image = {"repository": "registry.example.com/tabular", "tag": "1"}
    found = rendered({"name": "tabular", "image": image, "processes": {"main": process}})
    scaler = one(found, "HorizontalPodAutoscaler", "tabular")

    assert scaler["metadata"]["annotations"]["validations.keda.sh/hpa-ownership"] == "false"


@pytest.mark.parametrize("auth", [{"type": "key"}, {"type": "jwt", "issuer": "https://login.example"}])
def test_kong_lets_in_the_consumer_of_the_service_and_no_other(auth: Tree) -> None:
    """A credential of any consumer is good enough for Kong's plug-ins that ask for one."""
    values = {
        "name": "tabular",
        "image": {"repository": "registry.example.com/tabular", "tag": "1"},
        "processes": {"main": {"port": 8000}},
        "gateway": {"kind": "kong", "auth": {**auth, "secret": "callers"}},
        "secrets": {"callers": {"key": "callers"}},
    }
    found = rendered(values)
    group = one(found, "Secret", "tabular-gateway-group")
    plugins = one(found, "HTTPRoute", "tabular")["metadata"]["annotations"]["konghq.com/plugins"].split(",")

    assert one(found, "KongPlugin", "tabular-acl")["config"]["allow"] == ["inferloop-tabular"]
    assert "tabular-acl" in plugins
    assert group["stringData"] == {"group": "inferloop-tabular"}
    assert group["metadata"]["labels"]["konghq.com/credential"] == "acl"
    assert "tabular-gateway-group" in one(found, "KongConsumer", "tabular")["credentials"]


def test_names_that_look_like_numbers_stay_names() -> None:
    values = case_values("minimal")
    values["image"] = {**values["image"], "pullSecrets": ["012", "yes"]}
    for _, template in pods(tuple(rendered(values))):
        assert template["spec"]["imagePullSecrets"] == [{"name": "012"}, {"name": "yes"}]
    values["processes"] = {"main": {"kind": "StatefulSet", "volume": {"size": "1Gi", "storageClass": "012"}}}
    [claim] = one(rendered(values), "StatefulSet", values["name"])["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "012"
