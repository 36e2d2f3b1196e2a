"""The ServiceConfig: what a service team writes in `services/<service>/deployment-config.yaml`.

The models are the single source of the JSON Schema, of `explain` and of the reference pages. YAML
keys are camelCase, Python and Terraform names snake_case; `modules/base/variables.tf` mirrors these models
field by field. Named lists (a list of objects with `name`) become maps by name in Terraform.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from inferloop_deploy.config import patterns
from inferloop_deploy.config.patterns import also, or_forms, text
from inferloop_deploy.config.quantity import Cpu, Days, Duration, Latency, Memory


class Model(BaseModel):
    """A closed object: unknown keys are errors, and YAML names are camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, extra="forbid", frozen=True, strict=True
    )


LONGEST_NAME = 40
"""Longest name of a service, and of what it has."""

Name = Annotated[str, text(patterns.NAME, longest=LONGEST_NAME)]
"""A DNS label: lower-case letters, digits and hyphens, starting with a letter."""
HttpPath = Annotated[str, text(patterns.HTTP_PATH, longest=256)]
Host = Annotated[str, text(patterns.HOST, longest=253)]
LabelValue = Annotated[str, text(patterns.LABEL_VALUE)]
LabelKey = Annotated[str, text(patterns.LABEL_KEY)]
EnvName = Annotated[str, text(patterns.ENV_NAME, longest=128)]
HeaderName = Annotated[str, text(patterns.HEADER_NAME, longest=128)]
HeaderValue = Annotated[str, text(patterns.HEADER_VALUE, longest=1024)]
CronExpression = Annotated[str, text(patterns.CRON)]
TimeZone = Annotated[str, text(patterns.TIME_ZONE)]
Text = Annotated[str, text(patterns.USER_TEXT, longest=256)]
TagText = Annotated[str, text(patterns.TAG_TEXT, longest=256)]
Arn = Annotated[str, text(patterns.ARN, longest=2048)]
Https = Annotated[str, text(patterns.HTTPS, longest=2048)]
Region = Annotated[str, text(patterns.REGION)]
GpuType = Annotated[str, text(patterns.GPU_TYPE, longest=40)]
Version = Annotated[str, text(patterns.VERSION)]
CountOrPercent = Annotated[
    str,
    text(patterns.COUNT_OR_PERCENT),
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    also(patterns.COUNT_OR_PERCENT, {"type": "integer", "minimum": 0, "maximum": 9999}),
]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Percent = Annotated[int, Field(ge=1, le=100)]
Port = Annotated[int, Field(ge=1, le=65535)]
Size = Literal["small", "medium", "large", "xlarge"]


MOST_GPUS = 16
"""Most GPUs of one replica: what the largest machines have."""


class Metadata(Model):
    """Who the service is and who answers for it."""

    name: Annotated[Name, Field(description="Name of the service; unique, and the name of its folder.")]
    namespace: Annotated[Name, Field(description="Kubernetes namespace the service runs in.")] = "inferloop"
    team: Annotated[LabelValue | None, Field(description="Team that owns the service; becomes the tag Team.")] = None
    owner: Annotated[
        TagText | None, Field(description="Person or address that answers for the service; becomes the tag Owner.")
    ] = None
    cost_center: Annotated[
        LabelValue | None, Field(description="Cost centre that pays; becomes the tag CostCenter.")
    ] = None
    labels: Annotated[
        dict[LabelKey, LabelValue], Field(description="Further labels, put on every object of the service.")
    ] = Field(default_factory=dict)


class Image(Model):
    """The container image; exactly one of tag and digest where an image is given."""

    repository: Annotated[
        Annotated[str, text(patterns.IMAGE_REPOSITORY, longest=255)] | None,
        Field(description="Repository without tag; left out, the environment's registry and the service's name."),
    ] = None
    tag: Annotated[Annotated[str, text(patterns.IMAGE_TAG)] | None, Field(description="Tag of the image.")] = None
    digest: Annotated[
        Annotated[str, text(patterns.IMAGE_DIGEST)] | None, Field(description="Digest of the image, immutable.")
    ] = None


