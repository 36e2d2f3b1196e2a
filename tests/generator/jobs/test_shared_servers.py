"""Servers that are shared on AWS: tokens in place of passwords, and a user of Redis who may touch keys of its own prefix only."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.auth
import pytest
import redis as redis_library
import servers
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from job_workers import Worker, eventually, finished, spec

from inferloop_synthetic.api.sign_in import database_of
from inferloop_synthetic.jobs.database import open_database
from inferloop_synthetic.jobs.errors import StoreUnavailable
from inferloop_synthetic.jobs.model import State
from inferloop_synthetic.jobs.redis_queue import RedisQueue
from inferloop_synthetic.jobs.redis_server import RedisServer, with_prefix
from inferloop_synthetic.jobs.store import JobStore
from inferloop_synthetic.security.aws import AwsIdentity
from inferloop_synthetic.security.limits import RedisCounters
from inferloop_synthetic.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
REGION = "eu-central-1"


class Clock:
    """The time that signatures name; it passes when a test says so."""

    now = dt.datetime(2030, 1, 1)  # noqa: DTZ001  (botocore's clock has no zone)

    def __call__(self, *given: object, **named: object) -> dt.datetime:
        return self.now

    def pass_(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give credentials, and a clock that stands."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-role" * 100)
    clock = Clock()
    monkeypatch.setattr(botocore.auth, "get_current_datetime", clock)
    return clock


# ---- PostgreSQL


def certificate(folder: Path) -> dict[str, str]:
    """Write a key and a certificate for loopback; return the settings of a PostgreSQL server with TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), today - dt.timedelta(days=1),
                                   today + dt.timedelta(days=1)).sign(key, hashes.SHA256())  # fmt: skip
    pem = serialization.Encoding.PEM
    texts = {
        "ssl_key_file": key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        "ssl_cert_file": made.public_bytes(pem),
    }
    folder.chmod(0o711)
    for setting, text in texts.items():
        (folder / setting).write_bytes(text)
        (folder / setting).chmod(0o600)
        servers.give_away(folder / setting)
    return {"ssl": "on", **{setting: str(folder / setting) for setting in texts}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server that takes tokens as RDS does: `tabular` by a password in clear text, and over TLS only."""
    folder = tmp_path_factory.mktemp("tls")
    for parent in folder.parents:
        if parent.owner() == folder.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    access = "hostssl all tabular 127.0.0.1/32 password\nhost all postgres 127.0.0.1/32 scram-sha-256\n"
    server = servers.start_postgres(access=access, settings=certificate(folder))
    yield server
    server.close()


def test_each_connection_to_the_database_is_made_with_a_token_of_its_time(
    guarded: servers.Server, clock: Clock
) -> None:
    guarded.sql("CREATE ROLE tabular LOGIN PASSWORD 'unknown'")
    guarded.sql("CREATE DATABASE tabular OWNER tabular")
    settings = load_settings(
        {
            "GUARDIAN_POSTGRES_AUTH": "aws-iam", "GUARDIAN_POSTGRES_HOST": guarded.host, "GUARDIAN_POSTGRES_PORT": str(guarded.port),
            "GUARDIAN_POSTGRES_USER": "tabular", "GUARDIAN_POSTGRES_DB": "tabular", "GUARDIAN_POSTGRES_SSLMODE": "require",
            "AWS_REGION": REGION,
        }
    ).settings  # fmt: skip
    identity = AwsIdentity(REGION)

    def server_expects_the_token_of_now() -> str:
        token = identity.database_token(guarded.host, guarded.port, "tabular")
        guarded.sql(f"ALTER ROLE tabular PASSWORD '{token}'")
        return token

    database = database_of(settings)
    with pytest.raises(StoreUnavailable, match="password authentication failed") as refused:
        database.ping()
    assert "X-Amz" not in str(refused.value)

    before = server_expects_the_token_of_now()
    database.migrate()
    job = JobStore(database).create(spec(), "ann").job
    with database.reading():
        clock.pass_(minutes=16)
        assert server_expects_the_token_of_now() != before
        # The first connection is held and stays good; this one is new.
        assert JobStore(database).get(job.id) == job
    database.close()


# ---- Redis


@pytest.fixture
def commands() -> str:
    """What the platform lets a user of its cache do."""
    text = (ROOT / "modules/aws/cache/variables.tf").read_text()
    found = re.search(r'commands = optional\(string, "([^"]+)"\)', text)
    assert found
    return found[1]


@pytest.fixture
def limit_user(redis_server: servers.Server, commands: str) -> Iterator[Callable[[str], None]]:
    """Set the password of the user `tabular`, who may do what the platform says with keys and channels below `tabular:`."""
    access = (ROOT / "modules/aws/cache/access.tf").read_text()
    found = re.search(r'access_string = "(on [^"]+)"', access)
    assert found
    words = found[1].replace("${each.value.service}", "tabular").replace("${each.value.commands}", commands).split()
    with redis_library.Redis.from_url(redis_server.url()) as operator:
        operator.flushall()
        operator.acl_log_reset()

        def limit(password: str) -> None:
            operator.execute_command("ACL", "SETUSER", "tabular", "reset", *words, f">{password}")

        yield limit
        operator.acl_deluser("tabular")
        operator.flushall()


@pytest.fixture
def operator(redis_server: servers.Server) -> Iterator[redis_library.Redis]:
    """Who may see everything."""
    with redis_library.Redis.from_url(redis_server.url(), decode_responses=True) as client:
        yield client


def shared(redis_server: servers.Server) -> RedisServer:
    return RedisServer(f"redis://tabular:of-tabular@{redis_server.host}:{redis_server.port}/0", "tabular:")


def test_workers_take_and_finish_jobs_as_a_user_limited_to_the_prefix(
    redis_server: servers.Server, limit_user: Callable[[str], None], operator: redis_library.Redis, tmp_path: Path
) -> None:
    limit_user("of-tabular")
    others = {"rq:queue:inferloop": "of another", "inferloop:limit": "of another"}
    operator.mset(others)
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    database, queue = open_database(url), RedisQueue(shared(redis_server))
    database.migrate()
    store = JobStore(database)
    jobs = [store.create(spec(rows=200), "ann").job for _ in range(3)]
    for job in jobs:
        queue.enqueue(job.id)
    assert queue.depth() == 3
    assert queue.missing((jobs[0].id, "0" * 32)) == ("0" * 32,)
    environment = {
        "GUARDIAN_DATABASE_URL": url, "GUARDIAN_TEMP_DIR": str(tmp_path / "temporary"), "GUARDIAN_LOG_FORMAT": "text",
        "GUARDIAN_REDIS_HOST": redis_server.host, "GUARDIAN_REDIS_PORT": str(redis_server.port), "GUARDIAN_REDIS_USER": "tabular",
        "GUARDIAN_REDIS_PASSWORD": "of-tabular", "GUARDIAN_REDIS_PREFIX": "tabular:",
    }  # fmt: skip
    worker = Worker(environment, tmp_path / "log")
    done = [finished(store, job.id) for job in jobs]
    (channel,) = eventually(operator.pubsub_channels, f"the worker listens; see {worker.log}")

    assert {job.state for job in done} == {State.succeeded}, worker.log.read_text()
    assert channel.startswith("tabular:rq:pubsub:")
    assert worker.end() == 0, worker.log.read_text()
    assert operator.acl_log() == []
    left = set(operator.scan_iter())
    assert {key for key in left if not key.startswith("tabular:")} == set(others)
    assert operator.mget(*others) == list(others.values())
    queue.close()
    database.close()


def test_limits_are_counted_by_a_user_limited_to_the_prefix(
    redis_server: servers.Server, limit_user: Callable[[str], None], operator: redis_library.Redis
) -> None:
    limit_user("of-tabular")
    one, other = (RedisCounters(shared(redis_server)) for _ in range(2))

    assert [one.take("requests:ann", 2, 1)[0], other.take("requests:ann", 2, 1)[0], one.take("requests:ann", 2, 1)[0]] == [
        True, True, False,
    ]  # fmt: skip
    assert other.take("requests:ann", 2, 1)[1].used() == 2
    assert operator.acl_log() == []
    assert {key.partition(":")[0] for key in operator.scan_iter()} == {"tabular"}


def test_messages_and_answers_name_keys_without_the_prefix(
    redis_server: servers.Server, limit_user: Callable[[str], None]
) -> None:
    limit_user("of-tabular")
    client = shared(redis_server).open(5)
    heard = client.pubsub()
    heard.subscribe("news")
    heard.psubscribe("*")
    client.publish("news", "one")
    client.rpush("rows", "a", "b")

    said = [heard.get_message(timeout=5) for _ in range(4)]
    assert [(one["type"], one["pattern"], one["channel"]) for one in said] == [
        ("subscribe", None, b"news"), ("psubscribe", None, b"*"), ("message", None, b"news"), ("pmessage", b"*", b"news"),
    ]  # fmt: skip
    assert tuple(client.blpop("rows", 1)) == (b"rows", b"a")
    with pytest.raises(redis_library.DataError, match="KEYS is not used with a prefix"):
        client.keys("*")
    heard.close()
    client.close()


def test_a_connection_that_the_server_ends_is_made_again_with_a_new_token(
    redis_server: servers.Server, limit_user: Callable[[str], None], operator: redis_library.Redis, clock: Clock
) -> None:
    identity = AwsIdentity(REGION)
    server = RedisServer(
        f"redis://{redis_server.host}:{redis_server.port}/0",
        "tabular:",
        lambda: ("tabular", identity.cache_token("acme", "tabular")),
    )
    limit_user(identity.cache_token("acme", "tabular"))
    queue = RedisQueue(server)
    queue.enqueue("a" * 32)
    clock.pass_(minutes=12 * 60)
    limit_user(identity.cache_token("acme", "tabular"))
    assert operator.execute_command("CLIENT", "KILL", "USER", "tabular") >= 1

    assert queue.depth() == 1
    assert operator.execute_command("ACL", "WHOAMI") == "default"
    queue.close()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("SET", "k", "v"), ["SET", "p:k", "v"]),
        (("get", b"k"), ["get", b"p:k"]),
        (("RENAME", "a", "b"), ["RENAME", "p:a", "p:b"]),
        (("LMOVE", "a", "b", "LEFT", "RIGHT"), ["LMOVE", "p:a", "p:b", "LEFT", "RIGHT"]),
        (("DEL", "a", b"b"), ["DEL", "p:a", b"p:b"]),
        (("BLPOP", "a", "b", 5), ["BLPOP", "p:a", "p:b", 5]),
        (("EVALSHA", "sha", 2, "a", "b", "value"), ["EVALSHA", "sha", 2, "p:a", "p:b", "value"]),
        (("EVAL", "return 1", "0"), ["EVAL", "return 1", "0"]),
        (
            ("XREAD", "COUNT", 1, b"STREAMS", "a", "b", "0", "$"),
            ["XREAD", "COUNT", 1, b"STREAMS", "p:a", "p:b", "0", "$"],
        ),
        (("SCRIPT LOAD", "return 1"), ["SCRIPT LOAD", "return 1"]),
        (("AUTH", "user", "password"), ["AUTH", "user", "password"]),
        (("MULTI",), ["MULTI"]),
    ],
)
def test_the_prefix_stands_before_keys_and_nothing_else(command: tuple[object, ...], expected: list[object]) -> None:
    assert with_prefix("p:", command) == expected
