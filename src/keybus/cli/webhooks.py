"""`keybus webhooks`: the secrets that sign what is posted."""

import re

import click
import msgspec
from rich.table import Table

from keybus.cli.api import get, send
from keybus.cli.terminal import console
from keybus.clock import rfc3339
from keybus.errors import SettingsError
from keybus.governance.webhook_secrets import IssuedSecret, WebhookSecret
from keybus.server.native.webhooks import RotateSecretRequest, SecretRequest
from keybus.settings import Settings

_URL = click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_ACCOUNT = click.option(
    "--account", default="", help="Whose secret.  [default: the token's account]"
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_PATH = "/webhook-secrets"


@click.group()
def webhooks() -> None:
    """Webhooks: what signs the deliveries that are posted."""


@webhooks.group()
def secret() -> None:
    """The secrets that sign deliveries; a subscription's webhook names one of its account's.

    A subscriber's token is for its own account's secrets, one of the central account's for all.
    """


@secret.command()
@click.argument("name")
@_ACCOUNT
@_URL
@_JSON
def issue(name: str, account: str, url: str | None, as_json: bool) -> None:
    """Issue the secret NAME; its value is printed, and never shown again."""
    asked = SecretRequest(name, account)
    _hand_over(send("POST", _bus(url), _PATH, asked, IssuedSecret), as_json=as_json)


@secret.command()
@click.argument("name")
@_ACCOUNT
@click.option(
    "--overlap", default="24h", show_default=True, help="For how long the old value signs as well."
)
@_URL
@_JSON
def rotate(name: str, account: str, overlap: str, url: str | None, as_json: bool) -> None:
    """Issue another value of NAME; deliveries are signed with both until the overlap is over."""
    asked = RotateSecretRequest(name, account, _seconds(overlap))
    _hand_over(send("POST", _bus(url), f"{_PATH}/rotate", asked, IssuedSecret), as_json=as_json)


@secret.command()
@click.argument("name")
@_ACCOUNT
@_URL
def revoke(name: str, account: str, url: str | None) -> None:
    """End NAME at once; what it signs waits until another one is issued under the name."""
    asked = SecretRequest(name, account)
    info = send("POST", _bus(url), f"{_PATH}/revoke", asked, WebhookSecret)
    click.echo(f"{info.name} of {info.account} is revoked")


@secret.command(name="list")
@_URL
@_JSON
def list_(url: str | None, as_json: bool) -> None:
    """List secrets, without their values."""
    found = get(_bus(url), _PATH, list[WebhookSecret])
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    table = Table("secret", "account", "issued", "values that sign", box=None)
    for each in found:
        issued = rfc3339(each.created_us, fraction=False)
        table.add_row(each.name, each.account, issued, str(each.signing))
    console().print(table)


def _bus(url: str | None) -> str:
    return Settings.from_environment().bus(url)


def _hand_over(issued: IssuedSecret, *, as_json: bool) -> None:
    """The value to standard output, alone; what it is for to standard error."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(issued)).decode())
        return
    click.echo(issued.secret)
    info = issued.webhook_secret
    click.echo(f"{info.name} of {info.account}. It is shown this once.", err=True)


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if found is None:
        raise SettingsError(f"{text!r} is no duration", hint="for example 30m, 24h or 7d")
    return int(found[1]) * _UNITS[found[2]]
