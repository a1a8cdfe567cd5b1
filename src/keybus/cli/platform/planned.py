"""A plan: what would change on a running bus, and what speaks against it."""

from collections.abc import Iterator, Mapping
from typing import Any

import click
import msgspec

from keybus.bus.control.proposal import VersionContent
from keybus.cli.api import get
from keybus.cli.platform.declared import print_faults
from keybus.clock import SYSTEM, rfc3339
from keybus.contracts import Contract, ContractRepository
from keybus.errors import Fault
from keybus.governance.objections import Objections, objections
from keybus.topology import Declaration, lint_filters
from keybus.topology.difference import Difference, difference


class ContractChange(msgspec.Struct, frozen=True):
    """A contract that is not the same on the bus.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        type: The event type.
        old: Its version on the bus; empty where it has none.
        new: Its declared version; empty where there is none.
    """

    kind: str
    type: str
    old: str
    new: str


class Planned(msgspec.Struct, frozen=True):
    """What applying a declaration would do.

    Attributes:
        url: The bus; empty where none was asked.
        standing: What holds there; None where no bus was asked.
        difference: What would change of the platform.
        contracts: What would change of the contracts.
        objections: What speaks against it.
        warnings: What filters have that filters nothing.
    """

    url: str
    standing: VersionContent | None
    difference: Difference
    contracts: tuple[ContractChange, ...]
    objections: Objections
    warnings: tuple[Fault, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.difference and not self.contracts

    @property
    def refused(self) -> bool:
        """Whether it may not be applied as it is."""
        return bool(self.objections.lacks or self.objections.findings)


def standing_on(url: str, version: str = "current") -> VersionContent:
    """A version of a bus's platform.

    Raises:
        KeybusError: The bus does not answer, or refuses to.
    """
    return get(url, f"/platform/versions/{version}", VersionContent)


def planned(declaration: Declaration, url: str) -> Planned:
    """Compare a declaration with a bus.

    Args:
        declaration: What is declared.
        url: The bus; empty compares with one on which nothing was applied.
    """
    standing = standing_on(url) if url else None
    before = standing.platform if standing else None
    packed = ContractRepository.unpack(standing.contracts) if standing else {}
    return Planned(
        url=url,
        standing=standing,
        difference=difference(before, declaration.platform),
        contracts=tuple(contract_changes(packed, declaration.contracts)),
        objections=objections(
            declaration.platform,
            declaration.contracts,
            SYSTEM.time_us(),
            declaration.place,
            before,
        ),
        warnings=tuple(_filter_warnings(declaration)),
    )


def contract_changes(
    before: Mapping[str, Contract], after: Mapping[str, Contract]
) -> Iterator[ContractChange]:
    """The contracts that differ, by event type."""
    for event_type in sorted(before.keys() | after.keys()):
        old, new = before.get(event_type), after.get(event_type)
        if old is None and new is not None:
            yield ContractChange("added", event_type, "", new.version)
        elif new is None and old is not None:
            yield ContractChange("removed", event_type, old.version, "")
        elif old is not None and new is not None and old.digest != new.digest:
            yield ContractChange("changed", event_type, old.version, new.version)


def print_plan(plan: Planned) -> None:
    """The plan as people read it."""
    click.echo(heading(plan.url, plan.standing))
    if plan.empty:
        click.echo("nothing to change")
    print_changes(plan.difference, plan.contracts)
    for title, faults in (
        ("the footing lacks", plan.objections.lacks),
        ("compliance finds", plan.objections.findings),
        ("compliance warns", plan.objections.warnings),
        ("filters that filter nothing", plan.warnings),
    ):
        if faults:
            click.echo(f"\n{title}:")
            print_faults(faults)


def print_changes(found: Difference, contracts: tuple[ContractChange, ...]) -> None:
    """What changes, a line or more each."""
    if found:
        click.echo(str(found))
    marks = {"added": "+", "removed": "-", "changed": "~"}
    for each in contracts:
        versions = " → ".join(dict.fromkeys(filter(None, (each.old, each.new))))
        click.echo(f"{marks[each.kind]} contract {each.type} {versions}")


def heading(url: str, standing: VersionContent | None) -> str:
    """What a plan is compared with."""
    if standing is None:
        return "against an empty bus:"
    info = standing.info
    by = f" by {info.account}" if info.account else ""
    when = rfc3339(info.applied_us, fraction=False)
    return f"bus {standing.platform.bus!r} at {url}, version {info.version}, applied {when}{by}:"


def plan_document(plan: Planned) -> dict[str, Any]:
    """The plan as programs read it."""
    return {
        "url": plan.url,
        "standing": plan.standing.info if plan.standing else None,
        "changes": plan.difference.changes,
        "contracts": plan.contracts,
        "lacks": plan.objections.lacks,
        "findings": plan.objections.findings,
        "warnings": [*plan.objections.warnings, *plan.warnings],
        "refused": plan.refused,
    }


def _filter_warnings(declaration: Declaration) -> Iterator[Fault]:
    for _, found in lint_filters(declaration.platform, declaration.contracts):
        file, line = declaration.place(found.pointer)
        yield Fault(found.rule, found.message, found.pointer, file, line, found.hint)
