"""``keybus contracts usage``."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from keybus.cli.api import get
from keybus.cli.contracts.reading import FOLDER, JSON, load, print_json
from keybus.cli.contracts.users import PLATFORM, platform_of
from keybus.clock import rfc3339
from keybus.governance.sprawl import UsageSnapshot
from keybus.governance.usage import Reader, UsageReport, usage_of
from keybus.governance.usage.observed import Observed
from keybus.settings import Settings


@click.command()
@click.argument("event_type", metavar="TYPE")
@FOLDER
@PLATFORM
@click.option(
    "--url", help="The bus to ask what it counted.  [default: KEYBUS_URL, or none is asked]"
)
@JSON
def usage(
    event_type: str, folder: Path, platform_file: Path | None, url: str | None, *, as_json: bool
) -> None:
    """Show who writes and who reads events of TYPE, in which version and which fields.

    From the platform it is known what each subscription names, what it is given beside that, and
    what never comes to it. A bus says what was published and delivered of each major, and when.
    """
    platform = platform_of(folder, platform_file)
    repository = load(folder, as_json=as_json)
    counted = None
    if url or os.environ.get("KEYBUS_URL"):
        counted = get(Settings.from_environment().bus(url), "/usage", UsageSnapshot)
    found = usage_of(platform, repository, event_type, counted)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: UsageReport) -> Iterator[str]:
    yield f"{found.type} {', '.join(found.versions)}"
    yield "written by" if found.writers else "written by nobody"
    for each in found.writers:
        yield f"  {each.name} ({each.account}){_observed(each.observed, 'published')}"
    for account, observed in found.undeclared.items():
        yield f"  {account}, of which no publisher may emit it{_observed(observed, 'published')}"
    yield "read by" if found.readers else "read by nobody"
    for reader in found.readers:
        yield from _reader(reader)
    if found.since_us:
        yield f"counted since {rfc3339(found.since_us, fraction=False)}"
    else:
        yield "what was published and delivered is not known: name a bus with --url"


def _reader(reader: Reader) -> Iterator[str]:
    asked = f"@{reader.major}" if reader.pinned else "every major"
    what = ", all of an event" if reader.whole else ""
    if reader.expression:
        what += ", into a JSONata expression"
    if not reader.version:
        what = ", of which there is no contract"
    observed = _observed(reader.observed, "delivered")
    yield f"  {reader.name} ({reader.account}) {asked}{what}{observed}"
    if reader.reads:
        named = (f"{each.pointer} ({', '.join(each.by)})" for each in reader.reads)
        yield f"    reads for sure: {', '.join(named)}"
    if reader.gets and not reader.whole:
        yield f"    gets besides:   {', '.join(reader.gets)}"
    if reader.never:
        yield f"    never gets:     {', '.join(reader.never)}"


def _observed(observed: Observed | None, verb: str) -> str:
    """How many there were of each major, and when the last."""
    if observed is None:
        return ""
    if not observed.count:
        return f": nothing {verb}"
    majors = [f"{each.count:,} of @{each.major}" for each in observed.majors]
    rest = observed.count - sum(each.count for each in observed.majors)
    if rest:
        majors.append(f"{rest:,} of no known major")
    last = rfc3339(observed.last_us, fraction=False)
    return f": {verb} {', '.join(majors)}, the last {last}"
