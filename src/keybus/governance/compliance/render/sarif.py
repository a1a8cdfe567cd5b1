"""The report as SARIF 2.1.0, for code hosts that show findings beside the lines."""

from typing import Any

from keybus.errors import Fault
from keybus.governance.compliance.finding import Finding, Report
from keybus.governance.compliance.render.document import json_text
from keybus.governance.compliance.render.summary import unseen
from keybus.governance.compliance.rules import RULES, Rule
from keybus.sarif import document, location

_ORDER = {rule_id: index for index, rule_id in enumerate(RULES)}


def as_sarif(report: Report) -> str:
    """The report as one run: a result for each finding, also for those that are excepted.

    Faults are results as well, beside the notification that each is: a code host takes a run
    without results for one in which all is mended.
    """
    reasons = {one.name: one for one in report.exceptions}
    results = [_result(finding) for finding in report.findings]
    for finding in report.excepted:
        one = reasons[finding.excepted_by]
        why = f"{one.name}: {one.reason} (approved by {one.approver}, until {one.expires})"
        suppression = {"kind": "external", "status": "accepted", "justification": why}
        results.append(_result(finding) | {"suppressions": [suppression]})
    results += [_fault(fault) for fault in report.faults]
    notes = [_note(str(fault), "error", fault.code) for fault in report.faults]
    notes += [_note(f"unused exception: {one.name}", "note", "unused") for one in report.unused]
    run = {
        "tool": {"driver": {"name": "keybus platform check", "rules": _rules(report)}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not report.faults, "toolExecutionNotifications": notes}
        ],
        "results": results,
    }
    return json_text(document(run))


def _rules(report: Report) -> list[dict[str, Any]]:
    elsewhere = {rule.id: where for rule, where in unseen(report)}
    return [_rule(rule, elsewhere.get(rule.id, "")) for rule in RULES.values()]


def _rule(rule: Rule, elsewhere: str) -> dict[str, Any]:
    help_text = f"{rule.purpose} What to do: {rule.hint}."
    if elsewhere:
        help_text += f" Not seen here: {elsewhere}."
    return {
        "id": rule.id,
        "name": rule.title,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.purpose},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"seen": rule.seen},
    }


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": _ORDER[finding.rule],
        "level": finding.severity,
        "message": {"text": f"{finding.message} ({finding.hint})"},
        "locations": [location(finding.pointer, finding.file, finding.line)],
        "partialFingerprints": {"keybus/v1": f"{finding.rule}:{finding.pointer}"},
    }


def _fault(fault: Fault) -> dict[str, Any]:
    hint = f" ({fault.hint})" if fault.hint else ""
    return {
        "ruleId": fault.code,
        "level": "error",
        "message": {"text": f"{fault.message}{hint}"},
        "locations": [location(fault.pointer, fault.file, fault.line)],
        "partialFingerprints": {"keybus/v1": f"{fault.code}:{fault.pointer}"},
    }


def _note(text: str, level: str, code: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}, "descriptor": {"id": code}}
