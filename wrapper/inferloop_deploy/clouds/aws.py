"""AWS: credentials through boto3's own chain, and the state in an S3 bucket that keeps its lock beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore import exceptions as aws_errors
from botocore.config import Config

from inferloop_deploy.changes import Changes
from inferloop_deploy.clouds import Backend, CredentialsRefused, Identity, Written
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.journal import Phase
from inferloop_deploy.target import StageName
from inferloop_deploy.terraform.messages import Lock, lock_from_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HOLDS_DATA: Mapping[str, str] = {
    "aws_backup_vault": "the backups in it",
    "aws_cloudwatch_log_group": "the logs in it",
    "aws_db_instance": "the database and everything in it",
    "aws_dynamodb_table": "the table and everything in it",
    "aws_ebs_volume": "the disk and everything on it",
    "aws_ecr_repository": "the images in it",
    "aws_efs_file_system": "the file system and every file on it",
    "aws_elasticache_replication_group": "what is cached",
    "aws_elasticache_serverless_cache": "what is cached",
    "aws_kms_key": "everything that is encrypted with it, after its waiting period",
    "aws_rds_cluster": "the database cluster and everything in it",
    "aws_s3_bucket": "every object in it",
    "aws_secretsmanager_secret": "the secret, after its waiting period",
    "aws_sqs_queue": "the messages waiting in it",
}

MOVES_BY_ITSELF: Mapping[str, frozenset[str]] = {
    "aws_cloudfront_distribution": frozenset({"in_progress_validation_batches", "last_modified_time", "status"}),
    # Application Auto Scaling sets it, which is why the configuration leaves it alone.
    "aws_ecs_service": frozenset({"desired_count"}),
    # The point in time that it could be restored to goes on with the clock.
    "aws_db_instance": frozenset({"latest_restorable_time"}),
    "aws_efs_file_system": frozenset({"size_in_bytes"}),
    # The cluster autoscaler sets desired_size; what the configuration sets, min and max, is compared by every plan.
    "aws_eks_node_group": frozenset({"scaling_config"}),
}

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_ABSENT = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchKey",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "NotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_NOTHING_OF_A_PERSON: dict[str, tuple[Any, Any, Any, Any]] = {
    # A profile that AWS_PROFILE names would be looked for, and be missed, even where the keys are given.
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_LOG_IN = (
    "Log in (`aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) and run the command again, "
    "or add --sandbox to rehearse it without an account."
)


@dataclass(frozen=True)
class Aws:
    """AWS as the commands use it; `settings` are environment variables that replace a person's own: the sandbox's."""

    settings: Mapping[str, str] | None = None
    name: str = field(default="aws", init=False)
    backend_kind: str = field(default="s3", init=False)

    @property
    def holds_data(self) -> Mapping[str, str]:
        """What data goes when a resource of a type is destroyed, in words."""
        return HOLDS_DATA

    @property
    def moves_by_itself(self) -> Mapping[str, frozenset[str]]:
        """Which attributes of a resource type the cloud changes without anybody's doing."""
        return MOVES_BY_ITSELF

    def identity(self, environment: Environment) -> Identity:
        """Return who is asking; raises CredentialsRefused, which says what to do."""
        try:
            caller = self._client("sts", environment.spec.region).get_caller_identity()
        except (aws_errors.BotoCoreError, aws_errors.ClientError) as error:
            raise _refused(error) from error
        return Identity(caller["Account"], caller["Arn"])

    def backend(self, environment: Environment, account: str, stage: StageName) -> Backend:
        """Return where the state of a stage of an environment is kept: one bucket, a key for each stage."""
        metadata, state = environment.metadata, environment.spec.state
        region = state.region or environment.spec.region
        bucket = state.bucket or f"{metadata.project}-{metadata.name}-tfstate-{account}"
        key = f"{metadata.name}/aws/{stage}.tfstate"
        alias = f"arn:{environment.spec.account.partition}:kms:{region}:{account}:alias/{bucket}"
        settings = {
            "bucket": bucket,
            "key": key,
            "region": region,
            "encrypt": "true",
            "kms_key_id": state.kms_key or alias,
            "use_lockfile": "true",
        }
        return Backend(settings, f"s3://{bucket}/{key}")

    def state_store(self, environment: Environment, backend: Backend) -> S3StateStore:
        """Return the bucket that a backend keeps its state in."""
        settings = backend.settings
        return S3StateStore(
            bucket=settings["bucket"],
            key=settings["key"],
            region=settings["region"],
            kms_key=settings["kms_key_id"],
            partition=environment.spec.account.partition,
            own_key=environment.spec.state.kms_key is None,
            client=lambda service: self._client(service, settings["region"]),
        )

    def _client(self, service: Any, region: str) -> Any:
        config = Config(connect_timeout=10, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})
        if self.settings is None:
            return boto3.Session().client(service, region_name=region, config=config)
        session = boto3.Session(
            aws_access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
            botocore_session=botocore.session.Session(session_vars=_NOTHING_OF_A_PERSON),
        )
        direct = config.merge(Config(proxies={}))
        return session.client(service, endpoint_url=self.settings["AWS_ENDPOINT_URL"], config=direct)


