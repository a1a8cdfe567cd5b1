"""The report as JSON, for programs."""

import json
from typing import Any

import msgspec

from keybus.governance.compliance.finding import Report
from keybus.governance.compliance.render.summary import unseen

_FAULT = ("code", "message", "pointer", "file", "line", "hint")


def as_json(report: Report) -> str:
    """The report as JSON."""
    return json_text(
        {
            "bus": report.bus,
            "at": report.at,
            "judged": report.judged,
            "complete": report.complete,
            "findings": report.findings,
            "excepted": report.excepted,
            "exceptions": report.exceptions,
            "faults": [{key: getattr(fault, key) for key in _FAULT} for fault in report.faults],
            "not_seen": [
                {"rule": rule.id, "title": rule.title, "where": where}
                for rule, where in unseen(report)
            ],
        }
    )


def json_text(document: Any) -> str:
    """A document as JSON in ASCII, which also carries halves of characters in names of files."""
    return json.dumps(msgspec.to_builtins(document), indent=2) + "\n"
