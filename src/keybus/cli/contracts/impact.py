"""``keybus contracts can-release``."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.baselines import AGAINST, baseline
from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json
from keybus.cli.contracts.users import PLATFORM, lines_of, platform_of
from keybus.governance.usage import EXIT_CODES, Impact, Impacts
from keybus.governance.usage import can_release as judge


@click.command("can-release")
@FOLDER
@PLATFORM
@AGAINST
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this one; repeatable.")
@JSON
def can_release(
    folder: Path,
    platform_file: Path | None,
    against: str,
    types: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Say what the changed contracts in FOLDER would do to each publisher and each subscription.

    Whether the contracts' versions say enough is another question: `check` answers it. The exit
    code is 0 if everybody is safe, 1 if somebody breaks, and 3 if it is not known of somebody.
    """
    platform = platform_of(folder, platform_file)
    repository = load(folder, as_json=as_json)
    found = judge(platform, repository, baseline(folder, against), types=types)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        for line in _lines(found):
            click.echo(line)
    sys.exit(EXIT_CODES[found.verdict])


def _lines(found: Impacts) -> Iterator[str]:
    for each in found.contracts:
        yield f"{_headline(each)}: {each.verdict}"
        if each.objection:
            yield f"  check    {each.objection}"
        yield from lines_of(each.users)
    changed = len(found.contracts)
    words = "contract" if changed == 1 else "contracts"
    yield f"{changed} changed {words} beside {found.against}, {found.unchanged} unchanged: {found.verdict}"


def _headline(each: Impact) -> str:
    if not each.version:
        return f"{each.type}, whose contract is gone"
    if not each.since:
        return f"{each.type} {each.version}, which is new"
    if each.migrations and each.version == each.since and not each.objection:
        return (
            f"{each.type} {each.version}, by migrations that changed ({', '.join(each.migrations)})"
        )
    return f"{each.type} {each.version} after {each.since}"
