"""The servers that the settings name, with who signs in: a password, or tokens of the identity that this process has in AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url

from inferloop_synthetic.jobs.database import Database, open_database
from inferloop_synthetic.security.aws import AwsIdentity
from inferloop_synthetic.settings import Settings, SettingsError

if TYPE_CHECKING:
    from inferloop_synthetic.jobs.redis_server import RedisServer


def database_of(settings: Settings) -> Database:
    """Return the database that the settings name; connects at the first use."""
    url = make_url(settings.database)
    if settings.postgres_auth == "aws-iam":
        identity = AwsIdentity(str(settings.aws_region))
        host, port, user = str(settings.postgres_host), settings.postgres_port, settings.postgres_user
        return open_database(url, sign_in=lambda: identity.database_token(host, port, user))
    password = settings.postgres_password
    return open_database(url, password=None if password is None or url.password else password.get_secret_value())


def redis_server(settings: Settings) -> RedisServer:
    """Return the Redis server that the settings name; raises SettingsError where they name none."""
    from inferloop_synthetic.jobs.redis_server import RedisServer

    if settings.redis_url is None:
        raise SettingsError("GUARDIAN_REDIS_HOST: no Redis server is named")
    if settings.redis_auth == "password":
        return RedisServer(settings.redis_url, settings.redis_prefix)
    identity, user, name = AwsIdentity(str(settings.aws_region)), str(settings.redis_user), str(settings.redis_cache_name)
    return RedisServer(settings.redis_url, settings.redis_prefix, lambda: (user, identity.cache_token(name, user)))
