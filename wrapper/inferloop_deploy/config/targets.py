"""What each cloud can do, as far as it can be known without asking it: limits of names and numbers, machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

GI = 2**30


@dataclass(frozen=True)
class Machine:
    """What a machine type has: processor in thousandths of a core, memory in bytes, GPUs."""

    millicores: int
    memory: int
    gpu_type: str | None = None
    gpu_count: int = 0
    arm: bool = False


@dataclass(frozen=True)
class Versions:
    """The versions of an engine that are supported on a cloud: their form, and what people are told of it."""

    form: str
    expected: str

    def __contains__(self, version: str) -> bool:
        """Tell whether a version is one of them."""
        return re.fullmatch(self.form, version) is not None


@dataclass(frozen=True)
class Target:
    """A cloud that services can be deployed on."""

    name: str
    longest_names: Mapping[str, int]
    """Most characters of a name, by what it names."""
    log_retention_days: frozenset[int]
    """Days that its log store can keep logs for."""
    file_idle_days: frozenset[int]
    """Days after which its file systems can move files to a cheaper class."""
    storage_classes: frozenset[str] = frozenset({"default"})
    """Storage classes of the clusters that the platform makes there."""
    schedules_by_either_day: bool = True
    """Whether its schedules take days of the month and weekdays together, as crontab(5) does, and mean either."""
    engine_versions: Mapping[str, Versions] = field(default_factory=dict)
    """Versions of databases and caches by engine; all are accepted of an engine that is not among them."""
    machine_families: Mapping[str, int] = field(default_factory=dict)
    """Memory of each processor in bytes, by family of machine types."""
    gpu_families: Mapping[str, str] = field(default_factory=dict)
    """GPU type by family of machine types."""
    gpu_counts: Mapping[str, int] = field(default_factory=dict)
    """GPUs by machine type, where it is not one."""

    def machine(self, machine_type: str) -> Machine | None:
        """Return what a machine type has, or None where it is not known here."""
        family, _, size = machine_type.partition(".")
        match = re.fullmatch(r"(?:([0-9]*)x)?(large)", size)
        memory = self.machine_families.get(family)
        if match is None or memory is None:
            return None
        processors = 2 if size == "large" else 4 * int(match[1] or 1)
        gpu_type = self.gpu_families.get(family)
        gpu_count = self.gpu_counts.get(machine_type, 1) if gpu_type else 0
        return Machine(processors * 1000, processors * memory, gpu_type, gpu_count, self.is_arm(machine_type))

    def is_arm(self, machine_type: str) -> bool:
        """Tell whether a machine type runs arm64: Graviton types have a g after their generation, as m7g and c7gn."""
        return re.match(r"(?:[a-z]+[0-9]+g[a-z]*|a1)\.", machine_type) is not None


# Older ones hash passwords with MD5 where nobody asks for something else; modules/aws/database wants SCRAM-SHA-256.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/PostgreSQL_Password_Encryption_configuration.html
_POSTGRES = Versions(r"1[4-9](\.[0-9]+)?", "a major version from 14 on, such as 16, or a minor one, such as 16.4")

AWS = Target(
    name="aws",
    # https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, each service's "naming" rules
    longest_names={
        "bucket": 63 - len("-123456789012"),  # the account follows, because names of buckets are everybody's
        "database instance": 54,
        "cache": 40,
        "queue": 75,
        "function": 64,
        "role": 64,
        "file system": 63,
        "table": 255,
        "secret": 128,
    },
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    log_retention_days=frozenset(
        {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731} | {1096, 1827, 2192, 2557, 2922, 3288, 3653}
    ),
    # https://docs.aws.amazon.com/efs/latest/APIReference/API_LifecyclePolicy.html
    file_idle_days=frozenset({1, 7, 14, 30, 60, 90, 180, 270, 365}),
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
    schedules_by_either_day=False,
    # The caches are those that know users with IAM: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
    engine_versions={
        "postgres": _POSTGRES,
        "aurora-postgresql": _POSTGRES,
        "redis": Versions(r"7\.[01]", "7.0 or 7.1"),
        "valkey": Versions(r"7\.2|8\.[0-9]", "7.2 or 8.x, such as 8.0"),
    },
    # https://aws.amazon.com/ec2/instance-types/: compute 2, general purpose and single-GPU 4, memory 8 GiB a processor
    machine_families={
        **dict.fromkeys(("c5", "c5a", "c6a", "c6g", "c6i", "c7a", "c7g", "c7i", "c8g"), 2 * GI),
        **dict.fromkeys(("m5", "m5a", "m6a", "m6g", "m6i", "m7a", "m7g", "m7i", "m8g", "g4dn", "g5", "g6"), 4 * GI),
        **dict.fromkeys(("r5", "r5a", "r6a", "r6g", "r6i", "r7a", "r7g", "r7i", "r8g", "gr6", "g6e"), 8 * GI),
    },
    gpu_families={
        "g4dn": "nvidia-t4",
        "g5": "nvidia-a10g",
        "g5g": "nvidia-t4g",
        "g6": "nvidia-l4",
        "gr6": "nvidia-l4",
        "g6e": "nvidia-l40s",
        "p3": "nvidia-v100",
        "p3dn": "nvidia-v100",
        "p4d": "nvidia-a100",
        "p4de": "nvidia-a100",
        "p5": "nvidia-h100",
        "p5e": "nvidia-h200",
        "p5en": "nvidia-h200",
    },
    gpu_counts={
        **dict.fromkeys(("g4dn.12xlarge", "g5.12xlarge", "g5.24xlarge", "g6.12xlarge", "g6.24xlarge"), 4),
        **dict.fromkeys(("g6e.12xlarge", "g6e.24xlarge", "p3.8xlarge"), 4),
        **dict.fromkeys(("g5.48xlarge", "g6.48xlarge", "g6e.48xlarge", "p3.16xlarge", "p3dn.24xlarge"), 8),
        **dict.fromkeys(("p4d.24xlarge", "p4de.24xlarge", "p5.48xlarge", "p5e.48xlarge", "p5en.48xlarge"), 8),
        "g5g.16xlarge": 2,
    },
)

TARGETS: Mapping[str, Target] = {"aws": AWS}
"""The clouds there are."""
