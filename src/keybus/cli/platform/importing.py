"""``keybus platform import``."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from keybus.cdk.existing import Part, Services, Wishes, Written, check_free, move, read_account
from keybus.cli.platform.declared import print_json
from keybus.errors import SettingsError
from keybus.patterns.wording import printable

_TRIES = 8


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--from-aws", is_flag=True, required=True, help="From EventBridge, by boto3.")
@click.option("--bus", default="", help="The bus.  [default: the only one in use beside `default`]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    help="An AWS profile, which names its account too; repeatable, that of the bus's account first.",
)
@click.option("--region", default=None, help="The region.  [default: the profile's]")
@click.option("--endpoint-url", default=None, help="An endpoint other than AWS's own.")
@click.option(
    "--registry",
    "registries",
    multiple=True,
    help="A schema registry; repeatable.  [default: all but AWS's own]",
)
@click.option("--account", "accounts", multiple=True, metavar="NAME=ID", help="An account's name.")
@click.option(
    "--publisher",
    "publishers",
    multiple=True,
    metavar="SOURCE=ACCOUNT",
    help="Who publishes from a source of which the bus's policy does not say it.",
)
@click.option(
    "--approver", default="", help="Who approves that each goes on with what it receives."
)
@click.option("--expires", default="", metavar="DATE", help="Until when, with --approver.")
@click.option("--force", is_flag=True, help="Write a platform and contracts anew that are there.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print what was written as JSON for programs."
)
def import_(
    folder: Path,
    from_aws: bool,
    bus: str,
    profiles: tuple[str, ...],
    region: str | None,
    endpoint_url: str | None,
    registries: tuple[str, ...],
    accounts: tuple[str, ...],
    publishers: tuple[str, ...],
    approver: str,
    expires: str,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write platform.yaml and contracts in FOLDER from what stands on AWS.

    Buses, rules, targets, queues, archives and schemas are read, and nothing is changed. What cannot
    be carried, or is a guess, is told on standard error.
    """
    del from_aws
    called = _sides(((digits, name) for name, digits in _pairs(accounts, "--account")), "--account")
    owners = _sides(_pairs(publishers, "--publisher"), "--publisher")
    wishes = Wishes(bus, called, owners, approver, expires)
    check_free(folder, force=force)
    parts = [
        _read(services, name, registries, quiet=as_json)
        for name, services in _sessions(profiles, region, endpoint_url)
    ]
    written = move(parts, folder, wishes, force=force)
    if as_json:
        print_json(_as_data(written))
    else:
        _print(folder, written)


def _read(services: Services, name: str, registries: tuple[str, ...], *, quiet: bool) -> Part:
    def told(line: str) -> None:
        if not quiet:
            click.echo(printable(line), err=True)

    return read_account(services, name, registries=registries or None, told=told)


class _Session:
    """Makes clients that try throttled calls again, as reading a large bus is many calls."""

    def __init__(self, session: Any, endpoint_url: str | None) -> None:
        self._session, self._endpoint_url = session, endpoint_url

    def client(self, service_name: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - an extra

        config = Config(retries={"total_max_attempts": _TRIES, "mode": "standard"})
        return self._session.client(service_name, endpoint_url=self._endpoint_url, config=config)


def _sessions(
    profiles: tuple[str, ...], region: str | None, endpoint_url: str | None
) -> Iterator[tuple[str, Services]]:
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as boto3
    except ModuleNotFoundError as error:
        what = f"AWS is read by an extra ({error.name} is missing)"
        raise SettingsError(what, hint="pip install 'keybus[aws]'") from None
    for name in profiles or ("",):
        try:
            session = boto3.Session(profile_name=name or None, region_name=region)
        except BotoCoreError as error:
            raise SettingsError(
                str(error), hint="`aws configure list-profiles` lists them"
            ) from error
        yield name, _Session(session, endpoint_url)


def _pairs(texts: tuple[str, ...], option: str) -> Iterator[tuple[str, str]]:
    for text in texts:
        before, is_one, after = text.rpartition("=")
        if not (before and is_one and after):
            raise click.BadParameter(f"{text!r} has no two sides of a =", param_hint=option)
        yield before, after


def _sides(pairs: Iterable[tuple[str, str]], option: str) -> dict[str, str]:
    sides: dict[str, str] = {}
    for one, other in pairs:
        if sides.setdefault(one, other) != other:
            raise click.BadParameter(f"{one!r} is given twice", param_hint=option)
    return sides


def _as_data(written: Written) -> Mapping[str, Any]:
    return {
        "file": str(written.file),
        "contracts": {name: str(path) for name, path in written.contracts.items()},
        "kept": written.kept,
        "counts": _counts(written),
        "not_carried": written.moved.not_carried,
    }


def _counts(written: Written) -> Mapping[str, int]:
    platform = written.moved.platform
    sections = ("accounts", "publishers", "grants", "subscriptions")
    return {each: len(getattr(platform, each)) for each in sections}


def _print(folder: Path, written: Written) -> None:
    counts = ", ".join(
        f"{count} {name if count != 1 else name[:-1]}" for name, count in _counts(written).items()
    )
    click.echo(f"wrote {written.file}: {counts}")
    for path in written.contracts.values():
        click.echo(f"wrote {path}")
    for name in written.kept:
        click.echo(f"kept the contract of {name} that was there")
    if written.moved.not_carried:
        click.echo("not carried, or not as it was:", err=True)
    for each in written.moved.not_carried:
        click.echo(f"  {printable(str(each))}", err=True)
    click.echo(f"next: keybus platform check {folder}")