class SecretRef(Model):
    """A key of one of the service's secrets."""

    name: Annotated[Name, Field(description="Name of a secret listed under spec.secrets.")]
    key: Annotated[Annotated[str, text(patterns.LABEL_VALUE)], Field(description="Key within the secret.")] = "value"


class EnvVar(Model):
    """One environment variable: a plain value or a key of a secret."""

    name: Annotated[EnvName, Field(description="Name of the variable.")]
    value: Annotated[
        str | None,
        Field(
            description="Plain value; may hold ${dependencies.NAME.OUTPUT}, for instance ${dependencies.postgres.host}."
        ),
    ] = None
    secret: Annotated[SecretRef | None, Field(description="Takes the value from a secret instead.")] = None


class Quantities(Model):
    """Processor and memory."""

    cpu: Annotated[Cpu | None, Field(description='Cores: "500m" or "2".')] = None
    memory: Annotated[Memory | None, Field(description="Memory: 512Mi or 4Gi.")] = None


class Gpu(Model):
    """Graphics processors of each replica."""

    count: Annotated[int, Field(ge=0, le=MOST_GPUS, description="GPUs per replica.")] = 0
    type: Annotated[
        GpuType | None,
        Field(description="GPU type that a node pool of the environment offers, such as nvidia-t4; any if left out."),
    ] = None


