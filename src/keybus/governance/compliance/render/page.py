"""The report as one HTML page that loads nothing and runs nothing."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby

from keybus.governance.compliance.finding import AcceptedUntil, Finding, Report
from keybus.governance.compliance.render.summary import headline, scope, unseen
from keybus.governance.compliance.rules import RULES
from keybus.patterns.wording import printable

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --paper: #fff; --faint: #5c6470;
  --line: #d8dce2; --error: #a8071a; --warning: #8a5300; --good: #1f6f43; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181d; --faint: #9aa3af;
  --line: #343a44; --error: #ff8f8f; --warning: #f0b35c; --good: #7fd6a4; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .25rem; }
p { margin: .25rem 0; } code { font-size: .9em; } .faint { color: var(--faint); }
.error { color: var(--error); } .warning { color: var(--warning); } .good { color: var(--good); }
li { margin: .5rem 0; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0;
  border-top: 1px solid var(--line); }
"""
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def as_html(report: Report) -> str:
    """The report as a page; every name in it is text, whatever it looks like."""
    state = "error" if report.findings or report.faults else "good"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        _POLICY,
        f"<title>Compliance of {_text(report.bus or 'a bus')}</title>",
        f"<style>{_STYLE}</style></head><body><main>",
        f"<h1>Compliance of {_text(report.bus or 'a bus')}</h1>",
        f'<p class="{state}"><strong>{_text(headline(report))}</strong></p>',
        f'<p class="faint">{_text(scope(report))}</p>',
        *_findings(report.findings),
        *_faults(report),
        *_exceptions(report.exceptions, report.excepted),
        *_unseen(report),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    for rule_id, found in groupby(findings, key=lambda finding: finding.rule):
        rule = RULES[rule_id]
        yield f'<section><h2>{rule.id} {_text(rule.title)} <span class="{rule.severity}">'
        yield f'{rule.severity}</span></h2><p class="faint">{_text(rule.purpose)}</p><ul>'
        for one in found:
            yield f"<li>{_text(one.message)}<br>{_place(one)}<br>{_text(one.hint)}</li>"
        yield "</ul></section>"


def _faults(report: Report) -> Iterator[str]:
    if report.faults:
        yield "<section><h2>Faults of the declaration</h2><ul>"
        for fault in report.faults:
            yield f"<li>{_text(str(fault))} <code>{_text(fault.code)}</code></li>"
        yield "</ul></section>"


def _exceptions(exceptions: Iterable[AcceptedUntil], excepted: Iterable[Finding]) -> Iterator[str]:
    rows = [
        f"<tr><td>{_text(one.name)}</td><td>{_text(one.rule)} <code>{_text(one.subject)}</code>"
        f"</td><td>{_text(one.reason)}<br>approved by {_text(one.approver)}{_accepted(one, excepted)}</td>"
        f"<td>{_text(one.expires)}</td></tr>"
        for one in exceptions
    ]
    if rows:
        yield "<section><h2>Exceptions</h2><table><thead><tr><th>name</th><th>accepts</th>"
        yield "<th>why</th><th>until</th></tr></thead><tbody>"
        yield from rows
        yield "</tbody></table></section>"


def _accepted(one: AcceptedUntil, excepted: Iterable[Finding]) -> str:
    if not one.used:
        return '<br><span class="warning">unused: it accepts nothing that was found</span>'
    found = (each for each in excepted if each.excepted_by == one.name)
    return "".join(f"<br>excepted: {_text(each.message)} {_place(each)}" for each in found)


def _unseen(report: Report) -> Iterator[str]:
    yield "<section><h2>Not seen here</h2><table><tbody>"
    for rule, where in unseen(report):
        yield f"<tr><th>{rule.id}</th><td>{_text(rule.title)}</td><td>{_text(where)}</td></tr>"
    yield "</tbody></table></section>"


def _place(finding: Finding) -> str:
    return f'<code class="faint">{_text(f"{finding.where} {finding.pointer}")}</code>'


def _text(text: str) -> str:
    return escape(printable(text))
