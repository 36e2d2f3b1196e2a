"""The Environment: what the platform team writes in `environments/<env>/environment.yaml` and `<cloud>.yaml`.

Both files have the same form; the cloud's file is laid over the environment's, and together they must
make one whole Environment. `modules/base/variables.tf` mirrors it field by field, in snake_case.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from inferloop_deploy.config import patterns
from inferloop_deploy.config.patterns import text
from inferloop_deploy.config.quantity import Cpu, Days, Memory
from inferloop_deploy.config.service import (
    Arn,
    Count,
    CronExpression,
    GpuType,
    Host,
    Https,
    LabelKey,
    LabelValue,
    Model,
    Name,
    Port,
    Region,
    Size,
    TagText,
    Text,
    TimeZone,
    Version,
)

Cidr = Annotated[str, text(patterns.CIDR)]
EnvironmentName = Annotated[str, text(patterns.ENVIRONMENT)]
Email = Annotated[str, text(patterns.EMAIL, longest=254)]
SecurityGroup = Annotated[str, text(patterns.SECURITY_GROUP)]


class EnvironmentMetadata(Model):
    """What the environment is and who pays."""

    name: Annotated[EnvironmentName, Field(description="Name of the environment, and of its folder.")]
    project: Annotated[Name, Field(max_length=16, description="Project; the first part of every resource's name.")] = (
        "inferloop"
    )
    owner: Annotated[
        TagText, Field(description="Who answers for the environment; the tag Owner where a service names none.")
    ]
    cost_center: Annotated[LabelValue, Field(description="Who pays; the tag CostCenter where a service names none.")]
    tags: Annotated[dict[LabelKey, LabelValue], Field(description="Further tags on everything.")] = Field(
        default_factory=dict
    )


class Account(Model):
    """The cloud account; left out, the one of the credentials."""

    id: Annotated[
        Annotated[str, text(patterns.ACCOUNT)] | None, Field(description="Account id that apply insists on.")
    ] = None
    partition: Annotated[Literal["aws", "aws-us-gov"], Field(description="AWS partition.")] = "aws"


class State(Model):
    """Where Terraform's state is kept."""

    bucket: Annotated[
        Annotated[str, text(patterns.BUCKET)] | None,
        Field(description="Bucket; <project>-<env>-tfstate-<account> if left out."),
    ] = None
    region: Annotated[Region | None, Field(description="Region of the bucket; the environment's if left out.")] = None
    kms_key: Annotated[
        Arn | None, Field(description="ARN of the key that encrypts it; a key of the bucket's own if left out.")
    ] = None


class FlowLogs(Model):
    """Records of network connections."""

    enabled: Annotated[bool, Field(description="Records connections.")] = True
    retention: Annotated[Days, Field(description="How long they are kept.")] = "30d"


class ExistingNetwork(Model):
    """A network that exists."""

    vpc_id: Annotated[Text, Field(description="Id of the VPC.")]
    cidr: Annotated[Cidr, Field(description="Its address range.")]
    public_subnet_ids: Annotated[list[Text], Field(description="Public subnets, one per zone.")]
    private_subnet_ids: Annotated[list[Text], Field(description="Private subnets, one per zone.")]
    data_subnet_ids: Annotated[list[Text], Field(description="Subnets for databases, one per zone.")]


