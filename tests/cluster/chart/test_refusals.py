"""Values that contradict each other, which a schema cannot say: what is wrong, where, and what to do."""

from __future__ import annotations

import copy

import pytest
from charts import Tree, case_values, template

RELEASE = {"name": "tabular", "image": {"repository": "registry.example.com/tabular", "tag": "1"}}
MAIN = {"port": 8000, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
SECRETS = {"database": {"key": "db", "properties": ["password"]}}


def process(**changes: object) -> Tree:
    """Return values with process main, changed."""
    return {"processes": {"main": MAIN | changes}}


def scaled(**autoscaling: object) -> Tree:
    """Return values with process main, scaled."""
    return process(autoscaling={"min": 1, "max": 3, **autoscaling})


def gateway(kind: str, mesh: str = "none", **changes: object) -> Tree:
    """Return values with process main behind a gateway."""
    return process() | {"mesh": {"kind": mesh}, "gateway": {"kind": kind, **changes}, "secrets": SECRETS}


QUEUE = {"type": "aws-sqs-queue", "metadata": {}}
TOKEN = {"type": "jwt", "issuer": "https://login.example"}
CANARY = {"weight": 10, "image": {"tag": "2"}}

REFUSED = {
    "nothing runs": ({}, "processes: nothing runs; declare a process"),
    "process that YAML takes for a truth value": (
        {"processes": {"on": {}}},
        'processes.on: YAML takes "on" for something other',
    ),
    "no tag": ({**process(), "image": {"repository": "a"}}, "image: it has neither tag nor digest; give one"),
    "same port twice": ({**process(), "service": {"port": 9090}}, "service.metricsPort: it is service.port, too"),
    "secret of a variable": (
        process(env={"A": {"secret": {"name": "signing"}}}),
        'processes.main.env.A.secret: there is no entry "signing" in secrets (none); declare it there',
    ),
    "property of a secret": (
        process(env={"A": {"secret": {"name": "database"}}}) | {"secrets": SECRETS},
        'processes.main.env.A.secret: secrets.database.properties has no "value"; add it there, or name one of: password',
    ),
    "secret of migrations": (
        process() | {"migrations": {"args": ["up"], "env": {"A": {"secret": {"name": "b"}}}}},
        'migrations.env.A.secret: there is no entry "b" in secrets (none)',
    ),
    "migrations that do nothing": (
        process() | {"migrations": {"command": []}},
        "migrations: it has neither command nor args",
    ),
    "plain secret": (
        process() | {"secrets": {"a": {"key": "b", "plain": True, "properties": ["c", "d"]}}},
        "secrets.a.properties: a plain secret is one text; name one property",
    ),
    "mount": (
        process(mounts={"models": "/models"}),
        'processes.main.mounts.models: there is no entry "models" in files (none); declare it there',
    ),
    "mount at /tmp": (
        process(mounts={"models": "/tmp/"}) | {"files": {"models": {"driver": "d", "handle": "h"}}},
        "processes.main.mounts.models: /tmp/ is taken by scratch; choose another path",
    ),
    "mount on the volume": (
        process(kind="StatefulSet", volume={"size": "1Gi"}, mounts={"models": "/data"})
        | {"files": {"models": {"driver": "d", "handle": "h"}}},
        "processes.main.mounts.models: /data is taken by volume; choose another path",
    ),
    "two mounts at a path": (
        process(mounts={"a": "/m", "b": "/m/"}) | {"files": {name: {"driver": "d", "handle": "h"} for name in "ab"}},
        "processes.main.mounts.b: /m/ is taken by processes.main.mounts.a; choose another path",
    ),
    "mount at the root": (
        process(mounts={"a": "/"}) | {"files": {"a": {"driver": "d", "handle": "h"}}},
        "processes.main.mounts.a: / is taken by the image; choose another path",
    ),
    "volume at /tmp": (
        process(kind="StatefulSet", volume={"size": "1Gi", "path": "/tmp"}),
        "processes.main.volume.path: / and /tmp are taken; choose another path",
    ),
    "volume of a Deployment": (
        process(volume={"size": "1Gi"}),
        "processes.main.volume: a Deployment has none; leave it out, or choose kind StatefulSet",
    ),
    "schedule of a Deployment": (
        process(schedule={"expression": "0 3 * * *"}),
        "processes.main.schedule: a Deployment has none; leave it out, or choose kind CronJob",
    ),
    "parts of a Deployment": (
        process(completions=3),
        "processes.main.completions: a Deployment has none; leave it out",
    ),
    "autoscaling of a Job": (
        {"processes": {"main": {"kind": "Job", "autoscaling": {"min": 1, "max": 2, "cpu": 5}}}},
        "processes.main.autoscaling: a Job has none; leave it out, or choose kind Deployment or StatefulSet",
    ),
    "port of a Job": ({"processes": {"main": {"kind": "Job", "port": 80}}}, "processes.main.port: a Job has none"),
    "probe without port": (
        {"processes": {"main": {"probes": {"liveness": {"path": "/a"}}}}},
        "processes.main.probes.liveness: the process does not listen; give it a port, or leave the probe out",
    ),
    "min above max": (scaled(min=4, cpu=50), "processes.main.autoscaling: min is 4 and max is 3; min must not be more"),
    "rate without KEDA": (
        scaled(requestsPerSecond=5),
        "processes.main.autoscaling: requestsPerSecond and triggers need kind keda",
    ),
    "trigger without KEDA": (scaled(triggers=[QUEUE]), "requestsPerSecond and triggers need kind keda"),
    "zero without KEDA": (scaled(min=0, cpu=50), "processes.main.autoscaling: min 0 needs kind keda and a trigger"),
    "zero by CPU": (scaled(kind="keda", min=0, cpu=50), "min 0 needs a trigger that sees work without a pod"),
    "nothing to scale by": (scaled(), "processes.main.autoscaling: nothing to scale by; give cpu"),
    "rate of a worker": (
        {
            "processes": {
                "main": MAIN,
                "work": {"autoscaling": {"kind": "keda", "min": 1, "max": 2, "requestsPerSecond": 3}},
            }
        },
        "processes.work.autoscaling: requestsPerSecond needs process main, its port and monitoring.metrics.enabled",
    ),
    "share of nothing": (
        {"processes": {"main": {"port": 80, "autoscaling": {"min": 1, "max": 2, "cpu": 50}}}},
        "processes.main.autoscaling: cpu is a share of what is requested; give resources.requests.cpu",
    ),
    "authentication of a trigger": (
        scaled(kind="keda", triggers=[QUEUE | {"authentication": "jobs"}]),
        'processes.main.autoscaling.triggers[0].authentication: there is no entry "jobs" in triggerAuthentications (none)',
    ),
    "two triggers of a name": (
        scaled(kind="keda", triggers=[QUEUE | {"name": "a"}, QUEUE | {"name": "a"}]),
        'processes.main.autoscaling.triggers[1].name: "a" is the name of two triggers; choose another',
    ),
    "secret of an authentication": (
        process() | {"triggerAuthentications": {"a": {"secrets": {"host": {"name": "b"}}}}},
        'triggerAuthentications.a.secrets.host: there is no entry "b" in secrets (none)',
    ),
    "two roles": (
        process()
        | {"triggerAuthentications": {"a": {"podIdentity": "aws", "identityOwner": "workload", "roleArn": "arn:a"}}},
        "triggerAuthentications.a.roleArn: the workload's own role is taken with identityOwner workload",
    ),
    "budget of all": (
        process(disruptionBudget={"minAvailable": 1}),
        "processes.main.disruptionBudget: with at most 1 replicas no pod could ever be evicted",
    ),
    "budget of 100%": (
        process(disruptionBudget={"minAvailable": "100%"}),
        "processes.main.disruptionBudget: with at most 1",
    ),
    "budget of none": (
        process(disruptionBudget={"maxUnavailable": 0}),
        "processes.main.disruptionBudget: with at most 1",
    ),
    "budget of the most": (
        process(autoscaling={"min": 1, "max": 3, "cpu": 50}, disruptionBudget={"minAvailable": 3}),
        "processes.main.disruptionBudget: with at most 3 replicas",
    ),
    "no time to end": (
        process(drainSeconds=30),
        "processes.main.drainSeconds: of terminationGraceSeconds (30) nothing is left to end in; make it less",
    ),
    "rollout of none": (
        process(rollout={"maxSurge": 0, "maxUnavailable": 0}),
        "processes.main.rollout: with neither a pod more nor a pod fewer nothing can be replaced",
    ),
    "process called as a RayJob": (
        {"processes": {"ray-a": {}}, "rayJobs": {"a": {"command": ["b"]}}},
        "processes.ray-a: pods of the RayJob of this name would be taken for this process",
    ),
    "mount of a RayJob": (
        {"rayJobs": {"a": {"command": ["b"], "mounts": {"c": "/c"}}}},
        'rayJobs.a.mounts.c: there is no entry "c" in files (none)',
    ),
    "name of the canary's pods": (
        {"processes": {"canary": {}}},
        "processes.canary: the chart has pods of this name itself",
    ),
    "label of the chart": (
        process() | {"labels": {"app.kubernetes.io/name": "b"}},
        "labels.app.kubernetes.io/name: the chart writes this label itself; choose another",
    ),
    "label of pods": (
        process() | {"serviceAccount": {"podLabels": {"inferloop.io/a": "b"}}},
        "serviceAccount.podLabels.inferloop.io/a: the chart writes this label itself",
    ),
    "gateway to nothing": (
        {"processes": {"main": {}}, "gateway": {"kind": "kong"}},
        "gateway.kind: process main does not listen; give processes.main.port, or choose kind none",
    ),
    "Istio's gateway without Istio": (gateway("istio"), "gateway.kind: istio needs mesh.kind istio"),
    "Istio's gateway without host": (
        gateway("istio", "istio"),
        "gateway.hosts: Istio's gateway needs a host; give one",
    ),
    "rate limit": (
        gateway("gateway-api", rateLimit=5),
        "gateway.rateLimit: gateway-api cannot count by client address; leave it out, or choose gateway.kind kong",
    ),
    "keys without Kong": (
        gateway("gateway-api", auth={"type": "key", "secret": "database", "key": "password"}),
        "gateway.auth: gateway-api does not know keys; choose type jwt, or gateway.kind kong",
    ),
    "tokens without anybody": (gateway("gateway-api", auth=TOKEN), "gateway.auth: gateway-api does not check tokens"),
    "tokens at Kong": (gateway("kong", auth=TOKEN), "gateway.auth.secret: Kong does not fetch an issuer's keys"),
    "audience at Kong": (
        gateway("kong", auth={**TOKEN, "audience": "tabular", "secret": "database", "key": "password"}),
        "gateway.auth.audience: Kong does not look for whom a token is, and would take those for others",
    ),
    "secret of the gateway": (
        gateway("kong", auth={"type": "key", "secret": "callers"}),
        'gateway.auth.secret: there is no entry "callers" in secrets (database); declare it there',
    ),
    "header twice": (
        gateway("kong", requestHeaders={"add": {"X-A": "1"}, "set": {"X-A": "2"}}),
        "gateway.requestHeaders.set.X-A: the header is in add, too; leave one out",
    ),
    "all origins with credentials": (
        gateway("kong", cors={"origins": ["*"], "credentials": True}),
        "gateway.cors.origins: browsers refuse * together with credentials; list the origins",
    ),
    "canary without traffic": ({"processes": {"main": {}}, "canary": CANARY}, "canary: process main does not listen"),
    "canary of a StatefulSet": (
        gateway("kong") | process(kind="StatefulSet") | {"canary": CANARY},
        "canary: process main is a StatefulSet; only a Deployment has a canary",
    ),
    "canary that nobody shares with": (
        process() | {"canary": CANARY},
        "canary: nothing shares the traffic out; choose a mesh",
    ),
    "canary of this version": (
        gateway("kong") | {"canary": {"weight": 1, "image": {"repository": "b"}}},
        "canary.image: it has neither tag nor digest",
    ),
    "migration without Istio": (
        gateway("kong") | {"migration": {"host": "old.example.com", "weight": 5}},
        "migration: only Istio sends a share out of the cluster; choose mesh.kind istio",
    ),
    "shares above all": (
        gateway("kong", "istio") | {"canary": CANARY, "migration": {"host": "old.example.com", "weight": 91}},
        "canary.weight: with migration.weight it is more than 100 percent; lower one of both",
    ),
    "caller of no process": (
        process() | {"network": {"ingressFrom": [{"namespace": "a", "process": "work"}]}},
        'network.ingressFrom[0].process: there is no process "work" (main); name one of these',
    ),
    "caller of a deaf process": (
        {"processes": {"main": {}}, "network": {"ingressFrom": [{"namespace": "a"}]}},
        "network.ingressFrom[0].port: process main does not listen; give it a port, or leave the caller out",
    ),
    "metrics of a job": (
        {"processes": {"main": {"kind": "Job"}}, "network": {"ingressFrom": [{"namespace": "a", "port": "metrics"}]}},
        "network.ingressFrom[0].port: process main has no metrics",
    ),
    "test of no service": ({"processes": {"work": {}}, "test": {"enabled": True}}, "test: there is no process main"),
    "test of a deaf service": (
        {"processes": {"main": {}}, "test": {"enabled": True}},
        "test.kind: process main does not listen; choose command, or give processes.main.port",
    ),
    "key of the test": (
        process() | {"test": {"enabled": True, "apiKey": {"secret": "a"}}},
        'test.apiKey: there is no entry "a" in secrets (none)',
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_values_that_contradict_each_other_are_refused(case: str) -> None:
    values, words = REFUSED[case]
    done = template(copy.deepcopy(RELEASE | values))
    assert done.returncode != 0, done.stdout
    assert words in done.stderr


LONG = "a" * 38


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": LONG, "processes": {"b" * 30: {}}}, f"processes.{'b' * 30}: the name"),
        (
            {"name": LONG, "processes": {"b" * 14: {"kind": "StatefulSet"}}},
            "of this StatefulSet has 53 characters, Kubernetes takes 52",
        ),
        (
            {"name": LONG, "processes": {"b" * 14: {"kind": "CronJob", "schedule": {"expression": "@daily"}}}},
            "of this CronJob has 53 characters, Kubernetes takes 52 here. Choose a shorter name",
        ),
        (
            {"name": LONG, "processes": {"b" * 16: {"kind": "Job"}}},
            "of this Job has 64 characters, Kubernetes takes 63",
        ),
        ({"name": LONG, "rayJobs": {"b": {"command": ["c"]}}}, "rayJobs.b: the name"),
        (
            {
                "name": LONG,
                "processes": {"b" * 16: {"autoscaling": {"kind": "keda", "min": 1, "max": 2, "triggers": [QUEUE]}}},
            },
            "of this ScaledObject has 55 characters, Kubernetes takes 54",
        ),
        (
            {"name": LONG, "processes": {"main": {}}, "secrets": {"b" * 30: {"key": "c"}}},
            f"secrets.{'b' * 30}: the name",
        ),
    ],
)
def test_names_that_are_too_long_are_refused_with_their_place(values: Tree, words: str) -> None:
    done = template(RELEASE | values)
    assert done.returncode != 0
    assert words in done.stderr


def test_the_longest_names_that_are_taken_are_within_every_limit() -> None:
    values = case_values("jobs")
    values["name"] = "a" * 30
    done = template(values)
    assert done.returncode == 0, done.stderr
