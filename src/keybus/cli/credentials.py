"""`keybus credentials`: what accounts prove themselves with."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import click
import msgspec
from rich.table import Table

from keybus.cli.api import get, send
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.errors import SettingsError
from keybus.governance.credentials import Issued
from keybus.governance.credentials.sealing import new_key, write_key
from keybus.governance.principal import ROLES, Role
from keybus.server.bootstrap import bootstrap as first_credential
from keybus.server.native.credentials import CredentialInfo, IssueRequest, RotateRequest
from keybus.settings import Settings

_URL = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_US = 1_000_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")


@click.group()
def credentials() -> None:
    """Accounts' credentials: access keys that sign requests, and bearer tokens.

    The bus knows who asks by KEYBUS_TOKEN, which has to be one of the central account's.
    """


@credentials.command(name="new-key")
@click.option(
    "--out", type=click.Path(path_type=Path), help="A new file, for its owner's eyes only."
)
def new_sealing_key(out: Path | None) -> None:
    """Make a key that secrets are sealed under; print it, or write it to a file."""
    if out is None:
        click.echo(new_key())
        return
    write_key(out)
    click.echo(f"{out}: set KEYBUS_SEALING_KEY_FILE={out}", err=True)


@credentials.command()
@click.argument(
    "folder", type=click.Path(exists=True, path_type=Path), default=Path(), metavar="[FOLDER]"
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Where events are kept.  [default: .keybus in FOLDER]",
)
@click.option(
    "--expires", default="365d", show_default=True, help="When it ends; as for `issue`, or never."
)
@click.option("--label", default="bootstrap", show_default=True, help="What to call it.")
@click.option("--recover", is_flag=True, help="Another one, as the first one's token is lost.")
@_JSON
def bootstrap(
    folder: Path, data: Path | None, expires: str, label: str, recover: bool, as_json: bool
) -> None:
    """Write the first credential of the central account into the store of a bus that is stopped.

    The token is printed, and never shown again. With --recover, revoke the one that was lost when
    the bus runs.
    """
    expires_us = None if expires == "never" else _moment_us(expires)
    issued = first_credential(folder, data, label, expires_us=expires_us, recover=recover)
    _hand_over(issued, as_json=as_json)


@credentials.command()
@click.option("--account", required=True, help="The account's name.")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice(ROLES),
    help="What it is for; repeatable.",
)
@click.option("--key", "kind", flag_value="key", help="An access key, which signs (AWS SigV4).")
@click.option("--token", "kind", flag_value="token", default="token", help="A bearer token.")
@click.option("--expires", help="When it ends: 90d, 12h, 2027-06-30 or 2027-06-30T12:00:00Z.")
@click.option("--label", default="", help="What to call it.")
@_URL
@_JSON
def issue(
    account: str,
    roles: tuple[Role, ...],
    kind: str,
    expires: str | None,
    label: str,
    url: str | None,
    as_json: bool,
) -> None:
    """Issue a credential; its secret is printed, and never shown again."""
    asked = IssueRequest(
        account=account,
        roles=list(roles),
        kind="key" if kind == "key" else "token",
        expires_us=None if expires is None else _moment_us(expires),
        label=label,
    )
    issued = send("POST", _bus(url), "/credentials", asked, Issued)
    _hand_over(issued, as_json=as_json)


@credentials.command(name="list")
@_URL
@_JSON
def list_(url: str | None, as_json: bool) -> None:
    """List all credentials, without their secrets."""
    found = get(_bus(url), "/credentials", list[CredentialInfo])
    if as_json:
        _print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "account", "roles", "kind", "state", "expires", "used", "label"):
        table.add_column(name, no_wrap=name not in ("roles", "label"), overflow="fold")
    for info in found:
        each = info.credential
        table.add_row(
            each.id,
            each.account,
            " ".join(each.roles),
            each.kind,
            info.state,
            _minute(each.expires_us),
            _minute(info.last_used_us),
            each.label,
        )
    console().print(table)


@credentials.command()
@click.argument("credential_id", metavar="ID")
@click.option(
    "--overlap", default="24h", show_default=True, help="For how long the old one still holds."
)
@_URL
@_JSON
def rotate(credential_id: str, overlap: str, url: str | None, as_json: bool) -> None:
    """Issue a credential in the place of ID, which ends after the overlap."""
    path = f"/credentials/{quote(credential_id, safe='')}/rotate"
    asked = RotateRequest(_seconds(overlap))
    _hand_over(send("POST", _bus(url), path, asked, Issued), as_json=as_json)


@credentials.command()
@click.argument("credential_id", metavar="ID")
@_URL
@_JSON
def revoke(credential_id: str, url: str | None, as_json: bool) -> None:
    """End the credential ID at once; connections that it opened are closed."""
    path = f"/credentials/{quote(credential_id, safe='')}"
    info = send("DELETE", _bus(url), path, None, CredentialInfo)
    if as_json:
        _print_json(info)
    else:
        click.echo(f"{info.credential.id} is {info.state}")


def _bus(url: str | None) -> str:
    return Settings.from_environment().bus(url)


def _hand_over(issued: Issued, *, as_json: bool) -> None:
    """The secret to standard output, alone; what it is for to standard error."""
    if as_json:
        _print_json(issued)
        return
    credential = issued.credential
    what = f"{credential.id}: {credential.account}, {' '.join(credential.roles)}"
    if credential.kind == "key":
        click.echo(f"AWS_ACCESS_KEY_ID={credential.id}")
        click.echo(f"AWS_SECRET_ACCESS_KEY={issued.secret}")
    else:
        click.echo(issued.secret)
    until = f"until {_shown(credential.expires_us)}" if credential.expires_us else "without an end"
    click.echo(f"{what}, {until}. It is shown this once.", err=True)


def _print_json(value: object) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def _shown(time_us: int | None) -> str:
    return "" if time_us is None else rfc3339(time_us, fraction=False)


def _minute(time_us: int | None) -> str:
    """As much of a time as a table has room for."""
    return f"{_shown(time_us)[:16]}Z" if time_us is not None else ""


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if found is None:
        raise SettingsError(f"{text!r} is no duration", hint="for example 30m, 24h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def _moment_us(text: str) -> int:
    """A duration from now, a date or a time, in microseconds since the Unix epoch."""
    if _DURATION.fullmatch(text):
        return (int(time.time()) + _seconds(text)) * _US
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no time", hint="for example 90d, 2027-06-30 or 2027-06-30T12:00:00Z"
        ) from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp()) * _US
