"""AWS behind its protocol: credentials, the place of the state, locks; on moto, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions as aws_errors
from moto import mock_aws

from inferloop_deploy import clouds
from inferloop_deploy.changes import Changes
from inferloop_deploy.clouds import CredentialsRefused, Identity, find_cloud
from inferloop_deploy.clouds.aws import Aws, S3StateStore
from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.load import load_project
from inferloop_deploy.errors import InferloopError, UsageError
from inferloop_deploy.journal import Journal, Phase, run_phases

ACCOUNT = "123456789012"
TAGS = {"Project": "inferloop", "Environment": "dev"}


@pytest.fixture
def environment(make_project: Callable[..., Path]) -> Environment:
    return effective(load_project(make_project()), "dev", "aws").environment.config


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield Aws()


@pytest.fixture
def store(aws: Aws, environment: Environment) -> S3StateStore:
    return aws.state_store(environment, aws.backend(environment, ACCOUNT, "infrastructure"))


@pytest.fixture
def plain_store(store: S3StateStore) -> S3StateStore:
    """A store whose bucket has no policy: moto enforces policies without looking at their conditions."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=store.bucket)
    return store


def bootstrap(store: S3StateStore, tmp_path: Path, changes: Changes) -> list[str]:
    """Run the phases, and return those that did something."""
    told: list[tuple[str, str]] = []
    journal = Journal(tmp_path / "bootstrap.json")
    journal.begin("state bootstrap")
    run_phases(store.bootstrap(TAGS, changes), journal, lambda *one: told.append(one))
    return [title for title, state in told if state == "done"]


def test_a_cloud_is_found_by_its_entry_point() -> None:
    cloud = find_cloud("aws")
    assert cloud.name == "aws"
    assert "aws_s3_bucket" in cloud.holds_data


def test_a_cloud_of_another_package_is_found_like_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("fifth", "inferloop_deploy.clouds.aws:Aws", clouds.GROUP)
    monkeypatch.setattr(clouds, "entry_points", lambda group: [entry] if group == clouds.GROUP else [])
    assert isinstance(find_cloud("fifth"), Aws)
    with pytest.raises(UsageError, match='There is no cloud "aws"') as raised:
        find_cloud("aws")
    assert "Clouds: fifth." in str(raised.value)


