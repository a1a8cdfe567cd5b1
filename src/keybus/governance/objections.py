"""Why a platform may not hold: its own faults, what its footing lacks, what compliance finds."""

from collections.abc import Callable
from typing import NamedTuple

from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.errors import Fault, PlanRefused
from keybus.governance.compliance import Evidence, Finding, Place, check_compliance
from keybus.topology import Platform
from keybus.topology.footings import Lack, lacking


class Objections(NamedTuple):
    """What speaks against a platform.

    Attributes:
        lacks: What it asks for and its footing does not have. Nothing outweighs these.
        findings: What compliance finds, of severity ``error``; somebody may answer for them.
        warnings: The other findings.
    """

    lacks: tuple[Fault, ...]
    findings: tuple[Fault, ...]
    warnings: tuple[Fault, ...]

    def refuse(self, footing: str, despite: str = "") -> None:
        """Let the platform pass only where nothing speaks against it, or somebody answers for it.

        Args:
            footing: What the platform stands on.
            despite: Why it is to hold although compliance finds something; empty: it is not to.

        Raises:
            PlanRefused: It may not hold; the reasons are listed.
        """
        if self.lacks:
            hint = "leave it out, or declare a footing that has it"
            raise PlanRefused(f"the footing {footing!r} lacks", self.lacks, hint=hint)
        if self.findings and not despite.strip():
            hint = "mend it, or declare an exception; in an emergency, --despite REASON"
            raise PlanRefused("compliance finds", self.findings, hint=hint)


def objections(
    platform: Platform,
    contracts: ContractRepository,
    now_us: int,
    place: Place,
    before: Platform | None = None,
) -> Objections:
    """Judge a platform that has no faults of its own.

    A subscription that asks anew for a major that is retired is refused; one that did before goes
    on, with a warning: it has what waits, and what is translated.

    Args:
        platform: What is declared.
        contracts: Its contracts.
        now_us: The moment that expiry is judged at, in microseconds since the Unix epoch.
        place: Where each part stands.
        before: What holds until then; None: nothing.
    """
    evidence = Evidence(platform=platform, contracts=contracts, place=place, now_us=now_us)
    report = check_compliance(evidence)
    errors = [each for each in report.findings if each.severity == "error"]
    warnings = [each for each in report.findings if each.severity != "error"]
    new, old = _retired(platform, contracts, place, before)
    return Objections(
        tuple(_lack(each, place) for each in lacking(platform)),
        (*map(_fault, errors), *new),
        (*map(_fault, warnings), *old),
    )


def _retired(
    platform: Platform, contracts: ContractRepository, place: Place, before: Platform | None
) -> tuple[list[Fault], list[Fault]]:
    """Subscriptions that ask for a major that is retired: those that are new, and the others."""
    found: tuple[list[Fault], list[Fault]] = ([], [])
    standing = {} if before is None else before.subscriptions
    for name, subscription in platform.subscriptions.items():
        asked = standing[name].events if name in standing else []
        for index, ref in enumerate(subscription.event_refs):
            edition = contracts.editions.at(ref.type, ref.major)
            if edition is None or not edition.is_retired:
                continue
            pointer = f"{pointer_of('subscriptions', name)}/events/{index}"
            hint = f"ask for {edition.replaced_by}" if edition.replaced_by else "ask for another"
            message = f"{ref} is retired: nothing is published by it any more"
            fault = Fault("retired-major", message, pointer, *place(pointer), hint)
            found[str(ref) in asked].append(fault)
    return found


def nowhere(_: str) -> tuple[str, int]:
    """The place of every part of a platform that was not read from a file."""
    return "", 0


def _lack(lack: Lack, place: Callable[[str], tuple[str, int]]) -> Fault:
    file, line = place(lack.pointer)
    return Fault(f"lacks-{lack.capability}", lack.message, lack.pointer, file, line, lack.hint)


def _fault(finding: Finding) -> Fault:
    return Fault(
        finding.rule, finding.message, finding.pointer, finding.file, finding.line, finding.hint
    )
