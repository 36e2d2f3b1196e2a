"""The Redis server as the settings describe it: its address, who signs in, and the prefix of every key and channel.

A shared server lets each user touch only what begins with a prefix. RQ knows no prefix, so it is put where commands are written
to the connection: what neither this file nor RQ thought of is refused here, and cannot touch what belongs to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.security.aws import IdentityUnavailable

try:
    from redis import ConnectionPool, CredentialProvider, Redis, exceptions
    from redis.backoff import NoBackoff
    from redis.client import PubSub
    from redis.connection import Connection, SSLConnection
    from redis.retry import Retry
except ModuleNotFoundError as error:
    raise InputError("Redis needs the extra [redis]: pip install 'inferloop-synthetic[redis]'") from error

Login = Callable[[], tuple[str, str]]
"""Returns user and password for a new connection."""


@dataclass(frozen=True)
class RedisServer:
    """Where the server is, and how it is used."""

    url: str
    """redis://user:password@host:port/number, or rediss:// for TLS."""
    prefix: str = ""
    """Stands before every key and channel."""
    login: Login | None = None
    """Instead of user and password in the URL."""

    def open(self, timeout_s: float) -> Redis:
        """Return a client, which connects at the first use; raises InputError for a URL that cannot be read."""
        return _Client.from_pool(self.pool(timeout_s))

    def pool(self, timeout_s: float) -> ConnectionPool:
        """Return the connections of a client; raises InputError for a URL that cannot be read."""
        # One more try at once takes care of connections that a restarted server or a firewall closed meanwhile, or the server
        # itself: ElastiCache ends connections after twelve hours. The new one signs in anew.
        options: dict[str, Any] = {
            "socket_connect_timeout": timeout_s, "socket_timeout": timeout_s, "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 1), "retry_on_error": [exceptions.ConnectionError],
        }  # fmt: skip
        if self.login is not None:
            options["credential_provider"] = _Credentials(self.login)
        if self.prefix:
            options["connection_class"] = _PrefixedTls if self.url.startswith("rediss:") else _Prefixed
            options["key_prefix"] = self.prefix
        try:
            return ConnectionPool.from_url(self.url, **options)
        except ValueError as error:
            raise InputError(f"the queue's URL cannot be read: {error}") from None


class _Credentials(CredentialProvider):
    """Asks for a new password at each connection, as tokens are good for minutes."""

    def __init__(self, login: Login) -> None:
        self._login = login

    def get_credentials(self) -> tuple[str, str]:
        try:
            return self._login()
        except IdentityUnavailable as error:
            # What uses Redis waits for it when it is away, and credentials come back as well.
            raise exceptions.AuthenticationError(f"{error.args[0]}; {error.hint}") from error


# fmt: off
NO_KEYS = frozenset({
    "ACL", "AUTH", "CLIENT", "COMMAND", "DISCARD", "ECHO", "EXEC", "HELLO", "INFO", "MULTI", "PING", "QUIT", "READONLY",
    "RESET", "SCRIPT", "SELECT", "TIME", "UNWATCH", "WAIT",
})
ONE_KEY = frozenset({
    "APPEND", "DECR", "DECRBY", "EXPIRE", "EXPIREAT", "EXPIRETIME", "GET", "GETDEL", "GETEX", "GETRANGE", "GETSET", "HDEL",
    "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HINCRBYFLOAT", "HKEYS", "HLEN", "HMGET", "HMSET", "HSET", "HSETNX", "HVALS",
    "INCR", "INCRBY", "INCRBYFLOAT", "LINDEX", "LINSERT", "LLEN", "LPOP", "LPOS", "LPUSH", "LPUSHX", "LRANGE", "LREM",
    "LSET", "LTRIM", "PERSIST", "PEXPIRE", "PEXPIREAT", "PSETEX", "PTTL", "PUBLISH", "RPOP", "RPUSH", "RPUSHX", "SADD",
    "SCARD", "SET", "SETEX", "SETNX", "SETRANGE", "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SPOP", "SPUBLISH", "SRANDMEMBER",
    "SREM", "STRLEN", "TTL", "TYPE", "XACK", "XADD", "XDEL", "XLEN", "XRANGE", "XREVRANGE", "XTRIM", "ZADD", "ZCARD",
    "ZCOUNT", "ZINCRBY", "ZPOPMAX", "ZPOPMIN", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK", "ZREM", "ZREMRANGEBYRANK",
    "ZREMRANGEBYSCORE", "ZREVRANGE", "ZREVRANGEBYSCORE", "ZREVRANK", "ZSCORE",
})
TWO_KEYS = frozenset({
    "BLMOVE", "BRPOPLPUSH", "LMOVE", "RENAME", "RENAMENX", "RPOPLPUSH", "SMOVE",
})
ALL_KEYS = frozenset({
    "DEL", "EXISTS", "MGET", "PSUBSCRIBE", "PUNSUBSCRIBE", "SDIFF", "SINTER", "SSUBSCRIBE", "SUBSCRIBE", "SUNION",
    "SUNSUBSCRIBE", "TOUCH", "UNLINK", "UNSUBSCRIBE", "WATCH",
})
KEYS_AND_WAIT = frozenset({
    "BLPOP", "BRPOP", "BZPOPMAX", "BZPOPMIN",
})
COUNTED_KEYS = frozenset({
    "EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL", "FCALL_RO",
})
"""Their second argument says how many keys follow."""
# fmt: on


