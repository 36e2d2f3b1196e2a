"""Tokens for RDS and ElastiCache: signed as AWS reads them, with credentials from wherever a pod, a task or a person has them."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import botocore.auth
import botocore.utils
import pytest

from inferloop_synthetic.api.sign_in import database_of, redis_server
from inferloop_synthetic.jobs.errors import QueueUnavailable, StoreUnavailable
from inferloop_synthetic.jobs.redis_queue import RedisQueue
from inferloop_synthetic.security.aws import AwsIdentity, IdentityUnavailable
from inferloop_synthetic.settings import SettingsError, load_settings

KEY, SECRET, SESSION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+of=a role"
NOW = dt.datetime(2030, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
HOST, USER = "shared.c1.eu-central-1.rds.amazonaws.com", "tabular"
SIGNED_IN = {
    "GUARDIAN_POSTGRES_AUTH": "aws-iam", "GUARDIAN_POSTGRES_HOST": HOST, "GUARDIAN_POSTGRES_SSLMODE": "require",
    "GUARDIAN_REDIS_AUTH": "aws-iam", "GUARDIAN_REDIS_HOST": "master.acme.c1.euc1.cache.amazonaws.com",
    "GUARDIAN_REDIS_CACHE_NAME": "acme", "GUARDIAN_REDIS_USER": "acme-tabular", "GUARDIAN_REDIS_TLS": "true",
    "AWS_REGION": "eu-central-1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what the person at this machine may be for AWS."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock that signatures name."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *given, **named: NOW.replace(tzinfo=None))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give credentials by the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)


@dataclass
class Endpoint:
    """Gives credentials as the agents and services of AWS do, and keeps what it was asked."""

    port: int = 0
    lives_s: int = 3600
    status: int = 200
    asked: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)

    def answer(self, path: str, authorization: str, form: dict[str, list[str]]) -> str:
        self.asked.append((path, authorization, form))
        number = len(self.asked)
        ends = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.lives_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not form:
            return json.dumps(
                {
                    "AccessKeyId": f"KEY{number}",
                    "SecretAccessKey": SECRET,
                    "Token": f"session{number}",
                    "Expiration": ends,
                }
            )
        return (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>'
            f"<Credentials><AccessKeyId>KEY{number}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
            f"<SessionToken>session{number}</SessionToken><Expiration>{ends}</Expiration></Credentials>"
            "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Start an endpoint of credentials on loopback."""
    it = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            body = it.answer(self.path, self.headers.get("Authorization", ""), form).encode()
            self.send_response(it.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    server.server_close()
    thread.join()


def by_pod_identity(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "token").write_text("of-the-pod")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{endpoint.port}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(folder / "token"))


def by_service_account(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "token").write_text("of-the-pod")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/acme-tabular")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{endpoint.port}/")


