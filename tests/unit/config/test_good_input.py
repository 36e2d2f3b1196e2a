"""What is near a mistake and none: every limit itself is accepted."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from projects import CLOUD, ENVIRONMENT, project, service

from inferloop_deploy.config.validate import validate

QUEUE = "dependencies: [{name: jobs, type: queue}]"


@pytest.mark.parametrize(
    "spec",
    [
        "service: {autoscaling: {min: 3, max: 3, cpu: 100}}",
        f"service: {{autoscaling: {{min: 0, max: 1, queueLength: 1}}}}\n{QUEUE}",
        "service: {autoscaling: {max: 3, schedules: [{name: d, start: '0 7 * * *', end: '0 8 * * *', replicas: 3}]}}",
        "service: {type: worker, autoscaling: {max: 3, memory: 50}}",
        "service: {replicas: 0}",
        "service: {resources: {cpu: 500m, requests: {cpu: 0.5}}}",
        "service: {resources: {requests: {cpu: 1, memory: 1024Mi}, limits: {cpu: '1', memory: 1Gi}}}",
        "service: {replicas: 2, disruptionBudget: {minAvailable: 1}}",
        "service: {replicas: 2, disruptionBudget: {maxUnavailable: 50%}}",
        "service: {type: cron, schedule: '*/5 * * * *', timeout: 1h, retries: 0}",
        "service: {env: [{name: TOKENIZER_PATH, value: /models}, {name: MAX_TOKENS, value: '512'}, {name: EMPTY, value: ''}]}",
        "service: {env: [{name: API_KEY, value: '${dependencies.jobs.arn}'}, {name: PRICE, value: '$5 {x}'}]}\n" + QUEUE,
        "service: {env: [{name: URL, value: 'http://${dependencies.jobs.url}:${dependencies.jobs.arn}'}]}\n" + QUEUE,
        "service: {resources: {cpu: 3999m, memory: 15Gi}}",
        "service: {resources: {gpu: {count: 1, type: nvidia-t4}}}",
        "service: {resources: {gpu: '1', cpu: 3, memory: 15Gi}}",
        "service: {image: {tag: '1'}, resources: {cpu: '0.25', memory: 512Mi}, placement: {runtime: fargate}}",
        "service: {image: {tag: '1'}, resources: {cpu: '8', memory: 20Gi}, placement: {runtime: fargate}}",
        "service: {image: {tag: '1'}, placement: {runtime: fargate, zones: [us-east-1a]}, spot: true}",
        "service: {type: job, image: {tag: '1'}, placement: {runtime: batch}, resources: {gpu: 1}}",
        "service: {image: {tag: '1'}, placement: {runtime: fargate}}\nworkers: [{name: w, type: job, placement: {runtime: batch}}]",
        "service: {type: job, image: {tag: '1'}, placement: {runtime: batch}, timeout: 60s, retries: 9}",
        "service: {type: job, timeout: 1s, retries: 10}",
        "service: {type: cron, schedule: '0 3 13 * FRI'}\ndependencies: [{name: f, type: storage, class: file}]",
        "service: {type: cron, image: {tag: '1'}, schedule: '0 3 * * FRI', placement: {runtime: batch}}\nworkers: [{name: w, type: cron, schedule: '0 3 13 * *'}]",
        "service: {autoscaling: {max: 3, cpu: 70, schedules: [{name: d, start: '0 7 1 * 1', end: '0 8 1 * 1', replicas: 2}]}}",
        "service: {image: {tag: '1'}, port: 8080, placement: {runtime: fargate}, health: {readiness: {path: /ready, port: 8080}}}",
        "service: {health: {liveness: {path: /live}, readiness: {path: /ready, port: 81, period: 5s}, startup: {path: /}}}",
        "service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {enabled: true, hosts: [dev.inferloop.example, a.dev.inferloop.example, b.c.dev.inferloop.example]}}",
        "service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {hosts: [a.example.com, b.example.com, c.example.com, d.example.com]}}",
        "networking: {ingress: {enabled: true, hosts: [a.example.com, b.example.com, c.example.com, d.example.com]}}",
        "service: {type: function, image: {tag: '1'}, source: jobs, timeout: 5m, resources: {memory: 10240Mi}}\n" + QUEUE,
        "service: {type: function, image: {tag: '1'}, schedule: '0 3 * * *', timeout: 15m, retries: 2, resources: {memory: 128Mi}}",
        "service: {image: {tag: latest}}",
        "dependencies: [{name: s, type: storage, lifecycle: {infrequentAfter: 30d, archiveAfter: 60d, expireAfter: 61d}}]",
        "dependencies: [{name: s, type: storage, lifecycle: {archiveAfter: 1d, expireAfter: 2d}}]",
        "dependencies: [{name: s, type: storage, class: infrequent, lifecycle: {archiveAfter: 60d, expireAfter: 61d}}]",
        "dependencies: [{name: s, type: storage, class: infrequent, lifecycle: {expireAfter: 31d}}]",
        "dependencies: [{name: s, type: storage, class: archive, lifecycle: {expireAfter: 1d}}]",
        "dependencies: [{name: s, type: storage, class: file, lifecycle: {infrequentAfter: 30d, archiveAfter: 60d}}]",
        "dependencies: [{name: s, type: storage, class: file, path: /data, lifecycle: {infrequentAfter: 1d, archiveAfter: 365d}}]",
        "dependencies: [{name: d, type: database, storage: 20Gi, backupRetention: 35d}]",
        "dependencies: [{name: d, type: database, engine: aurora-postgresql, replicas: 5}]",
        "dependencies: [{name: d, type: database, version: '14'}, {name: a, type: database, engine: aurora-postgresql, version: '17.2'}]",
        "dependencies: [{name: c, type: cache, version: '7.2'}, {name: n, type: cache, version: '8.1'}, {name: r, type: cache, engine: redis, version: '7.0'}, {name: o, type: cache, engine: redis}]",
        "dependencies: [{name: d, type: database, engine: dynamodb, shared: true, backupRetention: 35d}]",
        "dependencies: [{name: d, type: database, shared: true, size: small, engine: postgres}]",
        "dependencies: [{name: q, type: queue, visibility: 12h, retention: 14d}]",
        "dependencies: [{name: q, type: queue, retention: 60s}]",
        "service: {image: {tag: '1'}}\ndependencies: [{name: q, type: queue, visibility: 2m}, {name: f, type: function, source: q, timeout: 2m}]",
        "dependencies: [{name: f, type: function, existing: {arn: 'arn:aws:lambda:us-east-1:123456789012:function:f'}}]",
        "dependencies: [{name: c, type: cache, existing: {host: c.example.com}}]",
        "dependencies: [{name: s, type: storage, class: file, existing: {fileSystem: fs-0123456789abcdef0}}]",
        "dependencies: [{name: t, type: database, engine: dynamodb, existing: {table: t}}]",
        "dependencies: [{name: d, type: database, existing: {host: h, database: d, secret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s'}}]",
        "secrets: [{name: s, rotation: 1000d, rotationFunction: 'arn:aws:lambda:us-east-1:123456789012:function:r'}]",
        'networking: {ingress: {cors: {origins: ["*"]}}}',
        'networking: {ingress: {auth: {type: jwt, issuer: "https://login.example.com"}}}',
        "networking: {ingress: {auth: {type: key, secret: k}}}\nsecrets: [{name: k}]",
        "networking: {ingress: {enabled: true, cdn: site}}\ndependencies: [{name: site, type: storage}]",
        "networking: {ingress: {enabled: true, path: /.well-known/x..y}}",
        "data: {residency: [eu-central-1, us-east-1]}",
        "monitoring: {logs: {retention: 3653d}, tracing: {samplingRate: 1}}",
        "monitoring: {tracing: {samplingRate: 0}}",
    ],
)  # fmt: skip
def test_a_limit_itself_is_accepted(spec: str) -> None:
    assert validate(project({"alpha": service("alpha", spec)})) == []


@pytest.mark.parametrize(
    "services",
    [
        {"beta": "networking: {ingress: {enabled: true, path: /api/alph}}"},
        {"beta": "networking: {ingress: {enabled: true, path: /api/alpha, hosts: [b.example.com]}}"},
        {"beta": "networking: {ingress: {enabled: false, path: /api/alpha}}"},
        {"beta": "dependencies: [{name: alpha, type: service}]", "gamma": "dependencies: [{name: beta, type: service}, {name: alpha, type: service}]"},
        {"beta": "dependencies: [{name: lake, type: storage, shared: true}]", "gamma": "dependencies: [{name: lake, type: storage, shared: true}]"},
        {"beta": "dependencies: [{name: q, type: queue, shared: true}]", "gamma": "dependencies: [{name: q, type: queue, shared: true}]"},
        {"beta": "dependencies: [{name: db, type: database, shared: true}]", "gamma": "dependencies: [{name: db, type: database, shared: true}]"},
    ],
    ids=str,
)  # fmt: skip
def test_services_that_go_together_are_accepted(services: Mapping[str, str]) -> None:
    alpha = service("alpha", "networking: {ingress: {enabled: true}}")
    others = {name: service(name, spec) for name, spec in services.items()}
    assert validate(project({"alpha": alpha, **others})) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10.10.0.0/16", "10.10.16.0/20"),
        ("{cidr: 10.10.0.0/16}", "{cidr: 10.10.0.0/16, serviceCidr: 192.168.0.0/24, reservedCidrs: [10.0.0.0/16, 10.0.0.0/12, 10.11.0.0/16]}"),
        ("    nodePools:", "    publicEndpoint: true\n    publicCidrs: [203.0.113.0/24]\n    nodePools:"),
        ("disk: 100Gi", "disk: 50Gi"),
        ("max: 4}", "max: 4}\n      - {name: spot, machineTypes: [m7i.large, m6i.large], min: 0, spot: true}"),
        ("[m7i.xlarge]", "[m7i.xlarge, m6i.xlarge, t3.medium]"),
        ("[g4dn.xlarge]", "[g4dn.xlarge, g4dn.2xlarge]"),
        ("  deletionProtection", "  backup: {retention: 120d, coldAfter: 30d}\n  deletionProtection"),
        ("  deletionProtection", "  budget: {monthly: 100, services: {alpha: 100}}\n  deletionProtection"),
        ("  deletionProtection", "  shared: {database: {engine: aurora-postgresql, replicas: 5, backupRetention: 35d}}\n  deletionProtection"),
        ("  deletionProtection", "  shared: {database: {version: '14.11'}, cache: {engine: redis, version: '7.1'}}\n  deletionProtection"),
        ("metadata: {name: dev,", "metadata: {name: dev, project: inferloop-sixtee,"),
    ],
)  # fmt: skip
def test_an_environment_at_its_limits_is_accepted(old: str, new: str) -> None:
    assert old in ENVIRONMENT + CLOUD
    texts = {"environment": ENVIRONMENT.replace(old, new), "aws": CLOUD.replace(old, new)}
    if "10.0.0.0/12" in new:  # the wide range holds the network; only reserved ranges may overlap each other
        texts["environment"] = (
            texts["environment"].replace("10.0.0.0/12", "10.0.0.0/13").replace("10.10.0.0/16", "10.9.0.0/16")
        )
    assert validate(project({"alpha": service("alpha", "")}, {"dev": texts})) == []


def test_an_existing_cluster_decides_itself_what_fits() -> None:
    existing = "{name: c, endpoint: 'https://c.example.com', caCertificate: Y2E=, oidcIssuer: 'https://o.example.com', oidcProviderArn: 'arn:aws:iam::123456789012:oidc-provider/o', nodeSecurityGroupId: sg-0123456789abcdef0}"
    cloud = (
        CLOUD.partition("    nodePools:")[0]
        + f"    existing: {existing}\n"
        + "  sizes:"
        + CLOUD.partition("  sizes:")[2]
    )
    spec = "service: {replicas: 50, resources: {cpu: '64', gpu: {count: 2, type: nvidia-x}}, placement: {nodePool: theirs}}"
    assert (
        validate(project({"alpha": service("alpha", spec)}, {"dev": {"environment": ENVIRONMENT, "aws": cloud}})) == []
    )


def test_without_a_cluster_everything_runs_elsewhere() -> None:
    cloud = CLOUD.partition("    nodePools:")[0] + "    enabled: false\n" + "  sizes:" + CLOUD.partition("  sizes:")[2]
    spec = "service: {image: {tag: '1'}, placement: {runtime: fargate}}"
    assert (
        validate(project({"alpha": service("alpha", spec)}, {"dev": {"environment": ENVIRONMENT, "aws": cloud}})) == []
    )