def _refused(error: Exception) -> CredentialsRefused:
    if isinstance(error, aws_errors.NoCredentialsError | aws_errors.PartialCredentialsError):
        return CredentialsRefused("There are no AWS credentials here.", _LOG_IN)
    if isinstance(error, aws_errors.ProfileNotFound):
        return CredentialsRefused(f"AWS_PROFILE names a profile that does not exist: {error}.", _LOG_IN)
    if isinstance(
        error,
        aws_errors.SSOTokenLoadError | aws_errors.UnauthorizedSSOTokenError | aws_errors.TokenRetrievalError,
    ):
        return CredentialsRefused("The AWS single sign-on session has expired or is missing.", _LOG_IN)
    if isinstance(error, aws_errors.ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXPIRED:
            return CredentialsRefused("The AWS credentials have expired.", _LOG_IN)
        return CredentialsRefused(f"AWS refuses the credentials ({code}).", _LOG_IN)
    if isinstance(error, aws_errors.HTTPClientError | aws_errors.ConnectionError):
        return CredentialsRefused(
            "AWS cannot be reached to ask who you are.",
            "Look at the network and its proxy settings, or add --sandbox to rehearse without AWS.",
        )
    return CredentialsRefused(f"The AWS credentials cannot be used: {error}.", _LOG_IN)


@dataclass(frozen=True)
class _Setting:
    """One setting of the bucket: what it should be, how to read it and how to write it."""

    title: str
    wanted: Any
    read: Callable[[], Any]
    write: Callable[[], Any]


@dataclass(frozen=True)
class S3StateStore:
    """A bucket that keeps one state, with its lock beside it under the same name and `.tflock`."""

    bucket: str
    key: str
    region: str
    kms_key: str
    partition: str
    own_key: bool
    client: Callable[[str], Any]

    @cached_property
    def _s3(self) -> S3Client:
        found: S3Client = self.client("s3")
        return found

    def exists(self) -> bool:
        """Tell whether the bucket is there; raises InferloopError where it is somebody else's."""
        try:
            self._s3.head_bucket(Bucket=self.bucket)
        except aws_errors.ClientError as error:
            if _code(error) in _ABSENT:
                return False
            raise InferloopError(
                f"The state's bucket {self.bucket} is there, but these credentials may not use it ({_code(error)}).",
                "Bucket names are shared by all of AWS: name another with spec.state.bucket, or ask for access to it.",
            ) from error
        return True

    def written(self) -> Written | None:
        """Return when the state was last written, or None where it never was."""
        try:
            head = self._s3.head_object(Bucket=self.bucket, Key=self.key)
        except aws_errors.ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise _state_refused(self.bucket, error) from error
        return Written(head["LastModified"], head.get("VersionId"))

    def lock(self) -> Lock | None:
        """Return who holds the state, or None where nobody does."""
        try:
            body = self._s3.get_object(Bucket=self.bucket, Key=f"{self.key}.tflock")["Body"].read()
        except aws_errors.ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise _state_refused(self.bucket, error) from error
        try:
            return lock_from_json(body.decode("utf-8"))
        except ValueError as error:
            raise InferloopError(
                f"s3://{self.bucket}/{self.key}.tflock is no lock that terraform wrote.",
                "Look at it, and delete it if no apply runs.",
            ) from error

    def bootstrap(self, tags: Mapping[str, str], changes: Changes) -> Sequence[Phase]:
        """Return the phases that make the bucket and its key; each does nothing where it is so already."""
        phases = [self._key_phase(tags, changes)] if self.own_key else []
        phases.append(
            Phase(
                "bucket",
                lambda: _drop(changes.change(self.bucket, "create bucket", self._create)),
                lambda: not self.exists(),
            )
        )
        return [*phases, *(self._phase(setting, changes) for setting in self._settings(tags))]

    def _phase(self, setting: _Setting, changes: Changes) -> Phase:
        def run() -> None:
            changes.change(self.bucket, f"set {setting.title} of bucket", setting.write)

        return Phase(setting.title, run, lambda: bool(_or_nothing(setting.read) != setting.wanted))

    def _key_phase(self, tags: Mapping[str, str], changes: Changes) -> Phase:
        kms = self.client("kms")
        alias = f"alias/{self.bucket}"

        def create() -> None:
            made = kms.create_key(
                Description=f"Terraform state in {self.bucket}",
                Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()],
            )["KeyMetadata"]["KeyId"]
            kms.enable_key_rotation(KeyId=made)
            try:
                kms.create_alias(AliasName=alias, TargetKeyId=made)
            except kms.exceptions.AlreadyExistsException:
                # Somebody else made the place of the state at the same time; theirs is the key, and ours is not needed.
                kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7)

        return Phase(
            "encryption key",
            lambda: _drop(changes.change(alias, "create key", create)),
            lambda: _or_nothing(lambda: kms.describe_key(KeyId=alias)) is None,
        )

    def _create(self) -> None:
        # us-east-1 is the one region that must not be named: it is what S3 takes where none is.
        place: Any = (
            {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        )
        with suppress(self._s3.exceptions.BucketAlreadyOwnedByYou):  # Likewise; us-east-1 would not even say so.
            self._s3.create_bucket(Bucket=self.bucket, ObjectOwnership="BucketOwnerEnforced", **place)

    def _settings(self, tags: Mapping[str, str]) -> list[_Setting]:
        s3, bucket = self._s3, self.bucket
        encryption: Any = {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.kms_key},
                    "BucketKeyEnabled": True,
                }
            ]
        }
        access: Any = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        policy = self._policy()
        rules: Any = _lifecycle()
        tag_set: Any = [{"Key": key, "Value": tags[key]} for key in sorted(tags)]
        return [
            _Setting(
                "versioning",
                "Enabled",
                lambda: s3.get_bucket_versioning(Bucket=bucket).get("Status"),
                lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}),
            ),
            _Setting(
                "encryption",
                encryption["Rules"],
                lambda: _rules_of(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]),
                lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption),
            ),
            _Setting(
                "public access block",
                access,
                lambda: s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
                lambda: s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=access),
            ),
            _Setting(
                "policy",
                policy,
                lambda: json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
                lambda: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy)),
            ),
            _Setting(
                "lifecycle",
                rules,
                lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
                lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}),
            ),
            _Setting(
                "tags",
                tag_set,
                lambda: sorted(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], key=lambda tag: tag["Key"]),
                lambda: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tag_set}),
            ),
        ]

    def _policy(self) -> dict[str, Any]:
        arn = f"arn:{self.partition}:s3:::{self.bucket}"
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }


def _lifecycle() -> list[dict[str, Any]]:
    """Return rules that keep every replaced version for a year, and clear what locks leave behind."""
    return [
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 365},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]


def _rules_of(configuration: Any) -> list[dict[str, Any]]:
    """Return the encryption rules without what AWS adds to them."""
    return [
        {name: rule[name] for name in ("ApplyServerSideEncryptionByDefault", "BucketKeyEnabled") if name in rule}
        for rule in configuration["Rules"]
    ]


def _or_nothing(read: Callable[[], Any]) -> Any:
    """Return what is there, or None where nothing is."""
    try:
        return read()
    except aws_errors.ClientError as error:
        if _code(error) in _ABSENT:
            return None
        raise InferloopError(
            f"AWS refuses to show how the state is kept ({_code(error)}).", "Ask for the permission that it names."
        ) from error


def _code(error: aws_errors.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _state_refused(bucket: str, error: aws_errors.ClientError) -> InferloopError:
    return InferloopError(
        f"The state in bucket {bucket} cannot be read ({_code(error)}).",
        "Ask for read access to the bucket and its key.",
    )


def _drop(_: object) -> None:
    """Forget a result: a phase has none."""
