"""What every form of the report says first, and last."""

from collections.abc import Iterator

from keybus.governance.compliance.finding import Report
from keybus.governance.compliance.rules import RULES, Rule


def headline(report: Report) -> str:
    """One sentence: how many of what was found."""
    errors = sum(finding.severity == "error" for finding in report.findings)
    warnings = len(report.findings) - errors
    parts = [_count(errors, "error"), _count(warnings, "warning")]
    if report.excepted:
        parts.append(f"{len(report.excepted)} excepted")
    if report.faults:
        parts.append(_count(len(report.faults), "fault"))
    return ", ".join(parts)


def scope(report: Report) -> str:
    """One sentence: what was judged, and whether all of it could be."""
    what = " and the running bus" if "running" in report.judged else ""
    said = f"the declaration{what} of {report.bus or 'a bus without a name'}, at {report.at}"
    if report.complete:
        return said
    return f"{said}; it has faults, so not every rule could be asked about all of it"


def unseen(report: Report) -> Iterator[tuple[Rule, str]]:
    """The rules of which something was not looked at: each, and where it will be."""
    for rule in RULES.values():
        parts = []
        if "running" in rule.seen and "running" not in report.judged:
            parts.append("on a running bus: --url")
        parts += [each for each in rule.elsewhere.split("; ") if _is_unseen(each, report)]
        if parts:
            yield rule, "; ".join(parts)


def _is_unseen(where: str, report: Report) -> bool:
    """Whether a part of what is to be seen elsewhere was not looked at."""
    return bool(where) and not ("templates" in report.judged and where.endswith("in templates"))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