def _gpu_short_form(value: object) -> object:
    """`gpu: "1"` and `gpu: 1` are short for `gpu: {count: 1}`."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,2}", value):
        return {"count": int(value)}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"count": value}
    return value


_GPU_SHORT_FORMS = [
    {"type": "integer", "minimum": 0, "maximum": MOST_GPUS},
    {"type": "string", "pattern": "^(?:0?[0-9]|1[0-6])$"},
]


class Resources(Model):
    """What each replica asks for; cpu and memory are short for equal requests and limits."""

    cpu: Annotated[Cpu | None, Field(description='Cores of each replica, request and limit: "500m" or "2".')] = None
    memory: Annotated[Memory | None, Field(description="Memory of each replica, request and limit: 512Mi or 4Gi.")] = (
        None
    )
    gpu: Annotated[
        Gpu,
        BeforeValidator(_gpu_short_form),
        Field(
            description="GPUs of each replica: a count or {count, type}.", json_schema_extra=or_forms(*_GPU_SHORT_FORMS)
        ),
    ] = Gpu()
    requests: Annotated[Quantities, Field(description="Requests where they differ from cpu and memory.")] = Quantities()
    limits: Annotated[Quantities, Field(description="Limits where they differ from cpu and memory.")] = Quantities()


class Schedule(Model):
    """A window of time with its own minimum of replicas."""

    name: Annotated[Name, Field(description="Name of the window.")]
    start: Annotated[CronExpression, Field(description="Cron expression of its start.")]
    end: Annotated[CronExpression, Field(description="Cron expression of its end.")]
    time_zone: Annotated[TimeZone, Field(description="IANA time zone, for instance Europe/Berlin.")] = "Etc/UTC"
    replicas: Annotated[int, Field(ge=0, description="Replicas while the window lasts.")]


class Autoscaling(Model):
    """Scaling between min and max; where it is set, replicas is not rendered."""

    min: Annotated[int, Field(ge=0, description="Fewest replicas; 0 needs queueLength.")] = 1
    max: Annotated[int, Field(ge=1, description="Most replicas.")]
    cpu: Annotated[Percent | None, Field(description="Target of average processor use, percent of the request.")] = None
    memory: Annotated[Percent | None, Field(description="Target of average memory use, percent of the request.")] = None
    requests_per_second: Annotated[Count | None, Field(description="Target of requests per second and replica.")] = None
    queue_length: Annotated[
        Count | None, Field(description="Target of waiting messages per replica; needs a queue.")
    ] = None
    queue: Annotated[
        Name | None, Field(description="Queue dependency that queueLength looks at; the only one if left out.")
    ] = None
    schedules: Annotated[list[Schedule], Field(description="Windows with their own minimum.")] = Field(
        default_factory=list
    )


class DisruptionBudget(Model):
    """How many replicas may be away at once; one of the two."""

    min_available: Annotated[
        CountOrPercent | None, Field(description="Replicas that stay, a number or a percentage.")
    ] = None
    max_unavailable: Annotated[
        CountOrPercent | None, Field(description="Replicas that may be away, a number or a percentage.")
    ] = None


class Placement(Model):
    """Where the service runs."""

    runtime: Annotated[
        Literal["kubernetes", "fargate", "batch"],
        Field(description="kubernetes; fargate for an api or worker without a cluster; batch for a job or cron."),
    ] = "kubernetes"
    node_pool: Annotated[Name | None, Field(description="Node pool of the environment to run on.")] = None
    zones: Annotated[list[Region], Field(description="Zones of the environment to run in; all if empty.")] = Field(
        default_factory=list
    )
    spread: Annotated[Literal["zone", "node", "none"], Field(description="What replicas are spread over.")] = "zone"


class Probe(Model):
    """A health check over HTTP."""

    path: Annotated[HttpPath, Field(description="Path that answers 200 when healthy.")]
    port: Annotated[Port | None, Field(description="Port of the check; the service's port if left out.")] = None
    initial_delay: Annotated[Duration | None, Field(description="Time before the first check.")] = None
    period: Annotated[Duration, Field(description="Time between checks.")] = "10s"
    timeout: Annotated[Duration, Field(description="Longest time of one check.")] = "2s"
    failure_threshold: Annotated[Count, Field(description="Failures in a row that count.")] = 3


class Health(Model):
    """The three probes of Kubernetes."""

    liveness: Annotated[Probe | None, Field(description="Restarts the container when it fails.")] = None
    readiness: Annotated[Probe | None, Field(description="Takes the replica out of service while it fails.")] = None
    startup: Annotated[Probe | None, Field(description="Holds the other probes back until it passes.")] = None


class Volume(Model):
    """A disk of each replica, which keeps its data when the replica is replaced."""

    size: Annotated[Memory, Field(description="Size of the disk of each replica: 10Gi.")]
    storage_class: Annotated[Name, Field(description="Storage class that the cluster has.")] = "default"
    path: Annotated[HttpPath, Field(description="Folder that it is mounted at.")] = "/data"


class Migrations(Model):
    """A run of the new image that prepares the database before the new version starts."""

    command: Annotated[list[str], Field(description="Replaces the image's entry point; this or args is needed.")] = (
        Field(default_factory=list)
    )
    args: Annotated[list[str], Field(description="Arguments of the entry point.")] = Field(default_factory=list)
    env: Annotated[list[EnvVar], Field(description="Variables beside those of the service.")] = Field(
        default_factory=list
    )
    timeout: Annotated[Duration, Field(description="Longest run; the deployment fails after it.")] = "10m"


class CanaryImage(Model):
    """The new image, from the service's repository; exactly one of the two."""

    tag: Annotated[Annotated[str, text(patterns.IMAGE_TAG)] | None, Field(description="Tag of the image.")] = None
    digest: Annotated[
        Annotated[str, text(patterns.IMAGE_DIGEST)] | None, Field(description="Digest of the image, immutable.")
    ] = None


class Canary(Model):
    """A new version beside the one that runs, for part of the requests."""

    image: Annotated[CanaryImage, Field(description="Image of the new version.")]
    weight: Annotated[int, Field(ge=1, le=99, description="Requests that it gets, percent.")] = 10
    replicas: Annotated[int, Field(ge=1, le=1000, description="Replicas of the new version.")] = 1


