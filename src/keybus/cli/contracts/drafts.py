"""Drafts of contracts, as the commands that make some write them and tell of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from keybus.cli.contracts.reading import print_json, printable
from keybus.contracts.draft_folder import DraftFolder
from keybus.contracts.marks import MarkedPlace, marks_in
from keybus.contracts.rules_events import CLASSIFICATIONS
from keybus.errors import Fault

OWNER = click.option(
    "--owner",
    default="",
    help="The account that answers for them.  [default: the owner of all types with the first word]",
)
CLASSIFICATION = click.option(
    "--classification",
    default="",
    type=click.Choice(["", *CLASSIFICATIONS]),
    metavar="KIND",
    help=f"What kind of data they carry: {', '.join(CLASSIFICATIONS)}.  [default: internal, marked]",
)
FORCE = click.option("--force", is_flag=True, help="Write contracts anew that are there already.")
_MOST_MARKS = 12


class Draft(NamedTuple):
    """A contract that is to be written.

    Attributes:
        type: Its event type.
        document: The contract.
        told: What else programs are told of it.
        refused: Why there is none; empty where there is one.
        hint: What to do about that.
    """

    type: str
    document: Mapping[str, Any]
    told: Mapping[str, Any]
    refused: str = ""
    hint: str = ""


def report(
    where: DraftFolder,
    drafts: Sequence[Draft],
    remarks: Sequence[str],
    *,
    force: bool,
    as_json: bool,
) -> int:
    """Write drafts, and say what became of them.

    Args:
        where: Where to.
        drafts: Those.
        remarks: What else there is to say.
        force: Whether files that are there are written anew.
        as_json: For programs.

    Returns:
        The exit code: 1 where one of them was not written.

    Raises:
        ContractError: A file is there already.
    """
    refused = {
        each.type: [Fault("no-draft", each.refused, hint=each.hint)]
        for each in drafts
        if each.refused
    }
    seen: dict[str, Draft] = {}
    for each in drafts:
        if each.refused:
            continue
        if each.type in seen:
            message = f"Another draft is of the type {each.type} as well."
            refused.setdefault(each.type, []).append(Fault("duplicate-type", message))
            continue
        seen[each.type] = each
    written = where.write({name: each.document for name, each in seen.items()}, force=force)
    refused.update(
        {name: [*refused.get(name, []), *faults] for name, faults in written.faults.items()}
    )
    rows = [_row(where, seen[name], path.as_posix()) for name, path in written.files.items()]
    if as_json:
        told = {name: [str(fault) for fault in faults] for name, faults in refused.items()}
        print_json({"drafts": rows, "refused": told, "remarks": list(remarks)})
    else:
        _print(where, seen, written.files, refused, remarks)
    return 1 if refused else 0


def marks_of(where: DraftFolder, draft: Draft) -> list[MarkedPlace]:
    """What is uncertain in a draft itself."""
    file = where.file_of(draft.type)
    return [each for each in marks_in({file: draft.document}, file) if each.place.file == file]


def _row(where: DraftFolder, draft: Draft, path: str) -> dict[str, Any]:
    uncertain = [
        {
            "pointer": place.pointer,
            "about": mark.about,
            "why": mark.why,
            "samples": mark.samples,
            "of": mark.of,
        }
        for place, mark in marks_of(where, draft)
    ]
    return {"type": draft.type, "file": path, **draft.told, "uncertain": uncertain}


def _print(
    where: DraftFolder,
    drafts: Mapping[str, Draft],
    files: Mapping[str, Any],
    refused: Mapping[str, Sequence[Fault]],
    remarks: Sequence[str],
) -> None:
    for name, path in files.items():
        draft = drafts[name]
        events = draft.told.get("events")
        count = "" if events is None else f": {events:,} event{'' if events == 1 else 's'}"
        found = marks_of(where, draft)
        click.echo(printable(f"wrote {path}{count}, {len(found)} uncertain"))
        for place, mark in found[:_MOST_MARKS]:
            click.echo(printable(f"  {place.pointer or '/'} {mark}"))
        if len(found) > _MOST_MARKS:
            click.echo(f"  and {len(found) - _MOST_MARKS} more: keybus contracts check")
    for name, faults in refused.items():
        click.echo(printable(f"{name[:200]} was not drafted:"), err=True)
        for fault in faults:
            click.echo(printable(f"  {fault} [{fault.code}]"), err=True)
    for remark in remarks:
        click.echo(printable(remark), err=True)
