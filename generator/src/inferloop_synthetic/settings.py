"""Settings of the API and the workers: GUARDIAN_* variables over a file over defaults, each value with its source.

One `Settings` object is made at the start and passed to what needs it; nothing reads the environment later.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from inferloop_synthetic.errors import SyntheticError

PREFIX = "GUARDIAN_"
FILE_VARIABLE = f"{PREFIX}CONFIG_FILE"
AWS_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
OTEL_ENDPOINT, OTEL_NAME, OTEL_SAMPLER = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER"
_FILE_SUFFIX = "_FILE"


class SettingsError(SyntheticError):
    """A setting is unknown or has a value that cannot be used; the message says where it was written."""


def _listed(value: object) -> object:
    """A list in a variable is written with commas between its entries."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_listed)]


class Service(BaseModel):
    """What one container serves, and the kinds of data that its engines make."""

    model_config = ConfigDict(frozen=True)
    name: Literal["tabular", "textnlp", "syndoc"]
    data: str


SERVICES = {
    "tabular": Service(name="tabular", data="tables"),
    "textnlp": Service(name="textnlp", data="text"),
    "syndoc": Service(name="syndoc", data="documents"),
}


class Settings(BaseModel):
    """Everything that can be set. The variable of a field is GUARDIAN_ and its name in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # ---- what is served, and where
    service: Literal["tabular", "textnlp", "syndoc"] = Field("tabular", description="What this container serves (also SERVICE).")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 in a container.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer requests.")
    root_path: str = Field("", description="Path that a proxy strips before requests arrive, such as /api/tabular.")
    cors_origins: Words = Field(
        (), description="Origins whose browser pages may call; none by default. `*` is all, without credentials."
    )
    shutdown_grace_seconds: float = Field(20, ge=0, le=3600, description="Time for open requests and jobs at SIGTERM.")

    # ---- work
    max_concurrent_generations: int = Field(
        2, ge=1, le=1024, description="Generations and validations at the same time in one process."
    )
    default_timeout: float = Field(
        300, gt=0, le=7 * 86_400, description="Seconds that a generation may take where the request names no time."
    )
    max_records_per_generation: int = Field(10_000_000, ge=1, le=10**12, description="Rows of one generation.")
    max_synchronous_records: int = Field(100_000, ge=0, le=10_000_000, description="Rows that are answered at once when asked.")
    max_memory_usage_mb: int = Field(
        0, ge=0, description="Memory of one process; more is refused before it is used. 0: no limit."
    )
    enable_resource_monitoring: bool = Field(
        True, description="Watch memory: measure, refuse work above the limit, stop what grows beyond it."
    )
    enable_input_sanitization: bool = Field(
        True,
        description="Clean text that comes in (control characters, padded names) and defuse spreadsheet formulas in CSV results.",
    )
    executor: str = Field(
        "in-process", description="Who makes the parts of jobs: in-process, processes, ray, kubernetes, with options."
    )
    engine_python: str | None = Field(None, description="Python that the engines of SDV and CTGAN learn in; this one by default.")
    cache_enabled: bool = Field(True, description="Keep fitted models and compiled schemas for the next request.")
    cache_entries: int = Field(64, ge=1, le=10_000, description="Models kept in memory by one process.")
    cache_max_mb: int = Field(1024, ge=1, description="Models kept on disk; the longest unused go first.")

    # ---- limits of a request
    max_request_bytes: int = Field(1_000_000, ge=1024, le=2**33, description="Bytes of a JSON request.")
    max_upload_bytes: int = Field(100_000_000, ge=1024, le=2**40, description="Bytes of one request with uploaded files.")
    max_rows: int = Field(5_000_000, ge=1, description="Rows of a table that is uploaded or named as a source.")
    max_columns: int = Field(1_000, ge=1, le=100_000, description="Columns of a table or schema.")
    max_json_depth: int = Field(16, ge=2, le=100, description="Levels of brackets in a JSON request.")
    max_unpacked_mb: int = Field(2048, ge=1, description="Memory of a table that is read; compressed bombs end here.")
    rate_limit_requests_per_minute: int = Field(60, ge=1, description="Requests of one caller.")
    rate_limit_records_per_minute: int = Field(10_000_000, ge=1, description="Rows that one caller may have generated.")
    max_active_jobs_per_owner: int = Field(100, ge=1, description="Jobs of one caller that wait or run.")
    max_queued_jobs: int = Field(10_000, ge=1, description="Jobs of all callers that wait.")
    inline_result_mb: int = Field(
        256, ge=1, description="Results up to this size are answered whole; larger ones as a list of parts."
    )

    # ---- where things are kept
    temp_dir: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()) / f"inferloop-synthetic-{os.getuid()}",
        description="Scratch: uploads on their way, models, prepared jobs.",
    )
    data_dir: Path | None = Field(
        None, description="SQLite database and results, where no server holds them; TEMP_DIR/data by default."
    )
    results_url: str | None = Field(
        None, description="Where results and uploads are kept: s3://, gs://, az:// or a folder; DATA_DIR/results by default."
    )
    part_rows: int = Field(1_000_000, ge=1, description="Rows of a part of a result.")
    result_retention_hours: int = Field(168, ge=1, description="Results are removed so long after the job ended.")
    job_retention_hours: int = Field(720, ge=1, description="Jobs are forgotten so long after they ended.")
    job_lease_seconds: float = Field(30, ge=1, description="A worker that is silent for so long has lost its job.")
    presigned_url_seconds: int = Field(900, ge=1, le=604_800, description="How long links to parts are good.")

    # ---- sources that requests may name
    source_roots: Words = Field((), description="Folders below which `source` may name files; none by default: callers upload.")
    source_objects: Words = Field((), description="Prefixes such as s3://bucket/folder below which `source` may name objects.")
    source_databases: Words = Field((), description="Databases that `source` may name, as host or host:port.")
    source_web: bool = Field(False, description="Whether `source` may be a web address; only public addresses are fetched.")
    source_hosts: Words = Field((), description="Web hosts of private addresses that `source` may name all the same.")

    # ---- database and queue
    database_url: SecretStr | None = Field(None, description="SQLAlchemy URL; instead of POSTGRES_*.")
    postgres_host: str | None = Field(
        None, description="PostgreSQL server for jobs and keys; SQLite in DATA_DIR where none is named."
    )
    postgres_port: int = Field(5432, ge=1, le=65_535, description="Its port.")
    postgres_db: str = Field("inferloop", description="Database.")
    postgres_user: str = Field("inferloop", description="Role.")
    postgres_auth: Literal["password", "aws-iam"] = Field(
        "password", description="How the role signs in: with its password, or with tokens of this service's identity in AWS."
    )
    postgres_password: SecretStr | None = Field(None, description="Password of the role.")
    postgres_sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="Whether TLS is used and the server's certificate checked, as libpq names it."
    )
    redis_host: str | None = Field(None, description="Redis server for queue and limits; in this process where none is named.")
    redis_port: int = Field(6379, ge=1, le=65_535, description="Its port.")
    redis_db: int = Field(0, ge=0, le=1023, description="Number of the database.")
    redis_user: str | None = Field(None, description="User, where the server has access lists.")
    redis_auth: Literal["password", "aws-iam"] = Field(
        "password", description="How the user signs in: with its password, or with tokens of this service's identity in AWS."
    )
    redis_cache_name: str | None = Field(
        None, description="Name of the ElastiCache replication group, which tokens of aws-iam are for."
    )
    redis_password: SecretStr | None = Field(None, description="Password.")
    redis_prefix: str = Field("", description="Stands before every key and channel, such as `tabular:` on a shared server.")
    redis_tls: bool = Field(False, description="Speak TLS with the server.")
    aws_region: str | None = Field(None, description="Region that aws-iam signs in to (also AWS_REGION and AWS_DEFAULT_REGION).")
    run_jobs: bool = Field(
        True, description="Without Redis: run jobs in this process. Off where workers take them from the database."
    )

    # ---- who may call
    authentication: Literal["required", "off"] = Field(
        "required", description="`off` is for one's own machine: refused unless HOST is loopback."
    )
    api_key_peppers: Secrets = Field((), description="Secrets mixed into the digests of API keys, the newest first.")
    jwt_issuer: str | None = Field(None, description="Issuer of JSON Web Tokens; without it none are taken.")
    jwt_audience: Words = Field((), description="Audiences that a token must be for, any of them.")
    jwt_jwks: str | None = Field(None, description="https URL or file of the issuer's keys.")
    jwt_algorithms: Words = Field(("RS256", "ES256", "EdDSA"), description="Algorithms of signatures that are taken.")
    jwt_leeway_seconds: int = Field(30, ge=0, le=600, description="How far clocks may be apart.")
    jwt_scope_claim: str = Field("scope", description="Claim that lists the scopes.")

    # ---- what is told
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field("INFO", description="The least that is logged.")
    log_format: Literal["json", "text"] = Field("json", description="`text` is for people.")
    metrics_enabled: bool = Field(True, description="Answer /metrics.")
    metrics_directory: Path | None = Field(
        None, description="Folder through which processes of one container add up their metrics."
    )
    metrics_port: int = Field(0, ge=0, le=65_535, description="Port of a worker's own /metrics; 0: none.")
    enable_audit_logging: bool = Field(True, description="Write who did what, in a chain of hashes.")
    audit_log_path: Path | None = Field(None, description="File of the audit log; the log stream where none is named.")
    otlp_endpoint: str | None = Field(None, description="Where traces are sent by OTLP (also OTEL_EXPORTER_OTLP_ENDPOINT).")
    trace_service: str | None = Field(
        None, description="Name of the service in traces (also OTEL_SERVICE_NAME); else one of what it serves and its role."
    )
    trace_sample_ratio: float = Field(
        1.0, ge=0, le=1, description="Share of requests that are traced (also OTEL_TRACES_SAMPLER and its _ARG)."
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and (not origin.startswith(("http://", "https://")) or origin.count("/") != 2):
                raise ValueError(f"{origin!r} is no origin; write https://host or https://host:port")
        return origins

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.database_url is not None and self.postgres_host is not None:
            raise ValueError("database_url and postgres_host both name the database; give one of them")
        wrong = [*self._wrong_with_postgres(), *self._wrong_with_redis()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_with_postgres(self) -> Iterator[str]:
        if self.postgres_auth == "password":
            return
        if self.postgres_host is None:
            yield "postgres_auth aws-iam signs in to postgres_host, which is not given"
        if self.postgres_password is not None:
            yield "postgres_auth aws-iam takes no postgres_password; leave one of them out"
        if self.postgres_sslmode in {"disable", "allow", "prefer"}:
            yield f"postgres_auth aws-iam needs TLS: postgres_sslmode is {self.postgres_sslmode}, write require or verify-full"
        yield from self._without_region("postgres_auth")

    def _wrong_with_redis(self) -> Iterator[str]:
        if self.redis_auth == "password":
            if self.redis_cache_name is not None:
                yield "redis_cache_name is for redis_auth aws-iam only; leave it out"
            return
        needed = {"redis_host": self.redis_host, "redis_user": self.redis_user, "redis_cache_name": self.redis_cache_name}
        missing = [name for name, value in needed.items() if not value]
        if missing:
            yield f"redis_auth aws-iam needs {', '.join(missing)}"
        if self.redis_password is not None:
            yield "redis_auth aws-iam takes no redis_password; leave one of them out"
        if not self.redis_tls:
            yield "redis_auth aws-iam needs TLS; set redis_tls"
        yield from self._without_region("redis_auth")

    def _without_region(self, field: str) -> Iterator[str]:
        if self.aws_region is None:
            yield f"{field} aws-iam needs the region: set aws_region, or the variable {AWS_REGIONS[0]}"

    @property
    def synchronous_records(self) -> int:
        """Rows that are answered at once when asked."""
        return min(self.max_synchronous_records, self.max_records_per_generation)

    @property
    def kept_in(self) -> Path:
        """The folder of the SQLite database and of local results."""
        return self.data_dir or self.temp_dir / "data"

    def fleeting(self, temporary: Path) -> str | None:
        """Return what is kept below the system's temporary folder, and what to set; None for nothing."""
        kept = {
            "jobs and API keys": self.database_url is None and self.postgres_host is None,
            "results": self.results_url is None,
        }
        here = [what for what, local in kept.items() if local]
        if not here or not self.kept_in.resolve().is_relative_to(temporary.resolve()):
            return None
        return (
            f"{' and '.join(here)} are kept in {self.kept_in}, below the temporary folder {temporary}, which the system may "
            f"empty; name a folder that stays with {variable('data_dir')}"
        )

    @property
    def results(self) -> str:
        """Where results are kept: a URL, or a folder."""
        return self.results_url or str(self.kept_in / "results")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database, without the password of POSTGRES_PASSWORD."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        if self.postgres_host is None:
            return f"sqlite:///{self.kept_in.absolute() / 'inferloop.db'}"
        user, name = quote(self.postgres_user, safe=""), quote(self.postgres_db, safe="")
        return f"postgresql://{user}@{self.postgres_host}:{self.postgres_port}/{name}?sslmode={self.postgres_sslmode}"

    @property
    def redis_url(self) -> str | None:
        """The URL of the Redis server with its credentials, or None without one."""
        if self.redis_host is None:
            return None
        scheme = "rediss" if self.redis_tls else "redis"
        password = "" if self.redis_password is None else quote(self.redis_password.get_secret_value(), safe="")
        # Tokens come with their user, beside the URL.
        named = self.redis_auth == "password" and (password or self.redis_user)
        login = f"{quote(self.redis_user or '', safe='')}:{password}@" if named else ""
        return f"{scheme}://{login}{self.redis_host}:{self.redis_port}/{self.redis_db}"


