"""``keybus contracts violations``."""

from collections.abc import Iterator
from urllib.parse import urlencode

import click

from keybus.cli.api import get
from keybus.cli.contracts.reading import JSON, print_json
from keybus.clock import rfc3339
from keybus.patterns.wording import printable
from keybus.protocol import Violation, ViolationsAnswer
from keybus.settings import Settings

_HEAD = ("TYPE", "RULE", "PUBLISHER'S ACCOUNT", "EVENTS", "LAST")
_NOBODY = "(nobody)"
_NO_CONTRACT = "(no contract)"


@click.command()
@click.argument("event_type", metavar="[TYPE]", default="")
@click.option("--url", help="The bus.  [default: KEYBUS_URL, or the local bus]")
@JSON
def violations(event_type: str, url: str | None, *, as_json: bool) -> None:
    """Show what a bus took although it does not fit: by type and rule, since it was started.

    That is what admission observes. With TYPE, also the last events, with their faults.
    """
    asked = f"?{urlencode({'type': event_type})}" if event_type else ""
    found = get(
        Settings.from_environment().bus(url), f"/admission/violations{asked}", ViolationsAnswer
    )
    if as_json:
        print_json(found)
        return
    for line in _lines(found, samples=bool(event_type)):
        click.echo(printable(line))


def _lines(found: ViolationsAnswer, *, samples: bool) -> Iterator[str]:
    since = rfc3339(found.since_us, fraction=False)
    if not found.counts:
        yield f"nothing that does not fit was taken since {since}"
        return
    rows = [_HEAD]
    for each in found.counts:
        last = rfc3339(each.last_us, fraction=False)
        type_, account = each.type or _NO_CONTRACT, each.account or _NOBODY
        rows.append((type_, each.rule, account, f"{each.count:,}", last))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    for sample in found.samples if samples else ():
        yield ""
        yield from _sample(sample)


def _sample(sample: Violation) -> Iterator[str]:
    yield f"{rfc3339(sample.taken_us, fraction=False)}  {sample.type} from {sample.source}"
    for fault in sample.faults:
        yield f"  {fault} [{fault.code}]"
    if sample.detail:
        yield f"  {sample.detail}{'' if sample.is_whole else ' …'}"
