"""What a check found, in each of its forms: one function a form, from a report to text."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final
from xml.etree import ElementTree as ET  # only written, never read

import msgspec

from keybus.contracts.releases.judging import UNSETTLED, Judgement
from keybus.contracts.releases.report import Checked, Finding
from keybus.sarif import document, location

Lines = Callable[[str, str], int]
"""The line of a file at which the value at a pointer begins; 0 where it is not known."""


class Shown(msgspec.Struct, frozen=True):
    """What is shown.

    Attributes:
        checked: What was found.
        folder: The repository's folder, as the user calls it.
        line_of: Where in its files that is.
    """

    checked: Checked
    folder: PurePath
    line_of: Lines

    def file(self, finding: Finding) -> str:
        """The file as the user calls it; empty where it is in none."""
        return (self.folder / finding.file).as_posix() if finding.file else ""

    def line(self, finding: Finding) -> int:
        """Its line; 0 where it is not known."""
        return self.line_of(finding.file, finding.pointer) if finding.file else 0


def as_text(shown: Shown) -> str:
    """For people: a line for each contract that is not as it was, and below it what is found."""
    checked, lines = shown.checked, list[str]()
    own, shared, missing = _sorted(checked)
    for judgement in checked.judgements:
        if judgement.standing != "unchanged":
            lines.append(_headline(judgement))
            lines += [f"  {change}" for change in judgement.changes]
            lines += [f"  {_plain(shown, each)}" for each in own.get(judgement.contract.type, ())]
    for file, types in checked.shared.items():
        lines.append(f"{file} is shared by {len(types)} of them: {', '.join(types)}")
        lines += [f"  {_plain(shown, each)}" for each in shared if each.file == file]
    lines += [_plain(shown, each) for each in missing]
    lines += [_plain(shown, each) for each in checked.tried]
    same = sum(each.standing == "unchanged" for each in checked.judgements)
    count = len(checked.judgements)
    many = "" if count == 1 else "s"
    lines.append(f"{count} contract{many} beside {checked.against}, {same} unchanged")
    return "\n".join(lines) + "\n"


def as_json(shown: Shown) -> str:
    """For programs."""
    checked = shown.checked
    return _json(
        {
            "against": checked.against,
            "releasable": checked.is_releasable,
            "contracts": [_row(each) for each in checked.judgements],
            "shared": checked.shared,
            "missing": checked.missing,
            "findings": [
                {**msgspec.to_builtins(each), "file": shown.file(each), "line": shown.line(each)}
                for each in checked.findings
            ],
        }
    )


def as_junit(shown: Shown) -> str:
    """For CI servers that show tests: a case for each contract, failed where it has an error."""
    checked, found = shown.checked, _by_type(shown.checked)
    types = [*(each.contract.type for each in checked.judgements), *checked.missing]
    failed = [each for each in types if any(one.severity == "error" for one in found.get(each, ()))]
    suite = ET.Element("testsuite", name="keybus contracts check")
    suite.set("tests", str(len(types)))
    suite.set("failures", str(len(failed)))
    for event_type in types:
        case = ET.SubElement(suite, "testcase", classname="contracts", name=event_type)
        if event_type in failed:
            errors = [each for each in found[event_type] if each.severity == "error"]
            failure = ET.SubElement(case, "failure", message=errors[0].message, type=errors[0].rule)
            failure.text = "\n".join(_plain(shown, each) for each in errors)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_sarif(shown: Shown) -> str:
    """For code hosts that show findings beside the lines."""
    found = shown.checked.findings
    rules = sorted({each.rule for each in found})
    results = [
        {
            "ruleId": each.rule,
            "ruleIndex": rules.index(each.rule),
            "level": each.severity,
            "message": {"text": f"{each.message} ({each.hint})" if each.hint else each.message},
            "locations": [location(each.pointer, shown.file(each), shown.line(each))],
            "partialFingerprints": {"keybus/v1": f"{each.rule}:{each.types[0]}:{each.pointer}"},
        }
        for each in found
    ]
    driver = {"name": "keybus contracts check", "rules": [{"id": each} for each in rules]}
    return _json(
        document(
            {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
        )
    )


def as_github(shown: Shown) -> str:
    """Workflow commands, by which GitHub Actions puts findings beside the lines.

    Source: GitHub documentation, "Workflow commands for GitHub Actions".
    """
    return "".join(f"{each}\n" for each in _commands(shown))


FORMS: Final[Mapping[str, Callable[[Shown], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "sarif": as_sarif,
    "github": as_github,
}
"""Every form, by its name."""


def _commands(shown: Shown) -> Iterator[str]:
    for each in shown.checked.findings:
        kind = "error" if each.severity == "error" else "notice"
        parts = {"title": each.rule}
        if file := shown.file(each):
            parts["file"] = file
        if line := shown.line(each):
            parts["line"] = str(line)
        said = ",".join(f"{name}={_escaped(text, of_name=True)}" for name, text in parts.items())
        yield f"::{kind} {said}::{_escaped(f'{each.message} {each.hint}'.strip())}"


def _escaped(text: str, *, of_name: bool = False) -> str:
    marks = {"%": "%25", "\r": "%0D", "\n": "%0A"}
    if of_name:
        marks |= {":": "%3A", ",": "%2C"}
    for mark, code in marks.items():
        text = text.replace(mark, code)
    return text


def _headline(judgement: Judgement) -> str:
    contract = judgement.contract
    if judgement.rule == UNSETTLED:
        return f"{contract.type} {contract.version}: not settled yet"
    if judgement.standing == "new":
        return f"{contract.type} {contract.version}: new"
    if judgement.rule:
        return f"{contract.type} {contract.version}: has to be {judgement.least}"
    kind = f"{judgement.bump}, compatible" if judgement.bump else "compatible"
    if judgement.broken:
        kind = f"not compatible with {', '.join(judgement.breaks)}"
    return f"{contract.type} {judgement.since} → {contract.version}: {kind}"


def _plain(shown: Shown, finding: Finding) -> str:
    line = shown.line(finding)
    place = ":".join(part for part in (shown.file(finding), str(line) if line else "") if part)
    hint = f" ({finding.hint})" if finding.hint else ""
    start = f"{place}: " if place else ""
    return f"{start}{finding.pointer or '/'}: {finding.message}{hint} [{finding.rule}]"


def _row(judgement: Judgement) -> dict[str, Any]:
    contract = judgement.contract
    return {
        "type": contract.type,
        "version": contract.version,
        "digest": contract.digest,
        "standing": judgement.standing,
        "since": judgement.since,
        "bump": judgement.bump,
        "least": judgement.least,
        "breaks": judgement.breaks,
        "changes": judgement.changes,
        "files": judgement.files,
    }


def _sorted(checked: Checked) -> tuple[dict[str, list[Finding]], list[Finding], list[Finding]]:
    """Findings of one contract each, by type; those of shared files; those of no file."""
    own: dict[str, list[Finding]] = {}
    shared, missing = list[Finding](), list[Finding]()
    for each in checked.findings:
        if each in checked.tried:
            continue
        if not each.file:
            missing.append(each)
        elif each.file in checked.shared:
            shared.append(each)
        else:
            own.setdefault(each.types[0], []).append(each)
    return own, shared, missing


def _by_type(checked: Checked) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in checked.findings:
        for event_type in each.types:
            found.setdefault(event_type, []).append(each)
    return found


def _json(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value), indent=2) + "\n"
