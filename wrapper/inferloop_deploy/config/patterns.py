"""The forms that text may have, each with the words that messages and editors use for it.

The patterns are written in what regular expressions of Rust (pydantic), JavaScript (JSON Schema in editors), Python and
RE2 (Terraform) have in common: no look-around, no back-references.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, WithJsonSchema

CPU = r"^(?:[1-9][0-9]{0,6}m|[1-9][0-9]{0,3}(?:\.[0-9]+)?|0\.(?:[1-9][0-9]*|0[1-9][0-9]*|00[1-9][0-9]*))$"
MEMORY = r"^[1-9][0-9]{0,11}(?:Ki|Mi|Gi|Ti|k|M|G|T)$"
DURATION = r"^[1-9][0-9]{0,8}[smhd]$"
DAYS = r"^[1-9][0-9]{0,4}d$"
LATENCY = r"^[1-9][0-9]{0,5}(?:ms|s)$"
NAME = r"^[a-z](?:[-a-z0-9]*[a-z0-9])?$"
_SEGMENT = r"\.{0,2}[A-Za-z0-9_~-][A-Za-z0-9._~-]*"  # neither . nor ..
HTTP_PATH = rf"^/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?$"
HOST = r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$"
LABEL_VALUE = r"^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"
LABEL_KEY = r"^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
HEADER_NAME = r"^[A-Za-z0-9-]+$"
HEADER_VALUE = r"^[ -~]*$"
CRON = r"^[0-9*/,A-Z-]+(?: [0-9*/,A-Z-]+){4}$"
COUNT_OR_PERCENT = r"^(?:0|[1-9][0-9]{0,3}|[1-9][0-9]?%|100%)$"
HTTPS = r"^https://[^\s/]+(?:/\S*)?$"
ORIGIN = r"^(?:\*|https?://(?:\*\.)?[A-Za-z0-9.-]+(?::[0-9]{1,5})?)$"
IMAGE_REPOSITORY = r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$"
IMAGE_TAG = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"
IMAGE_DIGEST = r"^sha256:[0-9a-f]{64}$"
ARN = r"^arn:aws(?:-cn|-us-gov)?:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:\S+$"
AWS_CRON = r"^(?:cron|rate)\([^()]+\)$"
BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
CIDR = r"^(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
ACCOUNT = r"^[0-9]{12}$"
ENVIRONMENT = r"^[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?$"
REGION = r"^[a-z]{2,}(?:-[a-z0-9]+)+$"
KUBERNETES_VERSION = r"^1\.[0-9]{2}$"
VERSION = r"^[0-9]+(?:\.[0-9]+){0,2}$"
FILE_SYSTEM = r"^fs-[0-9a-f]{8,40}$"
SECURITY_GROUP = r"^sg-[0-9a-f]{8,40}$"
GPU_TYPE = r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$"
TIME_ZONE = r"^[A-Za-z]+(?:/[A-Za-z0-9_+-]+)*$"
USER_TEXT = r"^[^\x00-\x1f\x7f]+$"
TAG_TEXT = r"^[^\x00-\x1f\x7f!\"#$%&'()*,;<>?\[\\\]^`{|}~]+$"

ACCEPTED: dict[str, str] = {
    CPU: 'cores such as "500m", "2" or 0.5',
    MEMORY: "a quantity such as 512Mi or 4Gi (a whole number with Ki, Mi, Gi, Ti, k, M, G or T)",
    DURATION: "a duration with its unit such as 30s, 5m, 12h or 7d",
    DAYS: "whole days such as 30d",
    LATENCY: "a latency such as 300ms or 2s",
    NAME: "lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
    HTTP_PATH: "a path such as /api/textnlp, without ..",
    HOST: "a host name such as api.example.com",
    LABEL_VALUE: "at most 63 letters, digits, dots, hyphens and underscores, with a letter or digit at both ends",
    LABEL_KEY: "a label key such as tier or example.com/tier",
    ENV_NAME: "letters, digits and underscores, not starting with a digit",
    HEADER_NAME: "letters, digits and hyphens",
    HEADER_VALUE: "printable ASCII characters",
    CRON: 'five fields such as "0 3 * * *" (minute, hour, day, month, weekday)',
    COUNT_OR_PERCENT: 'a number such as 1 or a percentage such as "50%"',
    HTTPS: "an address that starts with https://",
    ORIGIN: "an origin such as https://app.example.com, or *",
    IMAGE_REPOSITORY: "a repository such as registry.example.com/team/service, without tag",
    IMAGE_TAG: "at most 128 letters, digits, dots, hyphens and underscores",
    IMAGE_DIGEST: "sha256: and 64 hexadecimal digits",
    ARN: "an ARN such as arn:aws:iam::123456789012:role/name",
    AWS_CRON: "an AWS expression such as cron(0 3 * * ? *) or rate(1 day)",
    BUCKET: "3 to 63 lower-case letters, digits, dots and hyphens",
    CIDR: "an address range such as 10.10.0.0/16",
    EMAIL: "an e-mail address",
    ACCOUNT: "twelve digits, in quotes",
    ENVIRONMENT: "at most 16 lower-case letters, digits and hyphens, starting with a letter",
    REGION: "a region such as us-east-1",
    KUBERNETES_VERSION: 'a version such as "1.35", in quotes',
    VERSION: 'a version such as "16" or "16.4", in quotes',
    FILE_SYSTEM: "the id of a file system, fs-0123456789abcdef0",
    SECURITY_GROUP: "the id of a security group, sg-0123456789abcdef0",
    GPU_TYPE: "a GPU type such as nvidia-t4",
    TIME_ZONE: "an IANA time zone such as Europe/Berlin",
    USER_TEXT: "one line of text",
    TAG_TEXT: "letters, digits, spaces and _ . : / = + - @, because it becomes a tag",
}
"""What each pattern accepts, in words."""


def text(pattern: str, *, longest: int | None = None) -> Any:
    """Return the constraint of text that has a form; editors show its words when it does not fit."""
    extra: dict[str, Any] = {"patternErrorMessage": f"Expected {ACCEPTED[pattern]}."}
    return Field(pattern=pattern, max_length=longest, json_schema_extra=extra)


def also(pattern: str, form: dict[str, Any]) -> Any:
    """Return the JSON Schema of text that has a form or, as YAML may read it, is a number."""
    own = {"type": "string", "pattern": pattern, "patternErrorMessage": f"Expected {ACCEPTED[pattern]}."}
    return WithJsonSchema({"anyOf": [own, form]})


def or_forms(*forms: dict[str, Any]) -> Any:
    """Return a change of a JSON Schema: it accepts the forms beside what it says itself."""

    def change(schema: dict[str, Any]) -> None:
        own = {key: schema.pop(key) for key in list(schema) if key not in ("default", "description", "title")}
        schema["anyOf"] = [own, *forms]

    return change
