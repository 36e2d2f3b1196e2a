"""What people write by mistake: every case with the checks that find it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from projects import CLOUD, ENVIRONMENT, project, service

from inferloop_deploy.config.load import Project

QUEUE = "dependencies: [{name: jobs, type: queue}]"


TOKENS = """\
networking: {ingress: {enabled: true, auth: {type: jwt, issuer: "https://login.example.com", secret: s}}}
secrets: [{name: s}]"""


@dataclass(frozen=True)
class Case:
    """A mistake: what is written, and the ids of the checks that find it.

    `spec` is the spec of the service alpha; `services` has other services by name; `replace` changes texts of the
    environment dev; `environments` adds others.
    """

    name: str
    found: tuple[str, ...]
    spec: str = ""
    rest: str = ""
    metadata: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    replace: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def project(self) -> Project:
        """Return the project that holds the mistake."""
        environment, cloud = ENVIRONMENT, CLOUD
        for old, new in self.replace.items():
            assert old in environment + cloud, old
            environment, cloud = environment.replace(old, new), cloud.replace(old, new)
        services = {"alpha": service("alpha", self.spec, rest=self.rest, metadata=self.metadata), **self.services}
        return project(services, {"dev": {"environment": environment, "aws": cloud}, **self.environments})

    def shown(self) -> str:
        """Return what is written, for people."""
        texts = [self.spec, self.rest, *([f"metadata: {self.metadata}"] if self.metadata else [])]
        texts += [f"# services/{name}\n{text}" for name, text in self.services.items()]
        texts += [f"# environment: {new}" for new in self.replace.values()]
        texts += [
            f"# environments/{env}/{stem}.yaml\n{text}"
            for env, stems in self.environments.items()
            for stem, text in stems.items()
        ]
        return "\n".join(text.strip() for text in texts if text.strip())


def _other(name: str, text: str) -> Mapping[str, Mapping[str, str]]:
    return {name: {"environment": ENVIRONMENT.replace("name: dev", f"name: {name}"), "aws": text}}


FORM = (
    Case("empty file", ("syntax",), services={"beta": ""}),
    Case("only a comment", ("syntax",), services={"beta": "# nothing yet\n"}),
    Case("a list", ("syntax",), services={"beta": "- apiVersion: v1\n"}),
    Case("two documents", ("syntax",), rest="---\nkind: ServiceConfig\n"),
    Case("an open bracket", ("syntax",), spec="service: {replicas: 3"),
    Case("a colon in a value", ("syntax",), spec="service: {command: a: b}"),
    Case("a template placeholder", ("syntax",), spec="service: {replicas: {{ replicas }}}"),
    Case("a value that starts with a percent sign", ("syntax",), spec="service: {schedule: %daily}"),
    Case("a placeholder without its end", ("syntax",), spec="service: {replicas: {{ replicas }"),
    Case("a tab", ("tab",), spec="service:\n\treplicas: 3"),
    Case("a tab inside brackets", ("tab",), spec="service: {\n\treplicas: 3}"),
    Case("an anchor and an alias", ("anchor",), spec="service: &common {replicas: 3}\nworkers: [*common]"),
    Case("a merge key", ("anchor", "unknown-key"), spec="service: &common {replicas: 3}\nnetworking: {<<: *common}"),
    Case("a Python tag", ("tag",), spec="service: {replicas: !!python/object/apply:os.system ['touch /tmp/owned']}"),
    Case("a standard tag", ("tag",), spec='service: {replicas: !!int "3"}'),
    Case("a key twice", ("duplicate-key",), spec="service: {replicas: 3, replicas: 4}"),
    Case("a mapping as key", ("syntax",), spec="service: {? [a, b] : 3}"),
    Case("nested too deep", ("depth",), spec="service: " + "[" * 40 + "]" * 40),
    Case("no apiVersion in a cloud's file", ("missing",), replace={CLOUD: CLOUD.replace("apiVersion: v1\n", "")}),
    Case(
        "a cloud that does not exist",
        ("cloud-file",),
        environments=_other("two", CLOUD)
        | {"three": {"environment": ENVIRONMENT.replace("dev", "three").replace("10.10", "10.30"), "awss": CLOUD}},
        replace={"10.10": "10.20"},
    ),
    Case(
        "no cloud at all",
        ("cloud-file",),
        environments={"two": {"environment": ENVIRONMENT.replace("name: dev", "name: two")}},
    ),
)
SCHEMA = (
    Case("an unknown key", ("unknown-key",), spec="networking: {ingress: {rateLimt: 1000}}"),
    Case("a key in snake case", ("unknown-key",), spec="networking: {ingress: {rate_limit: 1000}}"),
    Case("a key that is nowhere near", ("unknown-key",), spec="service: {nodeSelector: {gpu: yes}}"),
    Case("an unknown key at the top", ("unknown-key",), rest="environment: {}"),
    Case(
        "a wrong apiVersion and kind",
        ("accepted-values",),
        services={"beta": "apiVersion: v2\nkind: Service\nmetadata: {name: beta}\n"},
    ),
    Case("no name", ("missing",), services={"beta": "apiVersion: v1\nkind: ServiceConfig\nmetadata: {team: x}\n"}),
    Case(
        "no kind, in a file with an override",
        ("missing",),
        services={
            "beta": "apiVersion: v1\nmetadata: {name: beta}\nenvironments: {dev: {spec: {service: {type: api, replicas: 2}}}}\n"
        },
    ),
    Case("no metadata", ("missing",), services={"beta": "apiVersion: v1\nkind: ServiceConfig\n"}),
    Case("a name with capitals", ("accepted-values",), services={"Beta": service("Beta", "")}),
    Case("a name that climbs out", ("accepted-values",), services={"beta": service("../../etc/passwd", "")}),
    Case("a dependency without type", ("missing",), spec="dependencies: [{name: postgres, shared: true}]"),
    Case("an unknown type of dependency", ("accepted-values",), spec="dependencies: [{name: postgres, type: databse}]"),
    Case("text for a number", ("wrong-type",), spec='service: {replicas: "3"}'),
    Case("a fraction of a replica", ("wrong-type",), spec="service: {replicas: 2.5}"),
    Case("a number with a leading zero", ("wrong-type",), spec="service: {replicas: 012}"),
    Case("yes for true", ("wrong-type",), spec="service: {spot: yes}"),
    Case("a number for text", ("wrong-type",), spec="dependencies: [{name: db, type: cache, version: 8.0}]"),
    Case("text for a mapping", ("wrong-type",), spec="service: three replicas"),
    Case("a mapping for a list", ("wrong-type",), spec="dependencies: {postgres: {type: database}}"),
    Case("a list for a mapping", ("wrong-type",), spec="networking: [ingress]"),
    Case("too few and too many", ("accepted-values",), spec="service: {replicas: -1, port: 70000, retries: 11}"),
    Case("memory in Gb", ("accepted-values",), spec="service: {resources: {memory: 4Gb}}"),
    Case("memory without unit", ("accepted-values",), spec='service: {resources: {memory: "4"}}'),
    Case("memory with a fraction", ("accepted-values",), spec="service: {resources: {memory: 1.5Gi}}"),
    Case("a negative quantity", ("accepted-values",), spec='service: {resources: {memory: "-1"}}'),
    Case("cores as 2x", ("accepted-values",), spec='service: {resources: {cpu: "2x"}}'),
    Case("no cores", ("accepted-values",), spec="service: {resources: {cpu: 0}}"),
    Case("GPUs in words", ("wrong-type",), spec="service: {resources: {gpu: one}}"),
    Case("a duration without unit", ("accepted-values",), spec='networking: {serviceMesh: {timeout: "30"}}'),
    Case("a duration as a number", ("wrong-type",), spec="networking: {serviceMesh: {timeout: 30}}"),
    Case("a duration in words", ("accepted-values",), spec="networking: {serviceMesh: {timeout: 30 seconds}}"),
    Case("sexagesimal time", ("accepted-values",), spec="networking: {serviceMesh: {timeout: 1:30}}"),
    Case("a date", ("wrong-type",), spec="service: {replicas: 2024-01-01}"),
    Case(
        "days as hours", ("accepted-values",), spec="dependencies: [{name: db, type: database, backupRetention: 168h}]"
    ),
    Case("a sampling rate in percent", ("accepted-values",), spec="monitoring: {tracing: {samplingRate: 10}}"),
    Case("not a number", ("wrong-type",), spec="monitoring: {tracing: {samplingRate: .nan}}"),
    Case(
        "a path that climbs out",
        ("accepted-values",),
        spec="dependencies: [{name: files, type: storage, path: /../../etc}]",
    ),
    Case(
        "an unknown method",
        ("accepted-values",),
        spec='networking: {ingress: {cors: {origins: ["*"], methods: [get]}}}',
    ),
    Case("no origins", ("accepted-values",), spec="networking: {ingress: {cors: {origins: []}}}"),
    Case(
        "an account without quotes",
        ("wrong-type",),
        replace={"region: us-east-1\n": "region: us-east-1\n  account: {id: 123456789012}\n"},
    ),
    Case("an environment without domain", ("missing",), replace={"  dns: {domain: dev.inferloop.example}\n": ""}),
    Case(
        "a secret in a wrong place",
        ("wrong-type",),
        spec="networking: {ingress: {auth: {type: key, secret: {password: hunter2}}}}",
    ),
    Case("a name too long", ("accepted-values",), services={"b" * 41: service("b" * 41, "")}),
)
WHOLE_FILE = (
    Case(
        "two dependencies of one name",
        ("duplicate-name",),
        spec="dependencies: [{name: db, type: cache}, {name: db, type: queue}]",
    ),
    Case(
        "two variables of one name",
        ("duplicate-name",),
        spec='service: {env: [{name: A, value: "1"}, {name: A, value: "2"}]}',
    ),
    Case(
        "an override for an unknown environment",
        ("override",),
        rest="environments: {prd: {spec: {service: {replicas: 2}}}}",
    ),
    Case("an override that is no mapping", ("wrong-type",), rest="environments: {dev: 3}"),
    Case("overrides that are no mapping", ("wrong-type",), rest="environments: [dev]"),
    Case(
        "an override of something else", ("unknown-key",), rest="environments: {dev: {specs: {service: {replicas: 2}}}}"
    ),
    Case("an override of the name", ("unknown-key",), rest="environments: {dev: {metadata: {name: gamma}}}"),
    Case(
        "an unknown key in an override", ("unknown-key",), rest="environments: {dev: {spec: {service: {replica: 2}}}}"
    ),
    Case(
        "an unknown key in the defaults",
        ("unknown-key",),
        replace={
            "  deletionProtection: false\n": "  deletionProtection: false\n  serviceDefaults: {service: {replica: 2}}\n"
        },
    ),
)
PROCESSES = (
    Case(
        "a function with two starts",
        ("function-start",),
        spec=f"service: {{type: function, source: jobs, schedule: '0 3 * * *', timeout: 1m, image: {{tag: '1'}}}}\n{QUEUE}",
    ),
    Case(
        "too many labels",
        ("reserved-label",),
        metadata="labels: {" + ", ".join(f"l{number}: x" for number in range(31)) + "}",
    ),
    Case("not the folder's name", ("folder-name",), services={"beta": service("gamma", "")}),
    Case("a worker with the service's name", ("worker-name",), spec="workers: [{name: alpha}]"),
    Case("cron without schedule", ("schedule",), spec="service: {type: cron}"),
    Case("a schedule on an api", ("schedule",), spec='service: {schedule: "0 3 * * *"}'),
    Case("a schedule with six fields", ("accepted-values",), spec='service: {type: cron, schedule: "0 0 3 * * *"}'),
    Case("a minute that does not exist", ("cron-expression",), spec='service: {type: cron, schedule: "60 3 * * *"}'),
    Case("a day that does not exist", ("cron-expression",), spec='service: {type: cron, schedule: "0 3 30 2 *"}'),
    Case("a weekday in words", ("cron-expression",), spec='service: {type: cron, schedule: "0 3 * * MONDAY"}'),
    Case(
        "a range the wrong way round",
        ("cron-expression",),
        spec='workers: [{name: nightly, type: cron, schedule: "0 5-3 * * *"}]',
    ),
    Case(
        "a window that starts never",
        ("cron-expression",),
        spec='service: {autoscaling: {max: 3, cpu: 70, schedules: [{name: day, start: "0 24 * * *", end: "0 8 * * *", replicas: 2}]}}',
    ),
    Case(
        "a time zone that does not exist",
        ("time-zone",),
        spec='service: {type: cron, schedule: "0 3 * * *", timeZone: Europe/Berlinn}',
    ),
    Case(
        "a window in no time zone",
        ("time-zone",),
        spec='service: {autoscaling: {max: 3, schedules: [{name: day, start: "0 7 * * *", end: "0 8 * * *", timeZone: Mars/North, replicas: 2}]}}',
    ),
    Case("min greater than max", ("scaling-range",), spec="service: {autoscaling: {min: 5, max: 3, cpu: 70}}"),
    Case("the default of min greater than max", ("accepted-values",), spec="service: {autoscaling: {max: 0, cpu: 70}}"),
    Case(
        "a window above max",
        ("scaling-range",),
        spec='service: {autoscaling: {max: 3, cpu: 70, schedules: [{name: day, start: "0 7 * * *", end: "0 8 * * *", replicas: 4}]}}',
    ),
    Case("nothing to scale by", ("scaling-target",), spec="service: {autoscaling: {max: 3}}"),
    Case("from zero without a queue", ("scaling-target",), spec="service: {autoscaling: {min: 0, max: 3, cpu: 70}}"),
    Case(
        "requests to a worker",
        ("scaling-target",),
        spec="service: {type: worker, autoscaling: {max: 3, requestsPerSecond: 5}}",
    ),
    Case("queueLength without a queue", ("queue-length",), spec="service: {autoscaling: {max: 3, queueLength: 5}}"),
    Case(
        "queueLength with two queues",
        ("queue-length",),
        spec="service: {autoscaling: {max: 3, queueLength: 5}}\ndependencies: [{name: a, type: queue}, {name: b, type: queue}]",
    ),
    Case(
        "a queue without queueLength",
        ("queue-length",),
        spec=f"service: {{autoscaling: {{max: 3, cpu: 70, queue: jobs}}}}\n{QUEUE}",
    ),
    Case(
        "replicas of a job",
        ("process-type",),
        spec="service: {type: job, replicas: 3, autoscaling: {max: 3, cpu: 70}, health: {liveness: {path: /}}}",
    ),
    Case("retries of an api", ("process-type",), spec="service: {retries: 3, timeout: 5m}"),
    Case(
        "a request above its limit",
        ("requests-limits",),
        spec="service: {resources: {requests: {cpu: 500m, memory: 2Gi}, limits: {cpu: 250m, memory: 1Gi}}}",
    ),
    Case(
        "a request above the short form",
        ("requests-limits",),
        spec="service: {resources: {memory: 1Gi, requests: {memory: 2000Mi}}}",
    ),
    Case(
        "a short form without effect",
        ("resources-no-effect",),
        spec='service: {resources: {cpu: "2", requests: {cpu: "1"}, limits: {cpu: "3"}}}',
    ),
    Case("a GPU type without a GPU", ("resources-no-effect",), spec="service: {resources: {gpu: {type: nvidia-t4}}}"),
    Case(
        "more kept than there are",
        ("disruption-budget",),
        spec="service: {replicas: 2, disruptionBudget: {minAvailable: 3}}",
    ),
    Case(
        "more kept than autoscaling keeps",
        ("disruption-budget",),
        spec="service: {replicas: 9, autoscaling: {min: 2, max: 9, cpu: 70}, disruptionBudget: {minAvailable: 3}}",
    ),
    Case(
        "both budgets",
        ("disruption-budget",),
        spec="service: {replicas: 3, disruptionBudget: {minAvailable: 1, maxUnavailable: 1}}",
    ),
    Case("an empty budget", ("disruption-budget",), spec="service: {disruptionBudget: {}}"),
    Case("a budget that lets none go", ("drain",), spec="service: {replicas: 2, disruptionBudget: {minAvailable: 2}}"),
    Case("a budget of zero", ("drain",), spec="service: {replicas: 2, disruptionBudget: {maxUnavailable: 0}}"),
    Case("tag and digest", ("image",), spec=f"service: {{image: {{tag: '1', digest: 'sha256:{'0' * 64}'}}}}"),
    Case("a repository alone", ("image",), spec="service: {image: {repository: registry.example.com/team/alpha}}"),
    Case(
        "a cron on batch without image",
        ("image-needed",),
        spec='service: {type: cron, schedule: "0 3 * * *", placement: {runtime: batch}}',
    ),
    Case(
        "a function without image", ("image-needed",), spec=f"{QUEUE[:-1]}, {{name: f, type: function, source: jobs}}]"
    ),
    Case("a password in a variable", ("plain-secret",), spec="service: {env: [{name: DB_PASSWORD, value: hunter2}]}"),
    Case("a key among the arguments", ("plain-secret",), spec="service: {args: [--key, AKIAIOSFODNN7EXAMPLE]}"),
    Case(
        "a password in an address",
        ("plain-secret",),
        spec="workers: [{name: w, env: [{name: URL, value: 'postgres://me:hunter2@db/x'}]}]",
    ),
    Case("a reserved label", ("reserved-label",), metadata="labels: {Team: other}"),
    Case("a function that nothing starts", ("function-start",), spec="service: {type: function, image: {tag: '1'}}"),
    Case("a source of an api", ("function-start",), spec=f"service: {{source: jobs}}\n{QUEUE}"),
    Case(
        "a worker beside a function",
        ("function-start",),
        spec=f"service: {{type: function, source: jobs, timeout: 1m, image: {{tag: '1'}}}}\nworkers: [{{name: w}}]\n{QUEUE}",
    ),
)
REFERENCES = (
    Case(
        "the user of a brought cache",
        ("reference",),
        spec="service: {env: [{name: USER, value: '${dependencies.c.user}'}]}\ndependencies: [{name: c, type: cache, existing: {host: c.example.com}}]",
    ),
    Case(
        "a worker with the name of a service",
        ("derived-name",),
        spec="workers: [{name: beta}]",
        services={"alpha-beta": service("alpha-beta", "")},
    ),
    Case(
        "two secrets of one name",
        ("derived-name",),
        spec="secrets: [{name: beta-key}]",
        services={"alpha-beta": service("alpha-beta", "secrets: [{name: key}]")},
    ),
    Case(
        "an unknown dependency",
        ("reference",),
        spec=f"service: {{env: [{{name: URL, value: '${{dependencies.job.url}}'}}]}}\n{QUEUE}",
    ),
    Case(
        "a dependency of none", ("reference",), spec="service: {env: [{name: URL, value: '${dependencies.jobs.url}'}]}"
    ),
    Case(
        "an unknown output",
        ("reference",),
        spec=f"service: {{env: [{{name: URL, value: '${{dependencies.jobs.host}}'}}]}}\n{QUEUE}",
    ),
    Case(
        "an unknown reference",
        ("reference",),
        spec="service: {env: [{name: A, value: '${env.HOME}'}, {name: B, value: 'x ${'}]}",
    ),
    Case(
        "value and secret",
        ("env-source",),
        spec="service: {env: [{name: A, value: x, secret: {name: s}}]}\nsecrets: [{name: s}]",
    ),
    Case("neither value nor secret", ("env-source",), spec="service: {env: [{name: A}]}"),
    Case(
        "an unlisted secret",
        ("secret-reference",),
        spec="service: {env: [{name: A, secret: {name: model-hb}}]}\nsecrets: [{name: model-hub}]",
    ),
    Case(
        "an unlisted secret of the gateway",
        ("secret-reference",),
        spec="networking: {ingress: {auth: {type: key, secret: keys}}}",
    ),
    Case(
        "a source that does not exist",
        ("dependency-reference",),
        spec="service: {image: {tag: '1'}}\ndependencies: [{name: f, type: function, source: uploads}]",
    ),
    Case(
        "a source of a wrong type",
        ("dependency-reference",),
        spec="service: {image: {tag: '1'}}\ndependencies: [{name: db, type: cache}, {name: f, type: function, source: db}]",
    ),
    Case(
        "static content from a queue",
        ("dependency-reference",),
        spec=f"networking: {{ingress: {{cdn: jobs}}}}\n{QUEUE}",
    ),
    Case(
        "static content from shared storage",
        ("dependency-reference",),
        spec="networking: {ingress: {cdn: site}}\ndependencies: [{name: site, type: storage, shared: true}]",
    ),
    Case(
        "a queue that does not exist",
        ("dependency-reference",),
        spec=f"service: {{autoscaling: {{max: 3, queueLength: 5, queue: job}}}}\n{QUEUE}",
    ),
    Case(
        "a service that does not exist",
        ("service-reference",),
        spec="dependencies: [{name: bta, type: service}]",
        services={"beta": service("beta", "")},
    ),
    Case(
        "a cycle of two",
        ("cycle",),
        spec="dependencies: [{name: beta, type: service}]",
        services={"beta": service("beta", "dependencies: [{name: back, type: service, service: alpha}]")},
    ),
    Case("a cycle of one", ("cycle",), spec="dependencies: [{name: alpha, type: service}]"),
    Case("two services of one name", ("folder-name", "service-name"), services={"beta": service("alpha", "")}),
    Case(
        "a shared queue that is two things",
        ("shared-agreement",),
        spec="dependencies: [{name: events, type: queue, shared: true, fifo: true}]",
        services={"beta": service("beta", "dependencies: [{name: events, type: queue, shared: true}]")},
    ),
    Case(
        "shared storage with one prefix",
        ("shared-prefix",),
        spec="dependencies: [{name: lake, type: storage, shared: true, path: /data}]",
        services={
            "beta": service("beta", "dependencies: [{name: lake, type: storage, shared: true, path: /data/beta}]")
        },
    ),
    Case(
        "two queues of one name",
        ("derived-name",),
        spec="dependencies: [{name: beta-jobs, type: queue}]",
        services={"alpha-beta": service("alpha-beta", QUEUE)},
    ),
)
DEPENDENCIES = (
    Case(
        "two shares of one database",
        ("one-shared",),
        spec="dependencies: [{name: a, type: database, shared: true}, {name: b, type: database, shared: true}]",
    ),
    Case(
        "infrequent access too early",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, lifecycle: {infrequentAfter: 7d}}]",
    ),
    Case(
        "the archive too early",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, lifecycle: {infrequentAfter: 30d, archiveAfter: 31d}}]",
    ),
    Case(
        "deleted before archived",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, lifecycle: {archiveAfter: 90d, expireAfter: 60d}}]",
    ),
    Case(
        "the archive too early for the class",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: infrequent, lifecycle: {archiveAfter: 59d}}]",
    ),
    Case(
        "deleted before the class is reached",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: infrequent, lifecycle: {expireAfter: 30d}}]",
    ),
    Case(
        "files archived before they are in infrequent access",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: file, lifecycle: {infrequentAfter: 30d, archiveAfter: 30d}}]",
    ),
    Case(
        "files that expire",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: file, lifecycle: {expireAfter: 60d}}]",
    ),
    Case(
        "ages without effect",
        ("lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: archive, lifecycle: {infrequentAfter: 30d, archiveAfter: 60d}}]",
    ),
    Case(
        "a table with a size",
        ("database",),
        spec="dependencies: [{name: t, type: database, engine: dynamodb, size: small, version: '1'}]",
    ),
    Case(
        "keys of no table", ("database",), spec="dependencies: [{name: t, type: database, table: {partitionKey: id}}]"
    ),
    Case("read replicas of postgres", ("database",), spec="dependencies: [{name: t, type: database, replicas: 1}]"),
    Case("a disk too small", ("database",), spec="dependencies: [{name: t, type: database, storage: 5Gi}]"),
    Case(
        "a disk of Aurora",
        ("database",),
        spec="dependencies: [{name: t, type: database, engine: aurora-postgresql, storage: 50Gi}]",
    ),
    Case("backups for too long", ("database",), spec="dependencies: [{name: t, type: database, backupRetention: 90d}]"),
    Case(
        "shared and existing",
        ("shared",),
        spec="dependencies: [{name: c, type: cache, shared: true, existing: {host: c.example.com}}]",
    ),
    Case(
        "an existing database without host",
        ("existing",),
        spec="dependencies: [{name: d, type: database, existing: {port: 5432, table: x}}]",
    ),
    Case(
        "an existing bucket for files",
        ("existing",),
        spec="dependencies: [{name: s, type: storage, class: file, existing: {bucket: my-bucket}}]",
    ),
    Case(
        "a queue that hides too long",
        ("queue-limits",),
        spec="dependencies: [{name: q, type: queue, visibility: 13h, retention: 15d}]",
    ),
    Case(
        "a function with too much",
        ("function-limits",),
        spec="service: {image: {tag: '1'}}\ndependencies: [{name: s, type: storage}, {name: f, type: function, source: s, memory: 64Mi, timeout: 20m}]",
    ),
    Case(
        "a function without source",
        ("function-limits",),
        spec="service: {image: {tag: '1'}}\ndependencies: [{name: f, type: function}]",
    ),
    Case(
        "a function longer than its queue hides",
        ("function-limits",),
        spec="service: {image: {tag: '1'}}\ndependencies: [{name: q, type: queue, visibility: 1m}, {name: f, type: function, source: q, timeout: 2m}]",
    ),
    Case(
        "a service as a function with too much",
        ("function-limits",),
        spec="service: {type: function, schedule: '0 3 * * *', timeout: 1h, image: {tag: '1'}, resources: {memory: 64Mi, gpu: 1}}",
    ),
    Case(
        "a function with too many retries",
        ("function-limits",),
        spec="service: {type: function, schedule: '0 3 * * *', timeout: 1m, image: {tag: '1'}, retries: 3}",
    ),
    Case(
        "rotation without function",
        ("rotation",),
        spec="secrets: [{name: s, rotation: 30d}, {name: t, rotation: 2000d, rotationFunction: 'arn:aws:lambda:us-east-1:123456789012:function:r'}]",
    ),
    Case(
        "a function without rotation",
        ("rotation",),
        spec="secrets: [{name: s, rotationFunction: 'arn:aws:lambda:us-east-1:123456789012:function:r'}]",
    ),
    Case(
        "rotation of what exists",
        ("rotation",),
        spec="secrets: [{name: s, rotation: 30d, rotationFunction: 'arn:aws:lambda:us-east-1:123456789012:function:r', existing: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:s'}]",
    ),
)
NETWORKING = (
    Case(
        "a host on two runtimes",
        ("host-runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {enabled: true}}",
        services={"beta": service("beta", "networking: {ingress: {enabled: true}}")},
    ),
    Case(
        "ingress of a worker",
        ("ingress-type",),
        spec="service: {type: worker}\nnetworking: {ingress: {enabled: true, path: /x}}",
    ),
    Case(
        "every origin with credentials",
        ("cors",),
        spec='networking: {ingress: {cors: {origins: ["*"], credentials: true}}}',
    ),
    Case(
        "jwt without issuer",
        ("auth",),
        spec="networking: {ingress: {auth: {type: jwt, secret: s}}}\nsecrets: [{name: s}]",
    ),
    Case(
        "key without secret",
        ("auth",),
        spec='networking: {ingress: {auth: {type: key, issuer: "https://login.example.com"}}}',
    ),
    Case(
        "a header twice",
        ("request-headers",),
        spec="networking: {ingress: {requestHeaders: {set: {X-Team: a}, remove: [x-team]}}}",
    ),
    Case(
        "one path for two services",
        ("ingress-path",),
        spec="networking: {ingress: {enabled: true, path: /api}}",
        services={"beta": service("beta", "networking: {ingress: {enabled: true, path: /api/}}")},
    ),
    Case(
        "one path for two services on one of their hosts",
        ("ingress-path",),
        spec="networking: {ingress: {enabled: true, path: /, hosts: [a.example.com]}}",
        services={
            "beta": service(
                "beta", "networking: {ingress: {enabled: true, path: /, hosts: [b.example.com, a.example.com]}}"
            )
        },
    ),
    Case(
        "a path that is another's default",
        ("ingress-path",),
        spec="networking: {ingress: {enabled: true, path: /api/beta}}",
        services={"beta": service("beta", "networking: {ingress: {enabled: true}}")},
    ),
    Case(
        "a path below another's",
        ("nested-path",),
        spec="networking: {ingress: {enabled: true, path: /api}}",
        services={"beta": service("beta", "networking: {ingress: {enabled: true, path: /api/v1/beta}}")},
    ),
)
PLACEMENT = (
    Case("spot where there is none", ("spot",), spec="service: {spot: true}"),
    Case("spot with GPUs where there is none", ("spot",), spec="service: {spot: true, resources: {gpu: 1}}"),
    Case(
        "a gateway before fargate",
        ("runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {auth: {type: jwt, issuer: 'https://a.example.com'}, cors: {origins: ['*']}, requestHeaders: {remove: [x-a]}}}",
    ),
    Case("a GPU type that no pool offers", ("gpu",), spec="service: {resources: {gpu: {count: 1, type: nvidia-t5}}}"),
    Case("more GPUs than a node has", ("gpu", "node-size"), spec="service: {resources: {cpu: '8', gpu: 4}}"),
    Case(
        "GPUs where there are none",
        ("gpu",),
        spec='service: {resources: {gpu: "1"}}',
        replace={
            "      - {name: gpu, machineTypes: [g4dn.xlarge], min: 0, max: 2, disk: 100Gi, gpu: {type: nvidia-t4}}\n": ""
        },
    ),
    Case("a node pool that does not exist", ("node-pool",), spec="service: {placement: {nodePool: genral}}"),
    Case("a zone that is not used", ("zone",), spec="service: {placement: {zones: [us-east-1a, us-east-1f]}}"),
    Case(
        "no cluster",
        ("cluster",),
        spec="service: {type: cron, schedule: '0 3 * * *'}",
        replace={"    nodePools:": "    enabled: false\n    nodePools:"},
    ),
    Case(
        "a job on fargate", ("runtime",), spec="service: {type: job, image: {tag: '1'}, placement: {runtime: fargate}}"
    ),
    Case("an api on batch", ("runtime",), spec="service: {image: {tag: '1'}, placement: {runtime: batch}}"),
    Case(
        "a worker where its service runs",
        ("runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}}\nworkers: [{name: nightly, type: job}]",
    ),
    Case(
        "much that fargate cannot do",
        ("runtime",),
        spec="service: {image: {tag: '1'}, resources: {cpu: '3', memory: 5Gi, gpu: 1}, placement: {runtime: fargate, nodePool: general, spread: node}}\ndependencies: [{name: f, type: storage, class: file}]\nnetworking: {serviceMesh: {enabled: true}}",
    ),
    Case(
        "fargate scaling by what it does not see",
        ("runtime",),
        spec=f"service: {{image: {{tag: '1'}}, placement: {{runtime: fargate}}, autoscaling: {{min: 1, max: 3, queueLength: 5, requestsPerSecond: 10}}}}\n{QUEUE}",
    ),
    Case(
        "a worker on fargate that it has no size for",
        ("runtime",),
        spec="service: {image: {tag: '1'}}\nworkers: [{name: w, resources: {cpu: '3', memory: 5Gi, gpu: 1}, autoscaling: {max: 2, queueLength: 5}, placement: {runtime: fargate}}]\n"
        + QUEUE,
    ),
    Case(
        "files beside a worker on fargate and a job on batch",
        ("runtime",),
        spec="service: {image: {tag: '1'}}\nworkers: [{name: w, placement: {runtime: fargate}}, {name: j, type: job, placement: {runtime: batch}}]\ndependencies: [{name: f, type: storage, class: file}]",
    ),
    Case(
        "files on batch",
        ("runtime",),
        spec="service: {type: job, image: {tag: '1'}, placement: {runtime: batch}}\ndependencies: [{name: f, type: storage, class: file}]",
    ),
    Case(
        "files in a function",
        ("runtime",),
        spec="service: {type: function, image: {tag: '1'}, schedule: '0 3 * * *'}\ndependencies: [{name: f, type: storage, class: file}]",
    ),
    Case(
        "probes that nobody makes on fargate",
        ("runtime",),
        spec="service: {image: {tag: '1'}, port: 8080, placement: {runtime: fargate}, health: {liveness: {path: /live}, readiness: {path: /ready, port: 8081, initialDelay: 5s, period: 5s, timeout: 1s, failureThreshold: 5}, startup: {path: /started}}}",
    ),
    Case(
        "more hosts than fargate's load balancer takes",
        ("runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {enabled: true, hosts: [a.dev.inferloop.example, b.dev.inferloop.example, c.dev.inferloop.example, d.dev.inferloop.example]}}",
    ),
    Case(
        "hosts on fargate without a certificate",
        ("runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}}\nnetworking: {ingress: {enabled: true, hosts: [a.example.com, notdev.inferloop.example]}}",
    ),
    Case(
        "a job that batch does not take",
        ("runtime",),
        spec="service: {type: job, image: {tag: '1'}, timeout: 59s, retries: 10, placement: {runtime: batch}}",
    ),
    Case(
        "a cron on batch by day and weekday",
        ("schedule-days",),
        spec="service: {image: {tag: '1'}}\nworkers: [{name: w, type: cron, schedule: '0 3 13 * FRI', placement: {runtime: batch}}]",
    ),
    Case(
        "a function by day and weekday",
        ("schedule-days",),
        spec="service: {type: function, image: {tag: '1'}, schedule: '0 3 */2 * 1-5', timeout: 1m}",
    ),
    Case(
        "scaling on fargate by day and weekday",
        ("schedule-days",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}, autoscaling: {max: 3, cpu: 70, schedules: [{name: d, start: '0 7 1 * 1', end: '0 8 1 * 1', replicas: 2}]}}",
    ),
    Case(
        "a function that is placed",
        ("runtime",),
        spec="service: {type: function, image: {tag: '1'}, schedule: '0 3 * * *', placement: {runtime: fargate}}",
    ),
    Case("a replica larger than any node", ("node-size",), spec="service: {resources: {cpu: '4', memory: 4Gi}}"),
    Case("a region outside the residency", ("residency",), spec="data: {residency: [eu-central-1]}"),
    Case(
        "a size without a machine",
        ("size",),
        spec="dependencies: [{name: d, type: database, size: large}, {name: c, type: cache, size: xlarge}]",
    ),
    Case(
        "versions that are not supported",
        ("engine-version",),
        spec="dependencies: [{name: d, type: database, version: '13'}, {name: a, type: database, engine: aurora-postgresql, version: '16.4.1'}, {name: c, type: cache, version: '8'}, {name: r, type: cache, engine: redis, version: '7.2'}]",
    ),
    Case(
        "a wish about what is shared",
        ("shared-no-effect",),
        spec="dependencies: [{name: d, type: database, shared: true, size: large}, {name: c, type: cache, shared: true, engine: redis}]",
    ),
    Case(
        "logs for a number of days that is not known", ("log-retention",), spec="monitoring: {logs: {retention: 10d}}"
    ),
    Case(
        "files that move on a day that is not known",
        ("file-lifecycle",),
        spec="dependencies: [{name: s, type: storage, class: file, lifecycle: {infrequentAfter: 10d}}]",
    ),
    Case(
        "latest under protection",
        ("mutable-tag",),
        spec="service: {image: {tag: latest}}",
        replace={"deletionProtection: false": "deletionProtection: true"},
    ),
    Case(
        "names that are too long",
        ("name-length",),
        spec=f"dependencies: [{{name: {'b' * 40}, type: storage}}, {{name: {'c' * 30}, type: cache}}]",
        replace={"metadata: {name: dev,": "metadata: {name: dev, project: inferloop-sixtee,"},
    ),
    Case(
        "more than the nodes have", ("capacity",), spec="service: {replicas: 100, resources: {cpu: '1', memory: 1Gi}}"
    ),
)
ENVIRONMENTS = (
    Case(
        "spot nodes alone",
        ("node-pools",),
        replace={"[m7i.xlarge], min: 1, max: 4": "[m7i.xlarge, m6i.xlarge, m5.xlarge], min: 1, max: 4, spot: true"},
    ),
    Case(
        "an existing network with another range",
        ("address-range",),
        replace={
            "{cidr: 10.10.0.0/16}": "{cidr: 10.10.0.0/16, existing: {vpcId: vpc-1, cidr: 10.11.0.0/16, "
            "publicSubnetIds: [a, b], privateSubnetIds: [c, d], dataSubnetIds: [e, f]}}"
        },
    ),
    Case(
        "existing subnets of too few zones",
        ("environment-zones",),
        replace={
            "{cidr: 10.10.0.0/16}": "{cidr: 10.10.0.0/16, existing: {vpcId: vpc-1, cidr: 10.10.0.0/16, "
            "publicSubnetIds: [], privateSubnetIds: [c], dataSubnetIds: [e, f, g]}}"
        },
    ),
    Case("an environment in a wrong folder", ("environment-name",), replace={"name: dev,": "name: development,"}),
    Case(
        "project and name too long",
        ("environment-name",),
        replace={"metadata: {name: dev,": "metadata: {name: abcdefghijklmnop, project: abcdefghijklmnop,"},
    ),
    Case(
        "a reserved tag",
        ("environment-name",),
        replace={"costCenter: cc-1}": "costCenter: cc-1, tags: {managedby: me}}"},
    ),
    Case("no address range", ("address-range",), replace={"10.10.0.0/16": "10.300.0.0/16"}),
    Case("bits behind the length", ("address-range",), replace={"10.10.0.0/16": "10.10.1.0/16"}),
    Case("a network too large", ("address-range",), replace={"10.10.0.0/16": "10.0.0.0/8"}),
    Case(
        "a service range that is public",
        ("address-range",),
        replace={"cidr: 10.10.0.0/16": "cidr: 10.10.0.0/16, serviceCidr: 8.8.0.0/16"},
    ),
    Case(
        "overlapping ranges",
        ("overlap",),
        replace={"cidr: 10.10.0.0/16": "cidr: 172.20.0.0/16, reservedCidrs: [172.16.0.0/12]"},
    ),
    Case("overlapping environments", ("environments-overlap",), environments=_other("two", CLOUD)),
    Case(
        "zones of another region",
        ("environment-zones",),
        replace={"[us-east-1a, us-east-1b]": "[us-east-1a, us-west-2b]"},
    ),
    Case("a zone twice", ("environment-zones",), replace={"[us-east-1a, us-east-1b]": "[us-east-1a, us-east-1a]"}),
    Case(
        "open to nobody in particular",
        ("public-endpoint",),
        replace={"    nodePools:": "    publicEndpoint: true\n    nodePools:"},
    ),
    Case(
        "ranges for a private endpoint",
        ("public-endpoint",),
        replace={"    nodePools:": "    publicCidrs: [0.0.0.0/0]\n    nodePools:"},
    ),
    Case("no node to start on", ("node-pools",), replace={"min: 1, max: 4": "min: 0, max: 4"}),
    Case("a pool with min above max", ("node-pools",), replace={"min: 1, max: 4": "min: 5, max: 4"}),
    Case("a small disk for GPUs", ("node-pools",), replace={"disk: 100Gi": "disk: 30Gi"}),
    Case("x86 and arm in one pool", ("node-pools",), replace={"[m7i.xlarge]": "[m7i.xlarge, m7g.xlarge]"}),
    Case("not the machine's GPU", ("node-pools",), replace={"type: nvidia-t4": "type: nvidia-l4"}),
    Case(
        "not the machine's number of GPUs",
        ("node-pools",),
        replace={"gpu: {type: nvidia-t4}": "gpu: {type: nvidia-t4, count: 2}"},
    ),
    Case("a GPU machine without GPU", ("node-pools",), replace={"[m7i.xlarge]": "[m7i.xlarge, g5.xlarge]"}),
    Case("a machine without GPUs for GPUs", ("node-pools",), replace={"[g4dn.xlarge]": "[m7i.xlarge]"}),
    Case("a family for a machine", ("node-pools",), replace={"[m7i.xlarge]": "[m7i]"}),
    Case(
        "one machine for spot",
        ("spot-machines",),
        replace={
            "min: 1, max: 4}": "min: 1, max: 4}\n      - {name: spot, machineTypes: [m7i.xlarge], min: 0, spot: true}"
        },
    ),
    Case(
        "a shared size without a machine",
        ("shared-instances",),
        replace={
            "  deletionProtection": "  shared: {database: {size: large, replicas: 1, backupRetention: 36d}}\n  deletionProtection"
        },
    ),
    Case(
        "shared versions that are not supported",
        ("shared-instances",),
        replace={
            "  deletionProtection": "  shared: {database: {version: '13.9'}, cache: {engine: redis}}\n  deletionProtection"
        },
    ),
    Case(
        "logs for a strange time",
        ("environment-logs",),
        replace={"  deletionProtection": "  logRetention: 8d\n  deletionProtection"},
    ),
    Case(
        "deleted before cold",
        ("backup",),
        replace={"  deletionProtection": "  backup: {retention: 60d, coldAfter: 30d}\n  deletionProtection"},
    ),
    Case(
        "a budget for nobody",
        ("environment-services",),
        replace={"  deletionProtection": "  budget: {monthly: 100, services: {alfa: 10}}\n  deletionProtection"},
    ),
    Case(
        "budgets that do not add up",
        ("environment-services",),
        replace={"  deletionProtection": "  budget: {monthly: 100, services: {alpha: 101}}\n  deletionProtection"},
    ),
)
STATEFUL = "service: {type: stateful, volume: {size: 10Gi}}"
MESH = "networking: {serviceMesh: {enabled: true}}"


def _cluster(services: str) -> Mapping[str, str]:
    """Return the change that gives dev these cluster services."""
    return {"  deletionProtection: false\n": f"  deletionProtection: false\n  clusterServices: {services}\n"}


RELEASES = (
    Case("stateful without a volume", ("stateful",), spec="service: {type: stateful}"),
    Case("a volume of an api", ("stateful",), spec="service: {volume: {size: 10Gi}}"),
    Case(
        "a stateful service that scales",
        ("stateful",),
        spec="service: {type: stateful, volume: {size: 10Gi}, autoscaling: {max: 3, cpu: 70}}",
    ),
    Case("a volume without size", ("missing",), spec="service: {type: stateful, volume: {path: /data}}"),
    Case("a size in GB", ("accepted-values",), spec="service: {type: stateful, volume: {size: 10GB}}"),
    Case(
        "stateful on fargate",
        ("runtime",),
        spec="service: {type: stateful, volume: {size: 10Gi}, image: {tag: '1'}, placement: {runtime: fargate}}",
    ),
    Case(
        "parts of a cron",
        ("parts",),
        spec="workers: [{name: nightly, type: cron, schedule: '0 3 * * *', completions: 4}, {name: w, parallelism: 2}]",
    ),
    Case("parts at once without parts", ("parts",), spec="workers: [{name: all, type: job, parallelism: 4}]"),
    Case(
        "more at once than parts",
        ("parts",),
        spec="workers: [{name: all, type: job, completions: 2, parallelism: 4}]",
    ),
    Case(
        "parts on batch",
        ("runtime",),
        spec="service: {image: {tag: '1'}}\nworkers: [{name: all, type: job, completions: 2, placement: {runtime: batch}}]",
    ),
    Case(
        "Ray without workers, and nothing to run",
        ("ray",),
        spec="workers: [{name: train, type: ray}, {name: other, ray: {workers: 2}}]",
    ),
    Case(
        "Ray on batch",
        ("runtime",),
        spec="service: {image: {tag: '1'}}\nworkers: [{name: train, type: ray, args: [train], ray: {}, placement: {runtime: batch}}]",
    ),
    Case(
        "GPUs for Ray that no pool has",
        ("gpu",),
        spec="workers: [{name: train, type: ray, args: [train], ray: {resources: {gpu: {count: 1, type: nvidia-h100}}}}]",
    ),
    Case(
        "Ray workers larger than a node",
        ("node-size", "requests-limits"),
        spec="workers: [{name: train, type: ray, args: [x], ray: {resources: {memory: 900Gi, requests: {cpu: 2}, limits: {cpu: 1}}}}]",
    ),
    Case(
        "Ray where the cluster may lack it",
        ("ray-operator",),
        spec="workers: [{name: train, type: ray, args: [train], ray: {}}]",
        replace=_cluster("{managed: false}"),
    ),
    Case("migrations that run the service", ("migrations",), spec="service: {migrations: {timeout: 5m}}"),
    Case(
        "migrations with a secret in clear and an unknown dependency",
        ("plain-secret", "reference"),
        spec="service: {migrations: {args: [migrate], env: [{name: DB_PASSWORD, value: hunter2}, {name: A, value: '${dependencies.db.host}'}]}}",
    ),
    Case(
        "what fargate cannot do",
        ("runtime",),
        spec="service: {image: {tag: '1'}, placement: {runtime: fargate}, migrations: {args: [migrate]}, canary: {image: {tag: '2'}}, gracePeriod: 5m}\nnetworking: {ingress: {enabled: true}}",
    ),
    Case(
        "a canary of a worker", ("canary",), spec=f"service: {{type: worker, canary: {{image: {{tag: '2'}}}}}}\n{MESH}"
    ),
    Case("a canary without requests", ("canary",), spec="service: {canary: {image: {tag: '2'}}}"),
    Case("a canary without image", ("canary",), spec=f"service: {{canary: {{image: {{}}}}}}\n{MESH}"),
    Case(
        "a canary of two images",
        ("image",),
        spec=f"service: {{canary: {{image: {{tag: '2', digest: 'sha256:{'0' * 64}'}}}}}}\n{MESH}",
    ),
    Case(
        "a canary of what runs already",
        ("canary",),
        spec=f"service: {{image: {{tag: '2'}}, canary: {{image: {{tag: '2'}}}}}}\n{MESH}",
    ),
    Case(
        "a canary with all requests",
        ("accepted-values",),
        spec=f"service: {{canary: {{image: {{tag: '2'}}, weight: 100}}}}\n{MESH}",
    ),
    Case(
        "a former deployment of a worker",
        ("former-deployment",),
        spec="service: {type: worker}\nnetworking: {migration: {host: old.example.com}}",
    ),
    Case(
        "a former deployment without a mesh",
        ("former-deployment",),
        spec="networking: {migration: {host: old.example.com}}",
    ),
    Case(
        "more than all requests",
        ("former-deployment",),
        spec="service: {canary: {image: {tag: '2'}, weight: 50}}\nnetworking: {serviceMesh: {enabled: true}, migration: {host: old.example.com, weight: 60}}",
    ),
    Case("a worker with a name of the chart", ("worker-name",), spec="workers: [{name: migrations}]"),
    Case(
        "an image without a digest in production",
        ("image-digest",),
        spec=f"service: {{image: {{tag: '1'}}, canary: {{image: {{tag: '2'}}}}}}\n{MESH}",
        environments={
            "prod": {"environment": ENVIRONMENT.replace("dev", "prod").replace("10.10", "10.30"), "aws": CLOUD}
        },
    ),
)
CLUSTER = (
    Case(
        "a storage class that does not exist",
        ("storage-class",),
        spec="service: {type: stateful, volume: {size: 10Gi, storageClass: fast}}",
        replace=_cluster("{storageClasses: [faster]}"),
    ),
    Case(
        "a storage class that is there already",
        ("cluster-services",),
        spec=STATEFUL,
        replace=_cluster("{storageClasses: [default, fast, fast]}"),
    ),
    Case(
        "a gateway that counts nothing and knows no keys",
        ("gateway",),
        spec="networking: {ingress: {enabled: true, rateLimit: 100, auth: {type: key, secret: s}}}\nsecrets: [{name: s}]",
        replace=_cluster("{gateway: gateway-api}"),
    ),
    Case(
        "tokens that nobody can check",
        ("gateway",),
        spec="networking: {ingress: {enabled: true, auth: {type: jwt, issuer: 'https://login.example.com'}}}",
        replace=_cluster("{mesh: none}"),
    ),
    Case(
        "an audience and keys that Kong does not look at",
        ("gateway",),
        spec="networking: {ingress: {enabled: true, auth: {type: jwt, issuer: 'https://login.example.com', audience: a, jwksUri: 'https://login.example.com/keys', secret: s}}}\nsecrets: [{name: s}]",
        replace=_cluster("{mesh: none}"),
    ),
    Case(
        "an issuer for two services at Kong",
        ("issuer",),
        spec=TOKENS,
        services={"beta": service("beta", TOKENS)},
        replace=_cluster("{mesh: none}"),
    ),
    Case(
        "a service in no mesh",
        ("mesh",),
        spec=MESH,
        replace=_cluster("{mesh: none}"),
    ),
    Case(
        "what Linkerd does not know",
        ("mesh",),
        spec="networking: {serviceMesh: {enabled: true, circuitBreaker: {maxConnections: 10}}, migration: {host: old.example.com}}",
        replace=_cluster("{mesh: linkerd}"),
    ),
    Case(
        "traces that nobody keeps",
        ("traces",),
        spec="monitoring: {tracing: {enabled: true}}",
        replace=_cluster("{traces: none}"),
    ),
    Case(
        "requests that nobody counts",
        ("scaling-target",),
        spec="service: {autoscaling: {max: 3, requestsPerSecond: 50}}\nmonitoring: {metrics: {enabled: false}}",
    ),
    Case(
        "a quota too small",
        ("quota",),
        spec=(
            "service: {resources: {cpu: 500m, memory: 1Gi}, autoscaling: {max: 4, cpu: 70}, migrations: {args: [migrate]}}\n"
            "workers: [{name: train, type: ray, args: [x], ray: {workers: 2, resources: {cpu: 2, memory: 4Gi, gpu: 1}}}]"
        ),
        services={"beta": service("beta", "workers: [{name: all, type: job, completions: 9, parallelism: 3}]")},
        replace=_cluster('{quotas: {inferloop: {cpu: "6", memory: 16Gi, pods: 10, gpus: 1}, inferlop: {pods: 3}}}'),
    ),
    Case(
        "an Istio gateway beside Linkerd",
        ("cluster-services",),
        replace=_cluster("{mesh: linkerd, gateway: istio}"),
    ),
    Case(
        "cluster services that are none",
        ("accepted-values", "unknown-key"),
        replace=_cluster("{mesh: consul, gatway: kong, quotas: {inferloop: {cpus: 4, gpu: null}, science: null}}"),
    ),
    Case(
        "certificates of an own authority, with a mail address",
        ("cluster-services",),
        replace=_cluster("{certificates: {issuer: own-ca, email: me@example.com}}"),
    ),
    Case(
        "times that do not exist",
        ("cluster-services",),
        replace=_cluster('{backup: {schedule: "0 25 * * *"}, night: {start: "61 20 * * *", timeZone: Mars/North}}'),
    ),
    Case(
        "a night where KEDA is not installed",
        ("night",),
        replace=_cluster("{managed: false, night: {enabled: true}}"),
    ),
    Case(
        "a night in production",
        ("night",),
        spec=f"service: {{image: {{digest: 'sha256:{'0' * 64}'}}}}",
        environments={
            "production": {
                "environment": ENVIRONMENT.replace("dev", "production").replace("10.10", "10.30"),
                "aws": CLOUD + "  clusterServices: {night: {enabled: true}}\n",
            }
        },
    ),
    Case("empty pools to which nobody adds nodes", ("node-scaling",), replace=_cluster("{nodes: none}")),
)
CASES = (
    *FORM,
    *SCHEMA,
    *WHOLE_FILE,
    *PROCESSES,
    *REFERENCES,
    *DEPENDENCIES,
    *NETWORKING,
    *PLACEMENT,
    *RELEASES,
    *CLUSTER,
    *ENVIRONMENTS,
)
