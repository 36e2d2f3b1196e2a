"""API keys: made, looked up, rotated and revoked. Only digests are kept (docs/decisions/0060)."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, RowMapping, Table, insert, select, update

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.errors import StoreUnavailable
from inferloop_synthetic.jobs.tables import ApiKeyRow
from inferloop_synthetic.security.errors import Unauthenticated
from inferloop_synthetic.security.principal import Allowance, Principal, Scope
from inferloop_synthetic.security.tokens import digest, matches, new_token, read_token

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
_USE_NOTED_EVERY = timedelta(minutes=1)
_SHORTEST_PEPPER = 32
_log = logging.getLogger(__name__)
_keys: Table = ApiKeyRow.__table__  # type: ignore[assignment]


class Transactions(Protocol):
    """The part of `jobs.database.Database` that keys need."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that only reads."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a connection whose changes are committed at the end."""
        ...


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key, which is all but its secret."""

    id: str
    owner: str
    scopes: frozenset[Scope]
    note: str
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None
    replaced_by: str | None
    allowance: Allowance

    def state(self, now: datetime) -> str:
        """Return `active`, `ending` (rotated, still good), `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        if self.expires is not None and self.expires <= now:
            return "expired"
        return "ending" if self.replaced_by else "active"


@dataclass(frozen=True)
class NewKey:
    """A key that was just made, with the only copy of its token."""

    token: str
    key: ApiKey

    def __repr__(self) -> str:
        return f"NewKey({self.key!r})"


class KeyStore:
    """The keys in the database.

    With peppers (secrets that are not in the database) a digest that somebody wrote into the database opens nothing; the first
    one is used for new keys, all of them for looking up.
    """

    def __init__(
        self, database: Transactions, *, peppers: Sequence[bytes] = (), clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        for pepper in peppers:
            if len(pepper) < _SHORTEST_PEPPER:
                raise InputError(f"GUARDIAN_API_KEY_PEPPERS: each needs at least {_SHORTEST_PEPPER} characters")
        self._database, self._clock = database, clock
        self._peppers = tuple(peppers) or (b"",)

    def create(
        self,
        owner: str,
        scopes: Iterable[Scope],
        *,
        lifetime: timedelta | None,
        allowance: Allowance = Allowance(),  # noqa: B008 (frozen)
        note: str = "",
    ) -> NewKey:
        """Make a key for an owner; None as lifetime makes one that never expires."""
        if not _OWNER.fullmatch(owner):
            raise InputError(
                f"{owner!r} cannot own a key: give at most 100 letters, digits and . _ @ + -, a letter or digit first"
            )
        wanted = frozenset(scopes)
        if not wanted:
            raise InputError(f"a key needs at least one scope; scopes are {', '.join(Scope)}")
        if lifetime is not None and lifetime <= timedelta(0):
            raise InputError("a key's lifetime has to be longer than nothing")
        for name, most in (("requests", allowance.requests_per_minute), ("records", allowance.records_per_minute)):
            if most is not None and not 1 <= most < 2**31:
                raise InputError(f"a key's {name} a minute are from 1 to {2**31 - 1}")
        with self._database.writing() as connection:
            return self._insert(connection, owner, wanted, lifetime, allowance, note[:200])

    def list(self, owner: str | None = None) -> tuple[ApiKey, ...]:
        """Return the keys, of one owner or of all, the oldest first."""
        query = select(_keys).order_by(_keys.c.created, _keys.c.id)
        if owner is not None:
            query = query.where(_keys.c.owner == owner)
        with self._database.reading() as connection:
            return tuple(_key(row) for row in connection.execute(query).mappings())

    def rotate(self, key_id: str, *, overlap: timedelta, lifetime: timedelta | None = None) -> NewKey:
        """Make a key in place of another, which stays good for `overlap`; scopes, limits and lifetime are taken over."""
        if overlap < timedelta(0):
            raise InputError("the overlap of a rotation cannot be negative")
        with self._database.writing() as connection:
            old, now = _key(self._row(connection, key_id)), self._clock()
            if old.state(now) != "active":
                what = f"was rotated already, to {old.replaced_by}" if old.replaced_by else f"is {old.state(now)}"
                raise InputError(f"key {key_id} {what}; make a new one with: keys create --owner {old.owner}")
            lasts = lifetime if lifetime is not None or old.expires is None else old.expires - old.created
            new = self._insert(connection, old.owner, old.scopes, lasts, old.allowance, old.note)
            until = now + overlap
            until = until if old.expires is None else min(until, old.expires)
            # The condition makes two rotations at the same time one.
            unchanged = (_keys.c.id == key_id) & _keys.c.replaced_by.is_(None) & _keys.c.revoked.is_(None)
            changed = connection.execute(update(_keys).where(unchanged).values(replaced_by=new.key.id, expires=until))
            if changed.rowcount != 1:
                raise InputError(f"key {key_id} was rotated or revoked by somebody else just now; look with: keys list")
            return new

    def revoke(self, key_id: str) -> ApiKey:
        """End a key at once; a key that is revoked already keeps its time."""
        with self._database.writing() as connection:
            row = (_keys.c.id == key_id) & _keys.c.revoked.is_(None)
            connection.execute(update(_keys).where(row).values(revoked=self._clock()))
            return _key(self._row(connection, key_id))

    def verify(self, text: str) -> Principal:
        """Return whose key a text is; raises Unauthenticated, with more than that only for who holds the secret."""
        token = read_token(text)
        if token is None:
            raise _unknown()
        with self._database.reading() as connection:
            row = connection.execute(select(_keys).where(_keys.c.id == token.name)).mappings().first()
        # A name that is not there takes as long as a wrong secret.
        right = matches(token, row["digest"] if row is not None else "0" * 64, self._peppers)
        if row is None or not right:
            raise _unknown()
        key, now = _key(row), self._clock()
        if key.revoked is not None:
            raise Unauthenticated("This API key was revoked.", hint="Ask your operator for a new one.")
        if key.expires is not None and key.expires <= now:
            raise Unauthenticated(
                f"This API key was good until {key.expires:%Y-%m-%d %H:%M} UTC.", hint="Ask your operator for a new one."
            )
        self._note_use(key, now)
        return Principal(f"key:{key.owner}", key.scopes, f"key {key.id}", key.allowance)

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        if key.last_used is not None and now - key.last_used < _USE_NOTED_EVERY:
            return
        try:
            with self._database.writing() as connection:
                connection.execute(update(_keys).where(_keys.c.id == key.id).values(last_used=now))
        except StoreUnavailable:
            # A database that only reads just now is no reason to turn callers away.
            _log.warning("the last use of a key could not be noted", exc_info=True)

    def _insert(
        self,
        connection: Connection,
        owner: str,
        scopes: frozenset[Scope],
        lifetime: timedelta | None,
        allowance: Allowance,
        note: str,
    ) -> NewKey:
        token, now = new_token(), self._clock()
        values: dict[str, Any] = {
            "id": token.name,
            "owner": owner,
            "scopes": ",".join(scope for scope in Scope if scope in scopes),
            "digest": digest(token, self._peppers[0]),
            "note": note,
            "created": now,
            "expires": None if lifetime is None else now + lifetime,
            "requests_per_minute": allowance.requests_per_minute,
            "records_per_minute": allowance.records_per_minute,
        }
        connection.execute(insert(_keys).values(values))
        return NewKey(token.text(), _key(self._row(connection, token.name)))

    def _row(self, connection: Connection, key_id: str) -> RowMapping:
        row = connection.execute(select(_keys).where(_keys.c.id == key_id)).mappings().first()
        if row is None:
            raise InputError(f"there is no key {key_id!r}; see them with: keys list")
        return row


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        owner=row["owner"],
        scopes=frozenset(Scope(word) for word in row["scopes"].split(",") if word in Scope.__members__),
        note=row["note"],
        created=row["created"],
        expires=row["expires"],
        revoked=row["revoked"],
        last_used=row["last_used"],
        replaced_by=row["replaced_by"],
        allowance=Allowance(row["requests_per_minute"], row["records_per_minute"]),
    )


def _unknown() -> Unauthenticated:
    return Unauthenticated("The API key is not known.", hint="Send the whole key in X-API-Key, as it was shown when made.")
