"""Why a platform may not hold: its own faults, what its footing lacks, what compliance finds."""

from collections.abc import Callable
from typing import NamedTuple

from keybus.contracts import ContractRepository
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
    platform: Platform, contracts: ContractRepository, now_us: int, place: Place
) -> Objections:
    """Judge a platform that has no faults of its own.

    Args:
        platform: What is declared.
        contracts: Its contracts.
        now_us: The moment that expiry is judged at, in microseconds since the Unix epoch.
        place: Where each part stands.
    """
    evidence = Evidence(platform=platform, contracts=contracts, place=place, now_us=now_us)
    report = check_compliance(evidence)
    errors = [each for each in report.findings if each.severity == "error"]
    warnings = [each for each in report.findings if each.severity != "error"]
    return Objections(
        tuple(_lack(each, place) for each in lacking(platform)),
        tuple(map(_fault, errors)),
        tuple(map(_fault, warnings)),
    )


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
