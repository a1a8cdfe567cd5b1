"""``keybus contracts discover``."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from keybus.cli.api import get
from keybus.cli.contracts.drafts import (
    CLASSIFICATION,
    FORCE,
    OWNER,
    Draft,
    report,
)
from keybus.cli.contracts.reading import FOLDER, JSON, printable
from keybus.cli.contracts.remote import is_address
from keybus.contracts.discovery import Discovery, Metadata, Sightings, draft_of
from keybus.contracts.discovery.drafting import type_for, version_of
from keybus.contracts.discovery.samples import Sample, Unreadable, parsed, sample_of, samples_in
from keybus.contracts.draft_folder import DraftFolder
from keybus.errors import ContractError
from keybus.server.native.undeclared import UndeclaredPage
from keybus.settings import Settings

_MOST_TOLD = 5
_DEFAULT_LIMIT = 100_000


@click.command()
@FOLDER
@click.option(
    "--from",
    "origin",
    default="",
    metavar="URL|FILE|-",
    help="A running bus, a file of JSON lines, or standard input.  [default: KEYBUS_URL, or the"
    " local bus]",
)
@click.option("--type", "event_type", default="", help="Only this type; plain details are of it.")
@click.option("--since", default="", help="Of a bus: from this time on, as 2026-01-31T08:00:00Z.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=_DEFAULT_LIMIT,
    show_default=True,
    help="Look at so many events, at most.",
)
@OWNER
@CLASSIFICATION
@FORCE
@JSON
def discover(
    folder: Path,
    origin: str,
    event_type: str,
    since: str,
    limit: int,
    owner: str,
    classification: str,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Draft contracts in FOLDER for events that have none, from what such events look like.

    A draft takes every event that was seen, and marks what is uncertain: `contracts check` lists
    the marks, and nothing is released that has some. Types that have a contract are passed over.
    """
    where = DraftFolder(folder)
    known = () if force else where.types
    found = Discovery(known, where.checks)
    unreadable = list[Unreadable]()
    is_whole = _look(found, unreadable, _samples(origin, event_type, since), event_type, limit)
    made = [_draft(where, seen, owner, classification) for seen in found.found.values()]
    drafts = [each for each in made if force or each.type not in where.types]
    found.passed_over += sum(each.told["events"] for each in made if each not in drafts)
    told = _remarks(found, unreadable)
    told += [] if is_whole else [f"only the first {limit:,} events were looked at: --limit"]
    if not drafts and unreadable and not found.passed_over:
        raise ContractError("nothing that was read is an event", hint=told[0])
    if not drafts:
        told.append(_nothing(found, origin, event_type))
    sys.exit(report(where, drafts, told, force=force, as_json=as_json))


def _look(
    found: Discovery,
    unreadable: list[Unreadable],
    samples: Iterable[Sample | Unreadable],
    event_type: str,
    limit: int,
) -> bool:
    """See events, up to so many; whether that was all."""
    for count, sample in enumerate(samples):
        if count == limit:
            return False
        if isinstance(sample, Unreadable):
            unreadable.append(sample)
        elif event_type in ("", sample.type):
            found.observe(*sample)
    return True


def _samples(origin: str, event_type: str, since: str) -> Iterator[Sample | Unreadable]:
    if origin and not is_address(origin):
        if since:
            raise click.UsageError("--since is for a running bus")
        try:
            with click.open_file(origin, encoding="utf-8-sig", errors="surrogateescape") as lines:
                yield from samples_in(lines, event_type)
        except OSError as error:
            hint = "name a file of JSON lines, or the address of a bus"
            raise ContractError(f"{origin} cannot be read: {error.strerror}", hint=hint) from error
        return
    yield from _of_bus(Settings.from_environment().bus(origin or None), event_type, since)


def _of_bus(url: str, event_type: str, since: str) -> Iterator[Sample | Unreadable]:
    after: int | None = 0
    asked = {name: text for name, text in (("type", event_type), ("since", since)) if text}
    while after is not None:
        query = urlencode({**asked, "after": after})
        page = get(url, f"/undeclared-events?{query}", UndeclaredPage)
        for each in page.events:
            found = sample_of(parsed(bytes(each.envelope).decode()))
            if isinstance(found, Sample):
                yield found
        after = page.next


def _draft(where: DraftFolder, seen: Sightings, owner: str, classification: str) -> Draft:
    named = type_for(seen.type, min(seen.sources, default=""))
    if not named:
        hint = "a type is dotted words in lower case; draft it by itself with --type"
        return Draft(
            seen.type, {}, _heard(seen), f"{seen.type[:100]!r} has no word for a type", hint
        )
    metadata = Metadata(
        named,
        where.owner(named, owner),
        classification or "internal",
        is_classified=bool(classification),
        version=version_of(seen),
    )
    document = draft_of(seen, metadata, where.core_from(named), tuple(where.checks))
    return Draft(named, document, _heard(seen))


def _heard(seen: Sightings) -> dict[str, Any]:
    """What of it is told to programs."""
    return {"said": seen.type, "events": seen.count, "sources": sorted(seen.sources)}


def _nothing(found: Discovery, origin: str, event_type: str) -> str:
    """Why nothing was drafted."""
    if found.passed_over or not origin or is_address(origin):
        return "there is no event without a contract"
    return f"there is no event{f' of the type {event_type!r}' if event_type else ''} in {origin}"


def _remarks(found: Discovery, unreadable: list[Unreadable]) -> list[str]:
    told = [
        printable(f"line {each.line} was left out: {each.why}") for each in unreadable[:_MOST_TOLD]
    ]
    if len(unreadable) > _MOST_TOLD:
        told.append(f"{len(unreadable) - _MOST_TOLD:,} more lines were left out")
    if found.passed_over:
        many = " has" if found.passed_over == 1 else "s have"
        told.append(f"{found.passed_over:,} event{many} a contract already")
    if found.left_out:
        told.append(f"{found.left_out:,} left out: of more types than are told apart")
    return told