class Service(Model):
    """The process that the service runs."""

    type: Annotated[
        Literal["api", "stateful", "worker", "job", "cron", "function"],
        Field(description="Kind of process; stateful is an api whose replicas keep a volume each."),
    ] = "api"
    replicas: Annotated[int, Field(ge=0, le=1000, description="Replicas where there is no autoscaling.")] = 1
    image: Annotated[Image, Field(description="Container image.")] = Image()
    port: Annotated[Port, Field(description="Port that the api listens on.")] = 8000
    command: Annotated[list[str], Field(description="Replaces the image's entry point.")] = Field(default_factory=list)
    args: Annotated[list[str], Field(description="Arguments of the entry point.")] = Field(default_factory=list)
    env: Annotated[list[EnvVar], Field(description="Environment variables.")] = Field(default_factory=list)
    schedule: Annotated[CronExpression | None, Field(description="Cron expression; required by type cron.")] = None
    time_zone: Annotated[TimeZone, Field(description="Time zone of the schedule.")] = "Etc/UTC"
    source: Annotated[
        Name | None, Field(description="Queue or storage dependency whose events start a service of type function.")
    ] = None
    timeout: Annotated[Duration, Field(description="Longest run of a job, cron or function.")] = "15m"
    retries: Annotated[
        int, Field(ge=0, le=10, description="Retries of a failed job, cron or function; of a function at most 2.")
    ] = 2
    volume: Annotated[Volume | None, Field(description="Disk of each replica; for type stateful only.")] = None
    migrations: Annotated[
        Migrations | None, Field(description="What prepares the database before a new version starts.")
    ] = None
    canary: Annotated[Canary | None, Field(description="A new version for part of the requests.")] = None
    grace_period: Annotated[
        Duration, Field(description="Time that a replica has to finish its work in, once it was told to stop.")
    ] = "30s"
    resources: Annotated[Resources, Field(description="Processor, memory and GPUs.")] = Resources()
    autoscaling: Annotated[Autoscaling | None, Field(description="Scaling; replaces replicas.")] = None
    spot: Annotated[bool, Field(description="Runs on spot capacity.")] = False
    priority: Annotated[Literal["critical", "standard", "batch"], Field(description="Who is evicted last.")] = (
        "standard"
    )
    disruption_budget: Annotated[DisruptionBudget | None, Field(description="Limits voluntary evictions.")] = None
    placement: Annotated[Placement, Field(description="Where the service runs.")] = Placement()
    health: Annotated[Health, Field(description="Probes.")] = Health()


class Ray(Model):
    """The workers of a Ray job; its head is the process itself."""

    workers: Annotated[int, Field(ge=1, le=1000, description="Workers of the job.")] = 1
    resources: Annotated[Resources, Field(description="Processor, memory and GPUs of each worker.")] = Resources()


class Worker(Model):
    """A further process of the same image beside the service, without ingress."""

    name: Annotated[Name, Field(description="Name of the worker, unique in the service.")]
    type: Annotated[
        Literal["worker", "job", "cron", "ray"],
        Field(
            description="worker runs all the time, job and ray (on many nodes) to their end once, cron by its schedule."
        ),
    ] = "worker"
    replicas: Annotated[int, Field(ge=0, le=1000, description="Replicas where there is no autoscaling.")] = 1
    command: Annotated[list[str], Field(description="Replaces the image's entry point.")] = Field(default_factory=list)
    args: Annotated[list[str], Field(description="Arguments of the entry point.")] = Field(default_factory=list)
    env: Annotated[list[EnvVar], Field(description="Variables beside those of the service.")] = Field(
        default_factory=list
    )
    schedule: Annotated[CronExpression | None, Field(description="Cron expression; required by type cron.")] = None
    time_zone: Annotated[TimeZone, Field(description="Time zone of the schedule.")] = "Etc/UTC"
    timeout: Annotated[Duration, Field(description="Longest run of a job, cron or Ray job.")] = "15m"
    retries: Annotated[int, Field(ge=0, le=10, description="Retries of a failed job, cron or Ray job.")] = 2
    completions: Annotated[
        int | None,
        Field(
            ge=1, le=10_000, description="Parts that a job is done in, each with its number in JOB_COMPLETION_INDEX."
        ),
    ] = None
    parallelism: Annotated[int | None, Field(ge=1, le=1000, description="Parts that run at once; 1 if left out.")] = (
        None
    )
    ray: Annotated[Ray | None, Field(description="Workers of a Ray job; for type ray only.")] = None
    grace_period: Annotated[
        Duration, Field(description="Time that a replica has to finish its work in, once it was told to stop.")
    ] = "30s"
    resources: Annotated[Resources, Field(description="Processor, memory and GPUs.")] = Resources()
    autoscaling: Annotated[Autoscaling | None, Field(description="Scaling; replaces replicas.")] = None
    spot: Annotated[bool, Field(description="Runs on spot capacity.")] = False
    priority: Annotated[Literal["critical", "standard", "batch"], Field(description="Who is evicted last.")] = (
        "standard"
    )
    placement: Annotated[
        Placement | None, Field(description="Where the worker runs; where the service runs if left out.")
    ] = None


