"""The report as text, for people at a terminal."""

from collections.abc import Iterator
from itertools import groupby

from keybus.governance.compliance.finding import Report
from keybus.governance.compliance.render.summary import headline, scope, unseen
from keybus.governance.compliance.rules import RULES
from keybus.patterns.wording import printable


def as_text(report: Report) -> str:
    """The report, findings grouped by rule; nothing in it acts on a terminal."""
    return "".join(f"{printable(line)}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"Compliance: {headline(report)}"
    yield f"Judged: {scope(report)}"
    for rule_id, findings in groupby(report.findings, key=lambda finding: finding.rule):
        rule = RULES[rule_id]
        yield ""
        yield f"{rule.id} {rule.title} ({rule.severity}): {rule.purpose}"
        yield f"  What to do: {rule.hint}."
        for finding in findings:
            yield f"  {finding.where} {finding.pointer}: {finding.message}"
            if finding.hint != rule.hint:
                yield f"    {finding.hint}"
            if finding.subject not in ("", finding.pointer):
                yield f"    an exception would name {finding.subject}"
    if report.faults:
        yield ""
        yield "Faults of the declaration, which no exception can accept:"
        for fault in report.faults:
            yield f"  {fault} [{fault.code}]"
    yield from _exceptions(report)
    if report.faults:  # these come first, and were lost above a long list
        return
    yield ""
    yield "Not seen here:"
    for rule, where in unseen(report):
        yield f"  {rule.id} {rule.title}: {where}"


def _exceptions(report: Report) -> Iterator[str]:
    if report.exceptions:
        yield ""
        yield "Exceptions:"
    for one in report.exceptions:
        use = "" if one.used else " (unused exception: it accepts nothing that was found)"
        yield f"  {one.name}: {one.rule} {one.subject} until {one.expires}{use}"
        yield f"    {one.reason} (approved by {one.approver})"
        for finding in report.excepted:
            if finding.excepted_by == one.name:
                yield f"    excepted: {finding.where} {finding.pointer}: {finding.message}"