def with_prefix(prefix: str, command: Sequence[Any]) -> list[Any]:
    """Return a command of Redis with the prefix before its keys and channels; raises DataError for one that is not known."""
    name, *given = command
    word = name.decode() if isinstance(name, bytes) else str(name)
    verb = word.split(" ", 1)[0].upper()  # `SCRIPT LOAD` is one argument here
    return [name, *_prefixed(prefix, verb, given)]


def _prefixed(prefix: str, verb: str, given: list[Any]) -> list[Any]:
    if verb in NO_KEYS:
        return given
    if verb == "XREAD":
        at = next(place for place, one in enumerate(given) if _text(one).upper() == "STREAMS") + 1
        number = (len(given) - at) // 2
        return [*given[:at], *_each(prefix, given[at : at + number]), *given[at + number :]]
    if verb in COUNTED_KEYS:
        until = 2 + int(_text(given[1]))
        return [*given[:2], *_each(prefix, given[2:until]), *given[until:]]
    if verb in ONE_KEY:
        until = 1
    elif verb in TWO_KEYS:
        until = 2
    elif verb in ALL_KEYS:
        until = len(given)
    elif verb in KEYS_AND_WAIT:
        until = len(given) - 1
    else:
        raise exceptions.DataError(f"the command {verb} is not used with a prefix of keys, as where its keys stand is not known")
    return [*_each(prefix, given[:until]), *given[until:]]


def _each(prefix: str, keys: Iterable[Any]) -> list[Any]:
    return [prefix.encode() + bytes(key) if isinstance(key, bytes | bytearray | memoryview) else f"{prefix}{key}" for key in keys]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Prefixing:
    """What is written to a connection passes here, from the client, its pipelines, scripts and subscriptions alike."""

    def __init__(self, *given: Any, key_prefix: str, **named: Any) -> None:
        self.key_prefix = key_prefix
        super().__init__(*given, **named)

    def send_command(self, *command: Any, **options: Any) -> Any:
        return super().send_command(*with_prefix(self.key_prefix, command), **options)  # type: ignore[misc]

    def pack_command(self, *command: Any) -> Any:
        return super().pack_command(*with_prefix(self.key_prefix, command))  # type: ignore[misc]

    def pack_commands(self, commands: Iterable[Sequence[Any]]) -> Any:
        return super().pack_commands([with_prefix(self.key_prefix, command) for command in commands])  # type: ignore[misc]


class _Prefixed(_Prefixing, Connection):
    """A connection without TLS."""


class _PrefixedTls(_Prefixing, SSLConnection):
    """A connection with TLS."""


class _Client(Redis):
    """A client that sees keys without the prefix, also in the few answers that hold some."""

    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        prefix = getattr(connection, "key_prefix", "")
        if prefix and answer and str(command_name).upper() in KEYS_AND_WAIT:
            return type(answer)((_without(prefix, answer[0]), *answer[1:]))
        return answer

    def pubsub(self, **options: Any) -> PubSub:
        return _Subscription(self.connection_pool, **options)


class _Subscription(PubSub):
    """Gives channels the names that they were subscribed to with."""

    def parse_response(self, block: bool = True, timeout: float = 0) -> Any:
        answer = super().parse_response(block=block, timeout=timeout)  # type: ignore[no-untyped-call]
        prefix = self.connection_pool.connection_kwargs.get("key_prefix", "")
        if not prefix or not isinstance(answer, list):
            return answer
        # [kind, channel, data], and [pmessage, pattern, channel, data]; an answer to PING is left as it is.
        names = {b"message": 1, b"smessage": 1, b"pmessage": 2}.get(answer[0], 1 if b"subscribe" in answer[0] else 0)
        return [answer[0], *(_without(prefix, one) for one in answer[1 : 1 + names]), *answer[1 + names :]]


def _without(prefix: str, key: Any) -> Any:
    if isinstance(key, bytes):
        return key.removeprefix(prefix.encode())
    return key.removeprefix(prefix) if isinstance(key, str) else key
