"""The report in each of its forms, whatever the names in it look like."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.errors import Fault
from keybus.governance.compliance import RULES, AcceptedUntil, Finding, Report
from keybus.governance.compliance.render import FORMS, as_html, as_json, as_sarif, as_text
from keybus.patterns.wording import printable

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></main>",
    "&amp;&#x41;",
    "\x1b[2J\x07",
    "a\r\nb\u2028c",
    "\ud800",
    "\u202eright to left",
    "{{7*7}}${x}%s",
    "",
]
names = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=20))
rules = st.sampled_from(sorted(RULES))
lines = st.integers(0, 9)


def findings(excepted_by: str = "") -> st.SearchStrategy[Finding]:
    return st.builds(
        Finding,
        rule=rules,
        severity=st.sampled_from(["error", "warning"]),
        pointer=st.one_of(names.map(lambda name: f"/accounts/{name}"), st.just("/running/bus")),
        file=names,
        line=lines,
        message=names,
        hint=names,
        subject=names,
        excepted_by=st.just(excepted_by),
    )


faults = st.builds(Fault, names, names, names, names, lines, names)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    name = draw(names.filter(bool))
    words = st.tuples(rules, names, names, names, names)
    one = AcceptedUntil(name, *draw(words), used=True)
    return Report(
        bus=draw(names),
        at="2027-01-15T00:00:00Z",
        judged=draw(st.sampled_from([("declaration",), ("declaration", "running")])),
        complete=draw(st.booleans()),
        findings=tuple(sorted(draw(st.lists(findings(), max_size=5)), key=lambda f: f.rule)),
        excepted=tuple(draw(st.lists(findings(name), max_size=3))),
        exceptions=(one,),
        faults=tuple(draw(st.lists(faults, max_size=3))),
    )


@given(reports())
def test_every_form_can_be_written_as_utf8(report: Report) -> None:
    for form in FORMS.values():
        assert form(report).encode().endswith(b"\n")


@given(reports())
def test_text_has_nothing_that_acts_on_a_terminal(report: Report) -> None:
    text = as_text(report)
    assert all(one.isprintable() or one == "\n" for one in text)
    heads = {finding.rule for finding in report.findings}
    assert all(f"\n{RULES[rule].id} {RULES[rule].title} (" in text for rule in heads)
    assert all(printable(finding.message) in text for finding in report.findings)
    # What other places judge is a long list, under which faults would be lost.
    assert ("\nNot seen here:\n" in text) is not bool(report.faults)


@given(reports())
def test_json_says_all(report: Report) -> None:
    read = json.loads(as_json(report))
    assert [row["message"] for row in read["findings"]] == [one.message for one in report.findings]
    assert [row["excepted_by"] for row in read["excepted"]] == [
        one.excepted_by for one in report.excepted
    ]
    assert [row["code"] for row in read["faults"]] == [one.code for one in report.faults]


@given(reports())
def test_sarif_has_a_result_for_each_finding(report: Report) -> None:
    read = json.loads(as_sarif(report))
    assert (read["version"], len(read["runs"])) == ("2.1.0", 1)
    run = read["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == list(RULES)
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning"}
    judged = len(report.findings) + len(report.excepted)
    assert [result["ruleId"] for result in run["results"][judged:]] == [
        fault.code for fault in report.faults
    ]
    for result in run["results"][:judged]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
    for result in run["results"]:
        assert result["level"] in {"error", "warning", "note"}
        assert isinstance(result["message"]["text"], str)
        check_location(result["locations"])
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert len(suppressed) == len(report.excepted)
    for result in suppressed:
        [suppression] = result["suppressions"]
        assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
        assert suppression["justification"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is not bool(report.faults)
    told = [note for note in invocation["toolExecutionNotifications"] if note["level"] == "error"]
    assert len(told) == len(report.faults)


def check_location(locations: list[dict[str, Any]]) -> None:
    [location] = locations
    assert location["logicalLocations"][0]["fullyQualifiedName"]
    if "physicalLocation" in location:
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not set(uri) & set(' <>"\\')
        assert location["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1


class _Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(reports())
def test_the_page_runs_nothing_and_loads_nothing(report: Report) -> None:
    page = _Page()
    text = as_html(report)
    page.feed(text)
    page.close()
    assert page.open == []
    assert set(page.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "section"),
        *("ul", "li", "br", "code", "span", "strong", "table", "thead", "tbody", "tr", "th", "td"),
    }
    assert {name for name, _ in page.attributes} <= {
        *("lang", "charset", "name", "content", "http-equiv", "class"),
    }
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("name", NASTY[:4])
def test_the_page_shows_names_as_they_are(name: str) -> None:
    finding = Finding("DX01", "error", "/accounts/x", "f.yaml", 3, name, "", "")
    report = Report(bus=name, at="", judged=("declaration",), complete=True, findings=(finding,))
    shown: list[str] = []
    page = _Page()
    page.handle_data = shown.append  # type: ignore[assignment, method-assign]  # collects what is shown
    page.feed(as_html(report))
    assert shown.count(name) >= 1
    assert f"Compliance of {name}" in shown
