"""API keys: what is kept of them, when they open, and when they do not any more."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.jobs.database import Database
from inferloop_synthetic.security.errors import Unauthenticated
from inferloop_synthetic.security.keys import KeyStore
from inferloop_synthetic.security.principal import Allowance, Scope
from inferloop_synthetic.security.tokens import read_token

DAY = timedelta(days=1)
PEPPER, OTHER = b"p" * 32, b"o" * 32


def make(store: KeyStore, **more: Any) -> Any:
    return store.create("team-a", more.pop("scopes", {Scope.read}), lifetime=more.pop("lifetime", 30 * DAY), **more)


def test_a_key_opens_with_its_scopes_owner_and_limits(database: Database) -> None:
    store = KeyStore(database)
    made = make(store, scopes={Scope.generate, Scope.read}, allowance=Allowance(5, 1000))
    caller = store.verify(made.token)
    assert (caller.subject, caller.scopes) == ("key:team-a", {Scope.generate, Scope.read})
    assert (caller.allowance, caller.credential) == (Allowance(5, 1000), f"key {made.key.id}")
    assert caller.may(Scope.generate)
    assert not caller.may(Scope.validate)
    assert not caller.may(Scope.admin)


def test_admin_may_everything(database: Database) -> None:
    store = KeyStore(database)
    caller = store.verify(make(store, scopes={Scope.admin}).token)
    assert all(caller.may(scope) for scope in Scope)


def test_the_database_holds_nothing_of_the_secret(database: Database, tmp_path: Path) -> None:
    token = make(KeyStore(database)).token
    secret = token.split("_")[2]
    database.close()
    rows = list(sqlite3.connect(tmp_path / "keys.db").execute("SELECT * FROM api_keys"))
    assert len(rows) == 1
    for text in (token, secret, secret[:43], secret[:16]):
        assert all(text.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_neither_token_nor_secret_shows_in_texts_of_objects(database: Database) -> None:
    made = make(KeyStore(database))
    secret = made.token.split("_")[2][:43]
    assert secret not in repr(made) + repr(made.key) + repr(read_token(made.token))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "x",
        lambda token: token.upper(),
        lambda token: token.replace("isk_", "isk-"),
        lambda token: token[:20] + ("a" if token[20] != "a" else "b") + token[21:],
        lambda token: token + "\n",
        lambda token: "isk_" + "a" * 12 + token[16:],
        lambda token: "",
        lambda token: "x" * 1_000_000,
        lambda token: token.replace(token[4], "\u0131", 1),
        lambda token: f"' OR 1=1 --{token}",
    ],
)
def test_a_spoiled_key_opens_nothing(database: Database, spoil: Any) -> None:
    store = KeyStore(database)
    token = make(store).token
    with pytest.raises(Unauthenticated, match="not known"):
        store.verify(spoil(token))


def test_a_wrong_secret_under_a_right_name_says_no_more_than_an_unknown_key(database: Database) -> None:
    store = KeyStore(database)
    made, gone = make(store), make(store)
    store.revoke(gone.key.id)
    from inferloop_synthetic.security.tokens import Token

    for name in (made.key.id, gone.key.id, "a" * 12):
        with pytest.raises(Unauthenticated) as caught:
            store.verify(Token(name, "0" * 43).text())
        assert str(caught.value) == "The API key is not known."


def test_a_digest_moved_to_another_row_opens_nothing(database: Database, tmp_path: Path) -> None:
    store = KeyStore(database)
    low, high = make(store), make(store, scopes={Scope.admin})
    with sqlite3.connect(tmp_path / "keys.db") as connection:
        digest = connection.execute("SELECT digest FROM api_keys WHERE id = ?", (low.key.id,)).fetchone()[0]
        connection.execute("UPDATE api_keys SET digest = ? WHERE id = ?", (digest, high.key.id))
    with pytest.raises(Unauthenticated):
        store.verify(high.token)
    assert store.verify(low.token).scopes == {Scope.read}


def test_with_a_pepper_a_digest_made_without_it_opens_nothing(database: Database) -> None:
    unpeppered = make(KeyStore(database))
    with pytest.raises(Unauthenticated):
        KeyStore(database, peppers=[PEPPER]).verify(unpeppered.token)


def test_peppers_are_changed_one_after_the_other(database: Database) -> None:
    old = make(KeyStore(database, peppers=[PEPPER]))
    both = KeyStore(database, peppers=[OTHER, PEPPER])
    new = make(both)
    assert both.verify(old.token)
    assert both.verify(new.token)
    after = KeyStore(database, peppers=[OTHER])
    assert after.verify(new.token)
    with pytest.raises(Unauthenticated):
        after.verify(old.token)


def test_a_short_pepper_is_refused(database: Database) -> None:
    with pytest.raises(InputError, match="at least 32"):
        KeyStore(database, peppers=[b"short"])


def test_a_key_opens_until_it_expires_and_not_at_that_moment(database: Database, clock: Any) -> None:
    store = KeyStore(database, clock=clock)
    token = make(store, lifetime=DAY).token
    clock.pass_(86_399)
    store.verify(token)
    clock.pass_(1)
    with pytest.raises(Unauthenticated, match="good until 2030-01-02"):
        store.verify(token)


def test_a_revoked_key_opens_nothing_from_then_on(database: Database) -> None:
    store = KeyStore(database)
    made, other = make(store), make(store)
    store.revoke(made.key.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        store.verify(made.token)
    store.verify(other.token)


def test_revoking_twice_keeps_the_first_time(database: Database, clock: Any) -> None:
    store = KeyStore(database, clock=clock)
    key = make(store).key.id
    first = store.revoke(key).revoked
    clock.pass_(60)
    assert store.revoke(key).revoked == first


def test_both_keys_open_while_a_rotation_overlaps_and_only_the_new_one_after(database: Database, clock: Any) -> None:
    store = KeyStore(database, clock=clock)
    old = make(store, scopes={Scope.generate}, lifetime=30 * DAY, allowance=Allowance(7, None), note="ci")
    new = store.rotate(old.key.id, overlap=DAY)
    assert new.token != old.token
    assert store.verify(old.token).subject == store.verify(new.token).subject == "key:team-a"
    assert (new.key.scopes, new.key.allowance, new.key.note) == (old.key.scopes, old.key.allowance, "ci")
    assert new.key.expires == clock.now + 30 * DAY
    clock.pass_(86_400)
    store.verify(new.token)
    with pytest.raises(Unauthenticated, match="good until"):
        store.verify(old.token)


def test_a_rotation_never_makes_a_key_live_longer(database: Database, clock: Any) -> None:
    store = KeyStore(database, clock=clock)
    old = make(store, lifetime=DAY)
    store.rotate(old.key.id, overlap=10 * DAY)
    assert next(key for key in store.list() if key.id == old.key.id).expires == clock.now + DAY


@pytest.mark.parametrize("state", ["rotated", "revoked", "expired"])
def test_only_an_active_key_is_rotated(database: Database, clock: Any, state: str) -> None:
    store = KeyStore(database, clock=clock)
    key = make(store, lifetime=DAY).key.id
    if state == "rotated":
        store.rotate(key, overlap=DAY)
    elif state == "revoked":
        store.revoke(key)
    else:
        clock.pass_(2 * 86_400)
    with pytest.raises(InputError, match=f"was rotated already|is {state}"):
        store.rotate(key, overlap=DAY)


def test_of_many_rotations_at_the_same_time_one_wins(database: Database) -> None:
    store = KeyStore(database)
    key = make(store).key.id

    def rotate(_: int) -> bool:
        try:
            store.rotate(key, overlap=DAY)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(rotate, range(8))) == 1
    assert len(store.list()) == 2


def test_an_unknown_key_cannot_be_rotated_or_revoked(database: Database) -> None:
    store = KeyStore(database)
    with pytest.raises(InputError, match="there is no key 'nothing'"):
        store.revoke("nothing")
    with pytest.raises(InputError, match="there is no key 'nothing'"):
        store.rotate("nothing", overlap=DAY)


@pytest.mark.parametrize("owner", ["", "a/b", "a b", "-a", "a" * 101, "ann\n", "key:ann"])
def test_owners_that_could_be_taken_for_something_else_are_refused(database: Database, owner: str) -> None:
    with pytest.raises(InputError, match="cannot own a key"):
        KeyStore(database).create(owner, {Scope.read}, lifetime=DAY)


def test_the_last_use_is_noted_at_most_once_a_minute(database: Database, clock: Any) -> None:
    store = KeyStore(database, clock=clock)
    token, started = make(store).token, clock.now
    uses = []
    for _ in range(3):
        store.verify(token)
        uses.append(store.list()[0].last_used)
        clock.pass_(45)
    assert uses == [started, started, started + timedelta(seconds=90)]


def test_a_database_that_cannot_write_lets_callers_in_all_the_same(database: Database) -> None:
    token = make(KeyStore(database)).token

    class ReadOnly:
        reading = database.reading

        def writing(self) -> Any:
            from inferloop_synthetic.jobs.errors import StoreUnavailable

            raise StoreUnavailable("its disk is full")

    assert KeyStore(ReadOnly()).verify(token).subject == "key:team-a"