class ExistingDatabase(Model):
    """The identity of a database, or of a DynamoDB table, that exists."""

    host: Annotated[Text | None, Field(description="Host name; required by every engine but dynamodb.")] = None
    port: Annotated[Port, Field(description="Port.")] = 5432
    database: Annotated[
        Text | None, Field(description="Name of the database; required by every engine but dynamodb.")
    ] = None
    secret: Annotated[
        Arn | None, Field(description="ARN of the secret with its credentials; required by every engine but dynamodb.")
    ] = None
    table: Annotated[Text | None, Field(description="Name of the table; required by dynamodb.")] = None


class ExistingCache(Model):
    """The identity of a cache that exists."""

    host: Annotated[Text, Field(description="Host name.")]
    port: Annotated[Port, Field(description="Port.")] = 6379
    secret: Annotated[Arn | None, Field(description="ARN of the secret with its credentials.")] = None


class ExistingStorage(Model):
    """The identity of a bucket, or of a file system, that exists."""

    bucket: Annotated[
        Annotated[str, text(patterns.BUCKET)] | None,
        Field(description="Name of the bucket; required by every class but file."),
    ] = None
    encryption_key: Annotated[Arn | None, Field(description="ARN of the key that the bucket is encrypted with.")] = None
    file_system: Annotated[
        Annotated[str, text(patterns.FILE_SYSTEM)] | None,
        Field(description="Id of the file system; required by class file."),
    ] = None
    security_group: Annotated[
        Annotated[str, text(patterns.SECURITY_GROUP)] | None,
        Field(description="Security group of the file system's mount targets."),
    ] = None


class ExistingQueue(Model):
    """The identity of a queue that exists."""

    arn: Annotated[Arn, Field(description="ARN of the queue.")]
    url: Annotated[Https, Field(description="URL of the queue.")]
    encryption_key: Annotated[Arn | None, Field(description="ARN of the key that the queue is encrypted with.")] = None


class ExistingFunction(Model):
    """The identity of a function that exists."""

    arn: Annotated[Arn, Field(description="ARN of the function.")]


class TableKeys(Model):
    """The keys of a DynamoDB table; all are text."""

    partition_key: Annotated[EnvName, Field(description="Attribute that tells items apart.")] = "id"
    sort_key: Annotated[
        EnvName | None, Field(description="Second attribute of the key, by which items are ordered.")
    ] = None
    expires: Annotated[
        EnvName | None, Field(description="Attribute with the second of the epoch after which an item is removed.")
    ] = None


class DatabaseDependency(Model):
    """A database of the service: its own, or a database and a role on the environment's shared one."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["database"], Field(description="A database.")]
    shared: Annotated[
        bool,
        Field(description="On the environment's shared instance; engine, version and size are then the environment's."),
    ] = False
    engine: Annotated[
        Literal["postgres", "aurora-postgresql", "dynamodb"],
        Field(description="Engine; dynamodb is a table for metadata."),
    ] = "postgres"
    version: Annotated[Version | None, Field(description="Engine version; the environment's if left out.")] = None
    size: Annotated[Size, Field(description="Size, mapped to a machine by the environment's cloud file.")] = "small"
    storage: Annotated[Memory, Field(description="Disk at the start.")] = "20Gi"
    replicas: Annotated[int, Field(ge=0, le=5, description="Read replicas.")] = 0
    backup_retention: Annotated[Days, Field(description="How long backups are kept.")] = "7d"
    table: Annotated[TableKeys | None, Field(description="Keys of the table; for dynamodb only.")] = None
    existing: Annotated[ExistingDatabase | None, Field(description="One that exists, instead.")] = None


class CacheDependency(Model):
    """A Redis-compatible cache."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["cache"], Field(description="A cache.")]
    shared: Annotated[
        bool, Field(description="On the environment's shared instance, under the service's own key prefix.")
    ] = False
    engine: Annotated[Literal["redis", "valkey"], Field(description="Engine.")] = "valkey"
    version: Annotated[Version | None, Field(description="Engine version; the environment's if left out.")] = None
    size: Annotated[Size, Field(description="Size, mapped to a machine by the environment's cloud file.")] = "small"
    replicas: Annotated[int, Field(ge=0, le=5, description="Replicas; 1 or more fail over by themselves.")] = 0
    existing: Annotated[ExistingCache | None, Field(description="One that exists, instead.")] = None