@dataclass(frozen=True)
class Loaded:
    """Settings, where each value was written, and variables that mean nothing."""

    settings: Settings
    sources: Mapping[str, str]
    """By field: `default`, `variable GUARDIAN_X`, `file PATH:LINE`, or `option --x`."""
    warnings: tuple[str, ...]

    def lines(self) -> list[tuple[str, str, str]]:
        """Return name of variable, value as text and source of every setting; secrets are masked."""
        return [(variable(name), shown(getattr(self.settings, name)), self.sources[name]) for name in Settings.model_fields]

    def hand_on(self) -> None:
        """Put into the environment what engines' processes read there, where a file or an option set it."""
        for field in ("engine_python", "max_memory_usage_mb"):
            if self.sources[field].startswith(("file ", "option ")):
                os.environ[variable(field)] = shown(getattr(self.settings, field))


def variable(field: str) -> str:
    """Return the name of the variable that sets a field."""
    return PREFIX + field.upper()


def shown(value: object) -> str:
    """Return a value as it may be printed."""
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, tuple):
        return ",".join(shown(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def load_settings(environ: Mapping[str, str], file: Path | None = None, options: Mapping[str, object] | None = None) -> Loaded:
    """Read all settings: options of the command line over variables over the file over defaults.

    The file is `file` or what GUARDIAN_CONFIG_FILE names, in YAML or JSON. A secret may stand in a file that GUARDIAN_X_FILE
    names. Raises SettingsError for what is unknown in the file or cannot be used, all problems in one message.
    """
    named = Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None
    path = file or named
    values, sources = ({}, {}) if path is None else _from_file(path)
    found, warnings = _from_environment(environ)
    for field, (value, source) in found.items():
        values[field], sources[field] = value, source
    for field, value in (options or {}).items():
        if value is not None:
            values[field], sources[field] = value, f"option --{field.replace('_', '-')}"
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_problem(problem, sources) for problem in error.errors(include_input=False))) from None
    return Loaded(settings, {name: sources.get(name, "default") for name in Settings.model_fields}, warnings)


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, tuple[object, str]], tuple[str, ...]]:
    found: dict[str, tuple[object, str]] = {}
    warnings = []
    if environ.get("SERVICE"):
        found["service"] = (environ["SERVICE"], "variable SERVICE")
    for name in reversed(AWS_REGIONS):
        if environ.get(name):
            found["aws_region"] = (environ[name], f"variable {name}")
    found |= _from_opentelemetry(environ)
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == FILE_VARIABLE or environ[name] == "":
            continue
        field = name.removeprefix(PREFIX).lower()
        if field in Settings.model_fields:
            found[field] = (environ[name], f"variable {name}")
            continue
        secret = field.removesuffix("_file")
        if name.endswith(_FILE_SUFFIX) and secret in Settings.model_fields:
            if secret not in found:
                found[secret] = (_secret(name, Path(environ[name])), f"file {environ[name]} ({name})")
            continue
        warnings.append(f"{name} is no setting{_nearest(field, upper=True)}")
    return found, tuple(warnings)


