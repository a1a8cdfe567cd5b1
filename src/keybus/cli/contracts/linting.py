"""``keybus contracts lint``."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from keybus.cli.contracts.reading import FOLDER, JSON, as_row, print_json, printable
from keybus.contracts.folder import Folder
from keybus.contracts.house_rules.remarks import Remark, remarks_on
from keybus.contracts.house_rules.rules import HOUSE_RULES
from keybus.contracts.house_rules.settings import LintSettings
from keybus.contracts.migrations import MIGRATION_RULES
from keybus.contracts.repository import ContractRepository
from keybus.contracts.rules import RULES


class _Row(msgspec.Struct, frozen=True):
    """A rule, as `--rules` lists it."""

    id: str
    kind: str
    severity: str
    purpose: str
    hint: str


@click.command()
@FOLDER
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "--rules", "listed", is_flag=True, help="List the rules, with what FOLDER makes of them."
)
@JSON
def lint(folder: Path, *, strict: bool, listed: bool, as_json: bool) -> None:
    """Check the repository in FOLDER, and print every fault.

    A repository with errors cannot be used, or breaks a house rule that its keybus.toml takes for an
    error; the exit code is then 1. Warnings are house rules that are broken: its [lint] table
    switches each of them.
    """
    if listed:
        _list(list(_rows(Folder.read(folder).lint)), as_json=as_json)
        return
    remarks = _remarks(folder)
    if strict:
        remarks = [msgspec.structs.replace(each, severity="error") for each in remarks]
    errors = sum(each.severity == "error" for each in remarks)
    if as_json:
        print_json([as_row(each.fault, each.severity) for each in remarks])
    else:
        for each in remarks:
            mark = "" if each.severity == "error" else ", warning"
            click.echo(printable(f"{each.fault} [{each.fault.code}{mark}]"))
        if not errors:
            click.echo(_summary(folder, len(remarks)))
    if errors:
        sys.exit(1)


def _remarks(folder: Path) -> list[Remark]:
    """What makes the repository unsound, then what breaks a house rule of what is sound."""
    faults = ContractRepository.lint(folder)
    remarks = [Remark(fault, "error") for fault in faults]
    return remarks + remarks_on(Folder.read(folder), {fault.file for fault in faults})


def _summary(folder: Path, warnings: int) -> str:
    count = len(ContractRepository.load(folder))
    told = f"{warnings} warning{'' if warnings == 1 else 's'}" if warnings else "no faults"
    return f"{folder}: {count} contract{'' if count == 1 else 's'}, {told}"


def _rows(settings: LintSettings) -> Iterator[_Row]:
    """Every rule: what makes a repository sound, and the house rules as they are here."""
    for rule in RULES.values():
        yield _Row(rule.id, "sound", "error", rule.purpose, rule.hint)
    for each in MIGRATION_RULES.values():
        yield _Row(each.id, "sound", "error", each.purpose, each.hint)
    for house in HOUSE_RULES.values():
        severity = settings.severity_of(house)
        yield _Row(house.id, "house", severity, house.purpose, house.hint)


def _list(rows: Sequence[_Row], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    width = max(len(row.id) for row in rows)
    for row in rows:
        click.echo(
            f"{row.id.ljust(width)}  {row.kind.ljust(5)}  {row.severity.ljust(7)}  {row.purpose}"
        )