class Lifecycle(Model):
    """What happens to objects as they age."""

    infrequent_after: Annotated[Days | None, Field(description="Moves objects to infrequent access (30d or more).")] = (
        None
    )
    archive_after: Annotated[Days | None, Field(description="Moves objects to the archive.")] = None
    expire_after: Annotated[Days | None, Field(description="Deletes objects.")] = None


class StorageDependency(Model):
    """Object storage, or a shared file system."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["storage"], Field(description="Storage.")]
    shared: Annotated[
        bool, Field(description="One for all services that name it; each service keeps to its own prefix.")
    ] = False
    class_: Annotated[
        Literal["standard", "infrequent", "archive", "file"],
        Field(alias="class", description="Storage class of new objects; file is a shared file system."),
    ] = "standard"
    path: Annotated[
        HttpPath | None,
        Field(
            description="Path the service sees it under; the prefix within a bucket, the mount point of a file system."
        ),
    ] = None
    lifecycle: Annotated[Lifecycle, Field(description="What happens to objects as they age.")] = Lifecycle()
    existing: Annotated[ExistingStorage | None, Field(description="One that exists, instead.")] = None


class DeadLetters(Model):
    """Where messages go that could not be handled."""

    enabled: Annotated[bool, Field(description="Keeps a dead-letter queue.")] = True
    max_receives: Annotated[int, Field(ge=1, le=1000, description="Deliveries before a message is moved.")] = 5


class QueueDependency(Model):
    """A message queue."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["queue"], Field(description="A queue.")]
    shared: Annotated[bool, Field(description="One for all services that name it.")] = False
    fifo: Annotated[bool, Field(description="Keeps the order and delivers once.")] = False
    visibility: Annotated[Duration, Field(description="How long a received message is hidden from others.")] = "5m"
    retention: Annotated[Duration, Field(description="How long messages are kept.")] = "4d"
    dead_letters: Annotated[DeadLetters, Field(description="Dead-letter queue.")] = DeadLetters()
    existing: Annotated[ExistingQueue | None, Field(description="One that exists, instead.")] = None