def _from_opentelemetry(environ: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    """Return what the variables that all OpenTelemetry SDKs read say; samplers keep to the caller's decision in any case.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    found: dict[str, tuple[object, str]] = {}
    for field, name in (("otlp_endpoint", OTEL_ENDPOINT), ("trace_service", OTEL_NAME)):
        if environ.get(name):
            found[field] = (environ[name], f"variable {name}")
    sampler, ratio = environ.get(OTEL_SAMPLER, "").removeprefix("parentbased_"), environ.get(f"{OTEL_SAMPLER}_ARG")
    if sampler in {"always_on", "always_off"}:
        found["trace_sample_ratio"] = (float(sampler == "always_on"), f"variable {OTEL_SAMPLER}")
    elif sampler == "traceidratio" and ratio:
        found["trace_sample_ratio"] = (ratio, f"variable {OTEL_SAMPLER}_ARG")
    return found


def _secret(name: str, path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}: {path} cannot be read: {error}") from error


def _from_file(path: Path) -> tuple[dict[str, object], dict[str, str]]:
    """Return the values of a settings file and the line of each; names may be written in either case, prefix or not."""
    try:
        text = path.read_text("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tree: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path}: the settings cannot be read: {error}") from error
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{path}: settings are names and values, such as `log_level: INFO`")
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    problems = []
    for key, _ in node.value:
        at = f"{path}:{key.start_mark.line + 1}"
        field = str(key.value).lower().removeprefix(PREFIX.lower())
        if field not in Settings.model_fields:
            problems.append(f"{at}: {key.value} is no setting{_nearest(field, upper=False)}")
        elif field in values:
            problems.append(f"{at}: {key.value} is set twice")
        else:
            values[field], sources[field] = tree[key.value], f"file {at}"
    if problems:
        raise SettingsError("\n".join(problems))
    return values, sources


def _nearest(field: str, *, upper: bool) -> str:
    near = difflib.get_close_matches(field, Settings.model_fields, 1, 0.6)
    if not near:
        return ""
    return f"; did you mean {variable(near[0]) if upper else near[0]}?"


def _problem(problem: Any, sources: Mapping[str, str]) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not field:
        return f"settings: {message}"
    return f"{variable(field)} ({sources.get(field, 'default')}): {message}"
