"""Asks every rule, and sorts what they find."""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from keybus.clock import rfc3339
from keybus.errors import Fault
from keybus.governance.compliance.evidence import Evidence
from keybus.governance.compliance.faults import rule_of
from keybus.governance.compliance.finding import Finding, Found, Report, is_running
from keybus.governance.compliance.rules import RULES, Rule
from keybus.governance.compliance.subject import Subject
from keybus.governance.compliance.waivers import listed_waivers, live_waivers, subject_of, waiver_of


def check_compliance(evidence: Evidence) -> Report:
    """Judge a platform by every rule.

    Args:
        evidence: The declaration, and the running bus where one was looked at.

    Returns:
        All findings. Where the declaration cannot be used, those that its faults are, and the
        other faults as they are: such a report is never empty.
    """
    platform = evidence.platform
    found, faults = _of_faults(evidence)
    waivers = live_waivers(platform, evidence.now_us) if platform is not None else {}
    excepted: list[Finding] = []
    counted = list(found)
    for finding in _of_rules(evidence):
        if any((finding.rule, finding.pointer) == (one.rule, one.pointer) for one in found):
            continue  # the loader has said it
        name = waiver_of(finding, waivers)
        if name:
            excepted.append(replace(finding, excepted_by=name))
        else:
            counted.append(finding)
    judged: tuple[Literal["declaration", "running"], ...] = ("declaration",)
    if evidence.running is not None and platform is not None:
        judged = ("declaration", "running")
    return Report(
        bus=platform.bus if platform is not None else "",
        at=rfc3339(evidence.now_us, fraction=False),
        judged=judged,
        complete=platform is not None and evidence.contracts is not None and not evidence.faults,
        findings=tuple(sorted(counted, key=_order)),
        excepted=tuple(sorted(excepted, key=_order)),
        exceptions=listed_waivers(waivers, excepted),
        faults=faults,
    )


def _of_faults(evidence: Evidence) -> tuple[list[Finding], tuple[Fault, ...]]:
    """The faults that break a rule, and those that do not."""
    findings, others = [], []
    for fault in evidence.faults:
        rule = RULES.get(rule_of(fault))
        if rule is None:
            others.append(fault)
        else:
            findings.append(
                Finding(
                    rule.id,
                    rule.severity,
                    fault.pointer,
                    fault.file,
                    fault.line,
                    fault.message,
                    fault.hint or rule.hint,
                )
            )
    return findings, tuple(others)


def _of_rules(evidence: Evidence) -> Iterator[Finding]:
    if evidence.platform is None:
        return
    subject = Subject(evidence.platform, evidence)
    for rule in RULES.values():
        for found in rule.check(subject) if rule.check is not None else ():
            yield _placed(rule, found, evidence)


def _placed(rule: Rule, found: Found, evidence: Evidence) -> Finding:
    subject = subject_of(found.pointer, evidence.running)
    # Code hosts show nothing that has no line, so what runs is shown where it is declared.
    file, line = evidence.place(subject if is_running(found.pointer) else found.pointer)
    return Finding(
        rule.id,
        rule.severity,
        found.pointer,
        file,
        line,
        found.message,
        found.hint or rule.hint,
        subject,
    )


def _order(finding: Finding) -> tuple[str, str, int, str]:
    return finding.rule, finding.file, finding.line, finding.pointer