class FunctionDependency(Model):
    """A function that runs on events of another dependency."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["function"], Field(description="A function.")]
    source: Annotated[Name | None, Field(description="Queue or storage of the same service whose events start it.")] = (
        None
    )
    image: Annotated[Image, Field(description="Its container image; the service's if left out.")] = Image()
    command: Annotated[list[str], Field(description="Handler given to the image.")] = Field(default_factory=list)
    memory: Annotated[Memory, Field(description="Memory, 128Mi to 10240Mi.")] = "512Mi"
    timeout: Annotated[Duration, Field(description="Longest run, at most 15m.")] = "1m"
    existing: Annotated[ExistingFunction | None, Field(description="One that exists, instead.")] = None


class ServiceDependency(Model):
    """Another service of the platform."""

    name: Annotated[Name, Field(description="Name of the dependency, unique in the service.")]
    type: Annotated[Literal["service"], Field(description="Another service.")]
    service: Annotated[Name | None, Field(description="Name of the service; the dependency's name if left out.")] = None


Dependency = Annotated[
    DatabaseDependency | CacheDependency | StorageDependency | QueueDependency | FunctionDependency | ServiceDependency,
    Field(discriminator="type"),
]


class Cors(Model):
    """Cross-origin requests that are let in."""

    origins: Annotated[
        list[Annotated[str, text(patterns.ORIGIN)]],
        Field(min_length=1, description="Origins, for instance https://app.example.com."),
    ]
    methods: Annotated[
        list[Literal["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]], Field(description="Methods.")
    ] = ["GET", "POST"]
    headers: Annotated[list[HeaderName], Field(description="Request headers.")] = Field(default_factory=list)
    credentials: Annotated[bool, Field(description="Lets cookies and authorization through; not with origin *.")] = (
        False
    )
    max_age: Annotated[Duration, Field(description="How long browsers keep the answer.")] = "1h"


class Auth(Model):
    """Who may call; checked at the gateway."""

    type: Annotated[Literal["jwt", "key"], Field(description="Signed tokens, or API keys.")]
    issuer: Annotated[Https | None, Field(description="Issuer of the tokens; required by jwt.")] = None
    audience: Annotated[Text | None, Field(description="Audience of the tokens.")] = None
    jwks_uri: Annotated[
        Https | None, Field(description="Where the issuer's keys are; found through the issuer if left out.")
    ] = None
    secret: Annotated[
        Name | None,
        Field(
            description="Secret under spec.secrets: the keys, for type key; for jwt the issuer's public key, "
            "which gateway kong needs where no mesh istio fetches it."
        ),
    ] = None


class RequestHeaders(Model):
    """Changes to the headers of requests."""

    add: Annotated[dict[HeaderName, HeaderValue], Field(description="Headers added where absent.")] = Field(
        default_factory=dict
    )
    set: Annotated[dict[HeaderName, HeaderValue], Field(description="Headers set.")] = Field(default_factory=dict)
    remove: Annotated[list[HeaderName], Field(description="Headers removed.")] = Field(default_factory=list)


class Ingress(Model):
    """How requests reach the service from outside."""

    enabled: Annotated[bool, Field(description="Opens the service to the gateway.")] = False
    path: Annotated[HttpPath | None, Field(description="Path prefix; unique on each host.")] = None
    hosts: Annotated[list[Host], Field(description="Host names; the environment's domain if empty.")] = Field(
        default_factory=list
    )
    rate_limit: Annotated[
        int | None, Field(ge=10, le=1_000_000, description="Requests per minute from one client address.")
    ] = None
    cors: Annotated[Cors | None, Field(description="Cross-origin requests.")] = None
    auth: Annotated[Auth | None, Field(description="Who may call.")] = None
    request_headers: Annotated[RequestHeaders, Field(description="Changes to request headers.")] = RequestHeaders()
    waf: Annotated[bool, Field(description="Web application firewall in front of the path.")] = True
    timeout: Annotated[Duration, Field(description="Longest request.")] = "60s"
    cdn: Annotated[
        Name | None, Field(description="Storage dependency whose objects are served as static content through the CDN.")
    ] = None


class CircuitBreaker(Model):
    """Stops calling replicas that fail."""

    max_connections: Annotated[Count, Field(description="Most connections.")] = 1024
    max_pending_requests: Annotated[Count, Field(description="Most waiting requests.")] = 1024
    consecutive_errors: Annotated[Count, Field(description="Errors in a row that eject a replica.")] = 5
    interval: Annotated[Duration, Field(description="Time between checks.")] = "30s"
    ejection_time: Annotated[Duration, Field(description="Shortest ejection.")] = "30s"


class ServiceMesh(Model):
    """Calls between services."""

    enabled: Annotated[bool, Field(description="Takes part in the mesh.")] = False
    retries: Annotated[int, Field(ge=0, le=10, description="Retries of a failed call.")] = 2
    timeout: Annotated[Duration, Field(description="Longest call, retries included.")] = "30s"
    circuit_breaker: Annotated[CircuitBreaker | None, Field(description="Circuit breaker.")] = None


class Migration(Model):
    """A former deployment of the service that still gets part of the requests, while the service moves over."""

    host: Annotated[Host, Field(description="Host name of the former deployment, reached over HTTPS.")]
    port: Annotated[Port, Field(description="Its port.")] = 443
    weight: Annotated[int, Field(ge=1, le=100, description="Requests that it still gets, percent.")] = 10


class Networking(Model):
    """How the service is reached."""

    ingress: Annotated[Ingress, Field(description="From outside.")] = Ingress()
    service_mesh: Annotated[ServiceMesh, Field(description="From other services.")] = ServiceMesh()
    migration: Annotated[
        Migration | None, Field(description="A former deployment that still gets part of the requests.")
    ] = None


class Metrics(Model):
    """Prometheus metrics."""

    enabled: Annotated[bool, Field(description="Scrapes the service.")] = True
    path: Annotated[HttpPath, Field(description="Path of the metrics.")] = "/metrics"
    port: Annotated[Port | None, Field(description="Port of the metrics; the service's port if left out.")] = None


class Tracing(Model):
    """OpenTelemetry traces."""

    enabled: Annotated[bool, Field(description="Records traces.")] = False
    sampling_rate: Annotated[float, Field(ge=0, le=1, description="Share of requests traced, 0 to 1.")] = 0.1


class Logs(Model):
    """Logs."""

    retention: Annotated[Days | None, Field(description="How long logs are kept; the environment's if left out.")] = (
        None
    )


class Monitoring(Model):
    """What is recorded of the service."""

    metrics: Annotated[Metrics, Field(description="Metrics.")] = Metrics()
    tracing: Annotated[Tracing, Field(description="Traces.")] = Tracing()
    logs: Annotated[Logs, Field(description="Logs.")] = Logs()


class Secret(Model):
    """A secret by name; its value never stands in a file."""

    name: Annotated[Name, Field(description="Name of the secret.")]
    rotation: Annotated[Days | None, Field(description="How often it is rotated; needs rotationFunction.")] = None
    rotation_function: Annotated[Arn | None, Field(description="ARN of the function that rotates it.")] = None
    existing: Annotated[Arn | None, Field(description="ARN of one that exists, instead.")] = None


class Slo(Model):
    """What the service promises."""

    availability: Annotated[
        float | None, Field(gt=0, lt=100, description="Share of good requests in 30 days, percent: 99.9.")
    ] = None
    latency_p95: Annotated[
        Latency | None, Field(alias="latencyP95", description="95th percentile of latency: 300ms.")
    ] = None


class Data(Model):
    """What kind of data the service holds and where it may be."""

    residency: Annotated[list[Region], Field(description="Regions the data may be in; any if empty.")] = Field(
        default_factory=list
    )
    encryption_key: Annotated[Literal["own", "platform"], Field(description="A key of its own, or the platform's.")] = (
        "own"
    )
    classification: Annotated[
        Literal["public", "internal", "confidential", "restricted"],
        Field(description="Sensitivity; becomes the tag DataClassification."),
    ] = "internal"


class Spec(Model):
    """What the service needs."""

    service: Annotated[Service, Field(description="The process.")] = Service()
    workers: Annotated[list[Worker], Field(description="Further processes of the same image.")] = Field(
        default_factory=list
    )
    dependencies: Annotated[list[Dependency], Field(description="What the service uses.")] = Field(default_factory=list)
    networking: Annotated[Networking, Field(description="How it is reached.")] = Networking()
    monitoring: Annotated[Monitoring, Field(description="What is recorded.")] = Monitoring()
    secrets: Annotated[list[Secret], Field(description="Secrets by name.")] = Field(default_factory=list)
    slo: Annotated[Slo, Field(description="What it promises.")] = Slo()
    data: Annotated[Data, Field(description="Its data.")] = Data()


class ServiceConfig(Model):
    """One service, as its team describes it (before any environment override is laid over it)."""

    api_version: Annotated[Literal["v1"], Field(description="Version of this format.")]
    kind: Annotated[Literal["ServiceConfig"], Field(description="Kind of this document.")]
    metadata: Annotated[Metadata, Field(description="Who the service is.")]
    spec: Annotated[Spec, Field(description="What it needs.")] = Spec()