def test_the_identity_is_the_one_of_the_credentials(aws: Aws, environment: Environment) -> None:
    assert aws.identity(environment) == Identity(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:user/moto")


def client_error(code: str) -> aws_errors.ClientError:
    return aws_errors.ClientError({"Error": {"Code": code, "Message": "AKIAEXAMPLE is refused"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (aws_errors.NoCredentialsError(), "There are no AWS credentials here"),
        (aws_errors.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "no AWS credentials"),
        (aws_errors.ProfileNotFound(profile="work"), "a profile that does not exist"),
        (aws_errors.UnauthorizedSSOTokenError(), "single sign-on session has expired"),
        (aws_errors.SSOTokenLoadError(error_msg="x"), "single sign-on session has expired"),
        (client_error("ExpiredToken"), "have expired"),
        (client_error("InvalidClientTokenId"), r"refuses the credentials \(InvalidClientTokenId\)"),
        (aws_errors.EndpointConnectionError(endpoint_url="https://sts"), "cannot be reached"),
        (aws_errors.InvalidRegionError(region_name="?"), "cannot be used"),
    ],
)
def test_each_trouble_with_credentials_says_what_to_do(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    class Refusing:
        def get_caller_identity(self) -> Any:
            raise error

    monkeypatch.setattr(Aws, "_client", lambda *_: Refusing())
    with pytest.raises(CredentialsRefused, match=message) as raised:
        Aws().identity(environment)
    assert "--sandbox" in str(raised.value)
    assert "AKIAEXAMPLE" not in str(raised.value)


def test_without_any_credentials_nothing_is_sent(environment: Environment) -> None:
    with pytest.raises(CredentialsRefused, match="no AWS credentials"):
        Aws().identity(environment)


def test_the_state_has_a_place_of_its_own_in_each_environment(environment: Environment) -> None:
    backend = Aws().backend(environment, ACCOUNT, "infrastructure")
    assert backend.place == f"s3://inferloop-dev-tfstate-{ACCOUNT}/dev/aws/infrastructure.tfstate"
    assert backend.settings == {
        "bucket": f"inferloop-dev-tfstate-{ACCOUNT}",
        "key": "dev/aws/infrastructure.tfstate",
        "region": "us-east-1",
        "encrypt": "true",
        "kms_key_id": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/inferloop-dev-tfstate-{ACCOUNT}",
        "use_lockfile": "true",
    }


def test_a_brought_bucket_and_key_are_used_as_they_are(make_project: Callable[..., Path]) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    files = {
        "environments/dev/aws.yaml": "apiVersion: v1\nkind: Environment\nspec:\n  region: us-east-1\n"
        f"  state: {{bucket: my-state, region: eu-west-1, kmsKey: '{key}'}}\n"
        "  sizes: {database: {small: db.t4g.medium}, cache: {small: cache.t4g.small}}\n"
    }
    environment = effective(load_project(make_project(files)), "dev", "aws").environment.config
    backend = Aws().backend(environment, ACCOUNT, "infrastructure")
    assert (backend.settings["bucket"], backend.settings["region"], backend.settings["kms_key_id"]) == (
        "my-state", "eu-west-1", key,
    )  # fmt: skip
    phases = Aws().state_store(environment, backend).bootstrap(TAGS, Changes())
    assert "encryption key" not in [phase.title for phase in phases]


def test_bootstrap_makes_a_bucket_that_keeps_versions_and_lets_nobody_in(store: S3StateStore, tmp_path: Path) -> None:
    assert not store.exists()
    done = bootstrap(store, tmp_path, Changes())
    assert done == [
        "encryption key", "bucket", "versioning", "encryption", "public access block", "policy", "lifecycle", "tags",
    ]  # fmt: skip
    s3 = boto3.client("s3", region_name="us-east-1")
    bucket = store.bucket
    assert store.exists()
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": store.kms_key}
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert lifecycle["NoncurrentVersionExpiration"] == {"NoncurrentDays": 365}
    assert {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]} == TAGS
    key = boto3.client("kms", region_name="us-east-1").describe_key(KeyId=f"alias/{bucket}")["KeyMetadata"]
    assert boto3.client("kms", region_name="us-east-1").get_key_rotation_status(KeyId=key["KeyId"])[
        "KeyRotationEnabled"
    ]


def test_bootstrap_again_changes_nothing(store: S3StateStore, tmp_path: Path) -> None:
    bootstrap(store, tmp_path, Changes())
    changes = Changes()
    assert bootstrap(store, tmp_path, changes) == []
    assert changes.made == []


def test_bootstrap_repairs_what_somebody_changed(store: S3StateStore, tmp_path: Path) -> None:
    bootstrap(store, tmp_path, Changes())
    boto3.client("s3", region_name="us-east-1").delete_public_access_block(Bucket=store.bucket)
    changes = Changes()
    assert bootstrap(store, tmp_path, changes) == ["public access block"]
    assert [str(change) for change in changes.made] == [f"set public access block of bucket {store.bucket}"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_what_somebody_else_made_in_the_meantime_is_used(
    region: str, environment: Environment, aws: Aws, tmp_path: Path
) -> None:
    """Two people's first plans look for the place of the state, find none, and both make it."""
    backend = aws.backend(environment, ACCOUNT, "infrastructure")
    store = aws.state_store(environment, type(backend)({**backend.settings, "region": region}, backend.place))
    slower = list(store.bootstrap(TAGS, Changes()))
    assert [phase.title for phase in slower if phase.should_run()][:2] == ["encryption key", "bucket"]
    bootstrap(store, tmp_path, Changes())
    kms = store.client("kms")
    used = kms.describe_key(KeyId=store.kms_key)["KeyMetadata"]["KeyId"]
    for phase in slower:
        phase.run()
    states = {key["KeyId"]: kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]}
    assert kms.describe_key(KeyId=store.kms_key)["KeyMetadata"]["KeyId"] == used
    assert [state["KeyState"] for key, state in states.items() if key != used] == ["PendingDeletion"]
    assert states[used]["Enabled"]
    assert not any(phase.should_run() for phase in store.bootstrap(TAGS, Changes()))


def test_a_dry_run_of_bootstrap_names_everything_and_makes_nothing(store: S3StateStore, tmp_path: Path) -> None:
    changes = Changes(dry_run=True)
    bootstrap(store, tmp_path, changes)
    assert len(changes.made) == 8
    assert not store.exists()
    assert boto3.client("kms", region_name="us-east-1").list_keys()["Keys"] == []


def test_a_bucket_outside_us_east_1_is_made_where_it_belongs(
    aws: Aws, environment: Environment, tmp_path: Path
) -> None:
    backend = aws.backend(environment, ACCOUNT, "infrastructure")
    elsewhere = type(backend)({**backend.settings, "region": "eu-central-1"}, backend.place)
    store = aws.state_store(environment, elsewhere)
    bootstrap(store, tmp_path, Changes())
    place = boto3.client("s3", region_name="us-east-1").get_bucket_location(Bucket=store.bucket)
    assert place["LocationConstraint"] == "eu-central-1"


def test_a_state_that_was_never_written_has_no_time_and_no_lock(plain_store: S3StateStore) -> None:
    assert plain_store.written() is None
    assert plain_store.lock() is None


def test_the_lock_is_read_from_beside_the_state(plain_store: S3StateStore) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.put_object(Bucket=plain_store.bucket, Key=plain_store.key, Body=b"{}")
    body = {"ID": "7f", "Who": "ada@laptop", "Operation": "OperationTypeApply", "Created": "now", "Path": "p"}
    s3.put_object(Bucket=plain_store.bucket, Key=f"{plain_store.key}.tflock", Body=json.dumps(body).encode())
    lock = plain_store.lock()
    assert lock is not None
    assert (lock.id, lock.who) == ("7f", "ada@laptop")
    found = plain_store.written()
    assert found is not None
    assert found.at == s3.head_object(Bucket=plain_store.bucket, Key=plain_store.key)["LastModified"]


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[]"])
def test_a_lock_that_terraform_did_not_write_is_pointed_out(plain_store: S3StateStore, body: bytes) -> None:
    boto3.client("s3", region_name="us-east-1").put_object(
        Bucket=plain_store.bucket, Key=f"{plain_store.key}.tflock", Body=body
    )
    with pytest.raises(InferloopError, match="no lock that terraform wrote"):
        plain_store.lock()


class Forbidden:
    """An S3 that answers 403 to everything."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(**_: Any) -> Any:
            raise aws_errors.ClientError({"Error": {"Code": "403"}}, name)

        return refuse


@pytest.fixture
def closed_store(environment: Environment) -> S3StateStore:
    aws = Aws()
    settings = aws.backend(environment, ACCOUNT, "infrastructure").settings
    return S3StateStore(
        settings["bucket"], settings["key"], "us-east-1", settings["kms_key_id"], "aws", True, lambda _: Forbidden()
    )


def test_somebody_elses_bucket_is_said_to_be_that(closed_store: S3StateStore) -> None:
    with pytest.raises(InferloopError, match=r"these credentials may not use it \(403\)") as raised:
        closed_store.exists()
    assert "spec.state.bucket" in str(raised.value)


@pytest.mark.parametrize("read", [S3StateStore.written, S3StateStore.lock])
def test_a_state_that_may_not_be_read_says_what_to_ask_for(
    closed_store: S3StateStore, read: Callable[[S3StateStore], object]
) -> None:
    with pytest.raises(InferloopError, match=r"cannot be read \(403\)"):
        read(closed_store)


def test_settings_that_may_not_be_read_stop_the_bootstrap(closed_store: S3StateStore) -> None:
    phases: list[Phase] = list(closed_store.bootstrap(TAGS, Changes()))
    with pytest.raises(InferloopError, match=r"refuses to show how the state is kept \(403\)"):
        phases[-1].should_run()


def test_the_sandboxs_settings_replace_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://real.example.com")
    settings = {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    client = Aws(settings)._client("s3", "us-east-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
