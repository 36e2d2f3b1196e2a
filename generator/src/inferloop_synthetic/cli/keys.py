"""`keys`: make, list, rotate and revoke API keys, in the database that the settings name."""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from inferloop_synthetic.cli.info import Output
from inferloop_synthetic.errors import InputError

if TYPE_CHECKING:
    from inferloop_synthetic.security.keys import ApiKey, KeyStore, NewKey
    from inferloop_synthetic.telemetry.audit import AnyAudit

FAILED = 1
_DURATION = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

SettingsOption = Annotated[Path | None, typer.Option(help="Settings file; GUARDIAN_* variables win over it.")]
OutputOption = Annotated[Output, typer.Option(help="text for people, json for machines.")]

keys = typer.Typer(name="keys", help="Make, list, rotate and revoke API keys.", no_args_is_help=True, add_completion=False)


@keys.command()
def create(
    owner: Annotated[str, typer.Option(help="Who the key is for: owns the jobs made with it; limits count per owner.")],
    scope: Annotated[
        list[str], typer.Option(help="generate, validate, read or admin (all of them); may be given several times.")
    ],
    expires: Annotated[str, typer.Option(help="How long it is good: 30m, 12h, 90d, or never.")] = "90d",
    requests_per_minute: Annotated[int | None, typer.Option(help="Instead of the service's limit.")] = None,
    records_per_minute: Annotated[int | None, typer.Option(help="Instead of the service's limit.")] = None,
    note: Annotated[str, typer.Option(help="What it is used for.")] = "",
    settings: SettingsOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Make a key and print it, which happens only this once: the database keeps a digest.

    Example: inferloop-synthetic keys create --owner team-a --scope generate --scope read
    """
    lifetime = _duration(expires, "--expires")
    with _opened(settings) as (store, audit):
        from inferloop_synthetic.security.principal import Allowance, parse_scopes

        allowance = Allowance(requests_per_minute, records_per_minute)
        made = store.create(owner, parse_scopes(scope), lifetime=lifetime, allowance=allowance, note=note)
        _record(audit, "create key", made.key)
    _print_new(made, output)


@keys.command("list")
def list_keys(
    owner: Annotated[str | None, typer.Option(help="Only the keys of this owner.")] = None,
    settings: SettingsOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Show the keys, without what opens.

    Example: inferloop-synthetic keys list --output json
    """
    with _opened(settings) as (store, _):
        found = store.list(owner)
    now = datetime.now(UTC)
    if output is Output.json:
        typer.echo(json.dumps([_tree(key, now) for key in found], indent=2))
        return
    if not found:
        typer.echo("there are no keys; make one with: inferloop-synthetic keys create --owner NAME --scope generate --scope read")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "owner", "scopes", "state", "created", "expires", "last used", "note"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"id", "state"})
    for key in found:
        scopes = " ".join(sorted(key.scopes))
        days = [_day(time)[:10] for time in (key.created, key.expires, key.last_used)]
        table.add_row(key.id, key.owner, scopes, key.state(now), *days, key.note)
    Console().print(table)


@keys.command()
def rotate(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")],
    overlap: Annotated[str, typer.Option(help="How long the old key stays good: 30m, 24h, 7d, or 0m.")] = "24h",
    settings: SettingsOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Make a key in place of another; both are good until the overlap has passed.

    Example: inferloop-synthetic keys rotate abcdefghijkl --overlap 24h
    """
    length = _duration(overlap, "--overlap")
    if length is None:
        raise InputError("--overlap: a rotation ends; give a time such as 24h")
    with _opened(settings) as (store, audit):
        made = store.rotate(key_id, overlap=length)
        _record(audit, "rotate key", made.key, f"key {key_id}")
    _print_new(made, output)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")], settings: SettingsOption = None
) -> None:
    """End a key at once.

    Example: inferloop-synthetic keys revoke abcdefghijkl
    """
    with _opened(settings) as (store, audit):
        key = store.revoke(key_id)
        _record(audit, "revoke key", key)
    when = "" if key.revoked is None else f" since {_day(key.revoked)} UTC"
    typer.echo(f"{key.id} of {key.owner} is revoked{when}")


@contextmanager
def _opened(file: Path | None) -> Iterator[tuple[KeyStore, AnyAudit]]:
    """Open the keys of the service that the settings describe, and its audit log."""
    from inferloop_synthetic.settings import load_settings

    settings = load_settings(os.environ, file).settings
    try:
        from inferloop_synthetic.api.sign_in import database_of
        from inferloop_synthetic.jobs.errors import Unavailable
        from inferloop_synthetic.security.build import key_store
        from inferloop_synthetic.security.errors import Refused
        from inferloop_synthetic.telemetry.audit import AuditLog, NoAudit
    except ModuleNotFoundError as error:
        extra = "pip install 'inferloop-synthetic[api]'"
        typer.echo(f"error: {error.name} is missing; keys need the extra [api]: {extra}", err=True)
        raise typer.Exit(FAILED) from None
    database = database_of(settings)
    try:
        database.migrate()
        audit = AuditLog(settings.audit_log_path) if settings.enable_audit_logging else NoAudit()
        yield key_store(settings, database), audit
    except (Unavailable, Refused) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(FAILED) from None
    finally:
        database.close()


def _record(audit: AnyAudit, action: str, key: ApiKey, resource: str = "") -> None:
    subject = f"operator:{getpass.getuser()}"
    audit.record(
        action, subject=subject, outcome="done", resource=resource or f"key {key.id}", details={"credential": f"key {key.id}"}
    )


def _print_new(made: NewKey, output: Output) -> None:
    if output is Output.json:
        typer.echo(json.dumps({"key": made.token, **_tree(made.key, datetime.now(UTC))}, indent=2))
        return
    until = "and never expires" if made.key.expires is None else f"and is good until {_day(made.key.expires)} UTC"
    scopes = ", ".join(sorted(made.key.scopes))
    typer.echo(f"key {made.key.id} of {made.key.owner} has the scopes {scopes} {until}", err=True)
    typer.echo("keep it now, it is not shown again; send it in the header X-API-Key:", err=True)
    typer.echo(made.token)


def _tree(key: ApiKey, now: datetime) -> dict[str, Any]:
    times = {name: getattr(key, name) for name in ("created", "expires", "revoked", "last_used")}
    return {
        "id": key.id,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "state": key.state(now),
        **{name: None if value is None else value.isoformat(timespec="seconds") for name, value in times.items()},
        "replaced_by": key.replaced_by,
        "requests_per_minute": key.allowance.requests_per_minute,
        "records_per_minute": key.allowance.records_per_minute,
        "note": key.note,
    }


def _day(time: datetime | None) -> str:
    return "never" if time is None else f"{time:%Y-%m-%d %H:%M}"


def _duration(text: str, option: str) -> timedelta | None:
    """Return the time that a text such as 90d is; None for `never`."""
    if text == "never":
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InputError(f"{option} {text!r}: write a number and m, h or d, such as 30m, 12h or 90d")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