def by_task(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(botocore.utils.ContainerMetadataFetcher, "IP_ADDRESS", f"127.0.0.1:{endpoint.port}")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/of-the-task")


WAYS = {"pod identity": by_pod_identity, "service account": by_service_account, "task": by_task}


def signed_by_hand(address: str, service: str, region: str) -> dict[str, str]:
    """Return the query of an address signed by the four steps of Signature Version 4, written down from its description.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    parts = urlsplit(f"https://{address}")
    stamp, day = NOW.strftime("%Y%m%dT%H%M%SZ"), NOW.strftime("%Y%m%d")
    scope = f"{day}/{region}/{service}/aws4_request"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{KEY}/{scope}", "X-Amz-Date": stamp,
        "X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host", "X-Amz-Security-Token": SESSION,
    }  # fmt: skip
    canonical = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
    request = "\n".join(["GET", "/", canonical, f"host:{parts.netloc}", "", "host", hashlib.sha256(b"").hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for word in (day, region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return query | {"X-Amz-Signature": hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()}


def read(token: str) -> tuple[str, dict[str, str]]:
    """Return whom a token is for, and what it says."""
    parts = urlsplit(f"https://{token}")
    return parts.netloc, {name: values[0] for name, values in parse_qs(parts.query).items()}


@pytest.mark.usefixtures("frozen", "keys")
@pytest.mark.parametrize("user", ["tabular", "tabular_prod", "a b&c=d"])
def test_a_token_for_a_database_is_the_one_that_aws_describes_and_that_its_library_makes(user: str) -> None:
    token = AwsIdentity("eu-central-1").database_token(HOST, 5432, user)

    assert token == boto3.Session(region_name="eu-central-1").client("rds").generate_db_auth_token(HOST, 5432, user)
    assert read(token) == (
        f"{HOST}:5432", signed_by_hand(f"{HOST}:5432/?Action=connect&DBUser={quote(user)}", "rds-db", "eu-central-1")
    )  # fmt: skip


@pytest.mark.usefixtures("frozen", "keys")
def test_a_token_for_a_cache_is_for_its_name() -> None:
    token = AwsIdentity("us-east-1").cache_token("acme-prod", "acme-prod-tabular")

    assert not token.startswith("http")
    assert read(token) == (
        "acme-prod", signed_by_hand("acme-prod/?Action=connect&User=acme-prod-tabular", "elasticache", "us-east-1")
    )  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_credentials_are_fetched_once_and_again_before_they_end(
    way: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    WAYS[way](endpoint, monkeypatch, tmp_path)
    identity = AwsIdentity("eu-central-1")

    said = [read(identity.cache_token("acme", "tabular"))[1] for _ in range(3)]
    assert [one["X-Amz-Security-Token"] for one in said] == ["session1"] * 3
    assert said[0]["X-Amz-Credential"].startswith("KEY1/")
    path, authorization, form = endpoint.asked[0]
    if way == "service account":
        assert form["WebIdentityToken"] == ["of-the-pod"]
        assert form["RoleArn"] == ["arn:aws:iam::111122223333:role/acme-tabular"]
    else:
        expected = {"pod identity": ("/v1/credentials", "of-the-pod"), "task": ("/v2/credentials/of-the-task", "")}
        assert (path, authorization) == expected[way]


@pytest.mark.parametrize("way", WAYS)
def test_credentials_that_end_soon_are_not_signed_with(
    way: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    WAYS[way](endpoint, monkeypatch, tmp_path)
    identity = AwsIdentity("eu-central-1")
    endpoint.lives_s = 300
    first = read(identity.cache_token("acme", "tabular"))[1]["X-Amz-Security-Token"]
    endpoint.lives_s = 3600
    later = [read(identity.cache_token("acme", "tabular"))[1]["X-Amz-Security-Token"] for _ in range(2)]

    assert later == [f"session{len(endpoint.asked)}"] * 2
    assert first != later[0]


def test_a_process_that_was_forked_finds_its_own_credentials(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    by_pod_identity(endpoint, monkeypatch, tmp_path)
    identity = AwsIdentity("eu-central-1")
    identity.cache_token("acme", "tabular")
    identity._lock.acquire()  # as a thread of the parent does at the moment of the fork
    monkeypatch.setattr("os.getpid", lambda: identity._process + 1)

    assert read(identity.cache_token("acme", "tabular"))[1]["X-Amz-Security-Token"] == "session2"


def refused(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    by_pod_identity(endpoint, monkeypatch, folder)
    monkeypatch.setattr(botocore.utils.ContainerMetadataFetcher, "SLEEP_TIME", 0)
    endpoint.status = 403


def without_its_file(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    by_service_account(endpoint, monkeypatch, folder)
    (folder / "token").unlink()


def nothing(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("prepare", "said"),
    [(refused, "403"), (without_its_file, "token"), (nothing, "there are no credentials of AWS")],
)
def test_missing_credentials_are_named_with_what_to_do_and_are_waited_for(
    prepare: Callable[[Endpoint, pytest.MonkeyPatch, Path], None],
    said: str,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    prepare(endpoint, monkeypatch, tmp_path)
    settings = load_settings(SIGNED_IN).settings
    with pytest.raises(IdentityUnavailable, match=said) as missing:
        AwsIdentity("eu-central-1").database_token(HOST, 5432, USER)
    assert "role" in missing.value.hint
    with pytest.raises(StoreUnavailable, match=said) as store:
        database_of(settings).ping()
    assert HOST in str(store.value)
    queue = RedisQueue(redis_server(settings))
    monkeypatch.setattr("redis.connection.SSLConnection._connect", lambda self: _Silent())
    with pytest.raises(QueueUnavailable, match=said) as lost:
        queue.ping()
    assert "role" in str(lost.value)


class _Silent:
    """Stands for a connection that credentials are missing for: nothing is said on it."""

    def shutdown(self, *given: object) -> None:
        pass

    def close(self) -> None:
        pass

    def settimeout(self, seconds: float | None) -> None:
        pass


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"AWS_REGION": ""}, "postgres_auth aws-iam needs the region"),
        ({"GUARDIAN_POSTGRES_HOST": ""}, "signs in to postgres_host"),
        ({"GUARDIAN_POSTGRES_PASSWORD": "x"}, "takes no postgres_password"),
        ({"GUARDIAN_POSTGRES_SSLMODE": "prefer"}, "postgres_sslmode is prefer, write require"),
        ({"GUARDIAN_REDIS_CACHE_NAME": ""}, "redis_auth aws-iam needs redis_cache_name"),
        ({"GUARDIAN_REDIS_USER": "", "GUARDIAN_REDIS_HOST": ""}, "needs redis_host, redis_user"),
        ({"GUARDIAN_REDIS_PASSWORD": "x"}, "takes no redis_password"),
        ({"GUARDIAN_REDIS_TLS": "false"}, "set redis_tls"),
        ({"GUARDIAN_REDIS_AUTH": "password"}, "redis_cache_name is for redis_auth aws-iam only"),
        ({"GUARDIAN_REDIS_AUTH": "azure"}, "'password' or 'aws-iam'"),
    ],
)
def test_settings_that_cannot_sign_in_say_what_is_wrong(changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(SIGNED_IN | changed)


def test_the_region_is_the_one_that_aws_sets_in_pods_unless_the_setting_names_another() -> None:
    both = SIGNED_IN | {"AWS_DEFAULT_REGION": "us-east-2"}
    assert load_settings(both).settings.aws_region == "eu-central-1"
    assert load_settings(both).sources["aws_region"] == "variable AWS_REGION"
    assert load_settings(both | {"AWS_REGION": ""}).settings.aws_region == "us-east-2"
    assert load_settings(both | {"GUARDIAN_AWS_REGION": "eu-west-3"}).settings.aws_region == "eu-west-3"