class Network(Model):
    """The private network."""

    cidr: Annotated[Cidr, Field(description="Address range, /16 to /20.")]
    service_cidr: Annotated[Cidr, Field(description="Addresses of Kubernetes services; overlaps nothing.")] = (
        "172.20.0.0/16"
    )
    reserved_cidrs: Annotated[
        list[Cidr], Field(description="Ranges of networks this one will be connected to; overlaps are refused.")
    ] = Field(default_factory=list)
    zones: Annotated[list[Region], Field(min_length=2, max_length=3, description="Zones, for instance us-east-1a.")]
    nat: Annotated[Literal["none", "single", "per-zone"], Field(description="NAT gateways.")] = "single"
    endpoints: Annotated[
        list[Literal["s3", "dynamodb", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"]],
        Field(description="Private endpoints of cloud services."),
    ] = Field(default=["s3", "ecr", "sts", "secretsmanager", "sqs", "logs", "monitoring"])
    flow_logs: Annotated[FlowLogs, Field(description="Flow logs.")] = FlowLogs()
    existing: Annotated[ExistingNetwork | None, Field(description="One that exists, instead.")] = None


class PoolGpu(Model):
    """GPUs of each node of a pool."""

    type: Annotated[GpuType, Field(description="GPU type, for instance nvidia-t4.")]
    count: Annotated[int, Field(ge=1, le=16, description="GPUs per node.")] = 1


class NodePool(Model):
    """A group of nodes of one kind."""

    name: Annotated[Name, Field(max_length=20, description="Name of the pool.")]
    machine_types: Annotated[list[Text], Field(min_length=1, description="Machine types, the preferred first.")]
    min: Annotated[int, Field(ge=0, description="Fewest nodes.")] = 1
    max: Annotated[int, Field(ge=1, description="Most nodes.")] = 3
    disk: Annotated[Memory, Field(description="Root disk of a node.")] = "50Gi"
    spot: Annotated[bool, Field(description="Spot capacity.")] = False
    gpu: Annotated[PoolGpu | None, Field(description="GPUs of each node.")] = None
    labels: Annotated[dict[LabelKey, LabelValue], Field(description="Labels of the nodes.")] = Field(
        default_factory=dict
    )


class Access(Model):
    """A person's or pipeline's access to the cluster."""

    name: Annotated[Name, Field(description="Name of the entry.")]
    principal: Annotated[Arn, Field(description="ARN of the role or user.")]
    role: Annotated[Literal["admin", "edit", "view"], Field(description="What it may do.")]
    namespaces: Annotated[list[Name], Field(description="Namespaces it is limited to; all if empty.")] = Field(
        default_factory=list
    )


class ExistingCluster(Model):
    """A cluster that exists."""

    name: Annotated[Text, Field(description="Name of the cluster.")]
    endpoint: Annotated[Https, Field(description="URL of its API server.")]
    ca_certificate: Annotated[Text, Field(description="Certificate authority, base64.")]
    oidc_issuer: Annotated[Https, Field(description="URL of its OIDC issuer.")]
    oidc_provider_arn: Annotated[Arn, Field(description="ARN of the IAM OIDC provider of that issuer.")]
    node_security_group_id: Annotated[SecurityGroup, Field(description="Security group of its nodes.")]


class Cluster(Model):
    """The Kubernetes cluster."""

    enabled: Annotated[
        bool, Field(description="Makes a cluster; false where every service runs on fargate or batch.")
    ] = True
    version: Annotated[Annotated[str, text(patterns.KUBERNETES_VERSION)], Field(description="Kubernetes version.")] = (
        "1.35"
    )
    public_endpoint: Annotated[bool, Field(description="Opens the API server to publicCidrs.")] = False
    public_cidrs: Annotated[list[Cidr], Field(description="Who reaches the public endpoint.")] = Field(
        default_factory=list
    )
    node_pools: Annotated[list[NodePool], Field(description="Node pools.")] = Field(default_factory=list)
    access: Annotated[list[Access], Field(description="Who may use the cluster, beside the service identities.")] = (
        Field(default_factory=list)
    )
    identity_mode: Annotated[
        Literal["pod-identity", "irsa"], Field(description="How pods get their cloud identity.")
    ] = "pod-identity"
    existing: Annotated[ExistingCluster | None, Field(description="One that exists, instead.")] = None


class ExistingSharedDatabase(Model):
    """The identity of a PostgreSQL instance that exists; each service gets a database and a role on it."""

    host: Annotated[Text, Field(description="Host name.")]
    port: Annotated[Port, Field(description="Port.")] = 5432
    reader_host: Annotated[Text | None, Field(description="Host name of its read replicas.")] = None
    secret: Annotated[Arn, Field(description="ARN of the secret with the credentials of its administrator.")]
    resource_id: Annotated[
        Text | None, Field(description="Resource id (db-... or cluster-...), needed for IAM authentication.")
    ] = None
    security_group: Annotated[SecurityGroup | None, Field(description="Its security group.")] = None


class ExistingSharedCache(Model):
    """The identity of a cache that exists; each service keeps to its own key prefix."""

    host: Annotated[Text, Field(description="Host name.")]
    port: Annotated[Port, Field(description="Port.")] = 6379
    arn: Annotated[Arn | None, Field(description="ARN of the replication group, needed for IAM authentication.")] = None
    security_group: Annotated[SecurityGroup | None, Field(description="Its security group.")] = None


class SharedDatabase(Model):
    """The shared database instance; made only where a service asks for it."""

    engine: Annotated[Literal["postgres", "aurora-postgresql"], Field(description="Engine.")] = "postgres"
    version: Annotated[Version, Field(description="Engine version.")] = "16"
    size: Annotated[Size, Field(description="Size, mapped by sizes.database.")] = "small"
    storage: Annotated[Memory, Field(description="Disk at the start.")] = "50Gi"
    multi_az: Annotated[bool, Field(description="A standby in another zone.")] = False
    replicas: Annotated[int, Field(ge=0, le=5, description="Read replicas.")] = 0
    backup_retention: Annotated[Days, Field(description="How long backups are kept.")] = "7d"
    existing: Annotated[ExistingSharedDatabase | None, Field(description="One that exists, instead.")] = None


class SharedCache(Model):
    """The shared cache; made only where a service asks for it."""

    engine: Annotated[Literal["redis", "valkey"], Field(description="Engine.")] = "valkey"
    version: Annotated[Version, Field(description="Engine version.")] = "8.0"
    size: Annotated[Size, Field(description="Size, mapped by sizes.cache.")] = "small"
    replicas: Annotated[int, Field(ge=0, le=5, description="Replicas.")] = 0
    existing: Annotated[ExistingSharedCache | None, Field(description="One that exists, instead.")] = None


class Shared(Model):
    """What services share."""

    database: Annotated[SharedDatabase, Field(description="Database.")] = SharedDatabase()
    cache: Annotated[SharedCache, Field(description="Cache.")] = SharedCache()


class Sizes(Model):
    """Machine types by size."""

    database: Annotated[dict[Size, Text], Field(description="Database machines.")]
    cache: Annotated[dict[Size, Text], Field(description="Cache machines.")]


class Budget(Model):
    """Money."""

    monthly: Annotated[int, Field(ge=1, description="Limit per month.")]
    currency: Annotated[Literal["USD"], Field(description="Currency.")] = "USD"
    services: Annotated[
        dict[Name, Count], Field(description="Limit per month of single services, by their tag Service.")
    ] = Field(default_factory=dict)
    anomaly_threshold: Annotated[int, Field(ge=1, description="Unexpected cost that is reported.")] = 50
    existing_monitor: Annotated[
        Arn | None, Field(description="ARN of the account's monitor of cost anomalies, where it has one already.")
    ] = None


class Identities(Model):
    """Deployment pipelines that may plan and apply."""

    issuer: Annotated[Https, Field(description="OIDC issuer of the pipeline.")]
    audience: Annotated[Text, Field(description="Audience of its tokens.")] = "sts.amazonaws.com"
    plan_subjects: Annotated[list[Text], Field(description="Subjects that may plan (read only).")]
    apply_subjects: Annotated[list[Text], Field(description="Subjects that may apply.")]
    existing_provider: Annotated[
        Arn | None, Field(description="ARN of the account's OIDC provider of this issuer, where it has one already.")
    ] = None


class Security(Model):
    """Account-wide safeguards; left off where the organisation runs them."""

    threat_detection: Annotated[bool, Field(description="GuardDuty.")] = True
    existing_detector: Annotated[
        Text | None, Field(description="Id of the region's GuardDuty detector, where the account has one already.")
    ] = None
    audit_trail: Annotated[bool, Field(description="CloudTrail.")] = True


class Backup(Model):
    """Backups beside those of each database."""

    enabled: Annotated[bool, Field(description="Keeps backups.")] = True
    schedule: Annotated[Annotated[str, text(patterns.AWS_CRON)], Field(description="AWS cron expression.")] = (
        "cron(0 3 * * ? *)"
    )
    retention: Annotated[Days, Field(description="How long they are kept.")] = "35d"
    cold_after: Annotated[Days | None, Field(description="When they move to cold storage.")] = None


class Dns(Model):
    """The environment's domain."""

    domain: Annotated[Host, Field(description="Domain of the environment.")]
    existing_zone: Annotated[Text | None, Field(description="Id of a zone that exists, instead.")] = None
    existing_certificate: Annotated[Arn | None, Field(description="ARN of a certificate that exists, instead.")] = None


class Registry(Model):
    """Container images."""

    existing: Annotated[Text | None, Field(description="Registry and path prefix of one that exists, instead.")] = None


class Certificates(Model):
    """Who signs the certificates of the gateway."""

    issuer: Annotated[
        Literal["acme", "own-ca"], Field(description="A public authority over ACME, or one of the cluster's own.")
    ] = "acme"
    email: Annotated[Email | None, Field(description="Whom the public authority writes to.")] = None
    server: Annotated[
        Https | None, Field(description="Directory of the public authority; that of Let's Encrypt if left out.")
    ] = None


class ClusterBackup(Model):
    """Backups of the cluster's objects and volumes."""

    enabled: Annotated[bool, Field(description="Keeps backups.")] = True
    schedule: Annotated[CronExpression, Field(description="Cron expression, in UTC.")] = "0 2 * * *"
    retention: Annotated[Days, Field(description="How long they are kept.")] = "30d"
    bucket: Annotated[
        Annotated[str, text(patterns.BUCKET)] | None,
        Field(description="Bucket that takes them; without one there are none."),
    ] = None


class SecretStore(Model):
    """A store of secrets that has an address of its own, such as Vault."""

    server: Annotated[Https, Field(description="URL of the store.")]
    path: Annotated[Text, Field(description="Path that the secrets are below.")] = "secret"
    role: Annotated[Text, Field(description="Role that External Secrets has there.")] = "external-secrets"


class Night(Model):
    """Times at which services run without replicas; not in production."""

    enabled: Annotated[bool, Field(description="Stops services at night.")] = False
    start: Annotated[CronExpression, Field(description="Cron expression of when they stop.")] = "0 20 * * MON-FRI"
    end: Annotated[CronExpression, Field(description="Cron expression of when they start again.")] = "0 6 * * MON-FRI"
    time_zone: Annotated[TimeZone, Field(description="IANA time zone, for instance Europe/Berlin.")] = "Etc/UTC"


class ClusterAccess(Model):
    """Groups of the cluster's users by what they may do."""

    team: Annotated[list[Text], Field(description="May look at services and change them.")] = Field(
        default_factory=list
    )
    operator: Annotated[list[Text], Field(description="May do everything in the namespaces of services.")] = Field(
        default_factory=list
    )
    read_only: Annotated[list[Text], Field(description="May look at everything but secrets.")] = Field(
        default_factory=list
    )
    ci: Annotated[list[Text], Field(description="May release services.")] = Field(default_factory=list)


class Quota(Model):
    """What the services of a namespace may ask for together; what is left out has no limit of its own."""

    cpu: Annotated[Cpu | None, Field(description='Cores: "40".')] = None
    memory: Annotated[Memory | None, Field(description="Memory: 160Gi.")] = None
    pods: Annotated[Count | None, Field(description="Pods.")] = None
    gpus: Annotated[int | None, Field(ge=0, le=1_000_000, description="GPUs.")] = None


class ClusterServices(Model):
    """What runs in the cluster for all services."""

    managed: Annotated[
        bool, Field(description="Installs what is named here; false where the cluster brings all of it itself.")
    ] = True
    mesh: Annotated[Literal["istio", "linkerd", "none"], Field(description="Mesh between services.")] = "istio"
    gateway: Annotated[
        Literal["kong", "istio", "gateway-api"],
        Field(description="What stands in front of services; istio needs mesh istio."),
    ] = "kong"
    logs: Annotated[Literal["loki", "elastic", "none"], Field(description="Where logs are kept.")] = "loki"
    traces: Annotated[Literal["tempo", "jaeger", "none"], Field(description="Where traces are kept.")] = "tempo"
    policies: Annotated[
        Literal["builtin", "kyverno"],
        Field(description="Who refuses what must not run: the API server itself, or Kyverno."),
    ] = "builtin"
    nodes: Annotated[
        Literal["cluster-autoscaler", "karpenter", "none"], Field(description="Who adds and removes nodes.")
    ] = "cluster-autoscaler"
    certificates: Annotated[Certificates, Field(description="Certificates.")] = Certificates()
    backup: Annotated[ClusterBackup, Field(description="Backups of the cluster.")] = ClusterBackup()
    night: Annotated[Night, Field(description="Times without replicas.")] = Night()
    registry: Annotated[
        Annotated[str, text(patterns.IMAGE_REPOSITORY, longest=255)] | None,
        Field(description="Registry and path prefix that every chart and image of these is taken from instead."),
    ] = None
    versions: Annotated[
        dict[Name, Annotated[str, text(patterns.IMAGE_TAG)]],
        Field(description="Versions of charts other than those of the platform's catalogue, by chart."),
    ] = Field(default_factory=dict)
    controllers: Annotated[
        dict[Name, Text], Field(description="Cloud identities of add-ons that the platform does not know, by add-on.")
    ] = Field(default_factory=dict)
    secret_store: Annotated[
        SecretStore | None, Field(description="Store of secrets with an address of its own; the cloud's if left out.")
    ] = None
    access: Annotated[ClusterAccess, Field(description="Who may do what in the cluster.")] = ClusterAccess()
    quotas: Annotated[
        dict[Name, Quota],
        Field(description="What the services of a namespace may ask for, by namespace; what they do ask if left out."),
    ] = Field(default_factory=dict)
    storage_classes: Annotated[
        list[Name], Field(description="Storage classes that the cluster has beside the platform's own.")
    ] = Field(default_factory=list)


class EnvironmentSpec(Model):
    """What the environment is made of."""

    region: Annotated[Region, Field(description="Region.")]
    account: Annotated[Account, Field(description="Account.")] = Account()
    state: Annotated[State, Field(description="Terraform's state.")] = State()
    dns: Annotated[Dns, Field(description="Domain.")]
    network: Annotated[Network, Field(description="Network.")]
    cluster: Annotated[Cluster, Field(description="Cluster.")] = Cluster()
    cluster_services: Annotated[
        ClusterServices, Field(description="What runs in the cluster for all services: mesh, gateway, logs, traces.")
    ] = ClusterServices()
    shared: Annotated[Shared, Field(description="What services share.")] = Shared()
    sizes: Annotated[Sizes, Field(description="Machine types by size.")]
    registry: Annotated[Registry, Field(description="Container images.")] = Registry()
    encryption_key: Annotated[
        Arn | None, Field(description="ARN of a platform key that exists, instead of one made here.")
    ] = None
    deletion_protection: Annotated[bool, Field(description="Refuses to delete databases, buckets and clusters.")] = True
    log_retention: Annotated[Days, Field(description="How long logs are kept.")] = "30d"
    notify: Annotated[list[Email], Field(description="Who is told of alarms, budgets and anomalies.")] = Field(
        default_factory=list
    )
    budget: Annotated[Budget | None, Field(description="Money.")] = None
    security: Annotated[Security, Field(description="Account-wide safeguards.")] = Security()
    backup: Annotated[Backup, Field(description="Backups.")] = Backup()
    pipelines: Annotated[Identities | None, Field(description="Deployment pipelines.")] = None
    identities: Annotated[
        dict[Name, Arn], Field(description="Roles that exist, by service, instead of made ones (ARN).")
    ] = Field(default_factory=dict)
    service_defaults: Annotated[
        dict[str, Any],
        Field(description="Part of a service's spec; laid under every service."),
    ] = Field(default_factory=dict)


class Environment(Model):
    """One environment on one cloud: environment.yaml with the cloud's file laid over it."""

    api_version: Annotated[Literal["v1"], Field(description="Version of this format.")]
    kind: Annotated[Literal["Environment"], Field(description="Kind of this document.")]
    metadata: Annotated[EnvironmentMetadata, Field(description="What the environment is.")]
    spec: Annotated[EnvironmentSpec, Field(description="What it is made of.")]
