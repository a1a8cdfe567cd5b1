"""Lists that grow: who writes keeps to them, who reads takes what is not listed yet."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import Contract, stamp
from keybus.contracts.bindings import python_package
from keybus.contracts.extensible import without_extensible_lists
from keybus.contracts.pattern_lint import PatternFinding, lint_pattern
from keybus.contracts.policies import DEFAULT
from keybus.contracts.releases.changes import changes
from keybus.contracts.releases.judging import Predecessor, judge
from keybus.errors import InvalidEvent
from tests.unit.contracts.small import bind, properties

GROWING = {"type": "string", "enum": ["OPEN", "SHUT"], "x-extensible": True}
FIXED = {"type": "string", "enum": ["OPEN", "SHUT"]}
SITE = properties(kind={"enum": ["HOME", 1, None], "x-extensible": True}, other=FIXED)
HEAD: dict[str, Any] = {
    "id": "1",
    "type": "small.shown",
    "time": "2026-01-31T08:00:00Z",
    "publisher": {"name": "p"},
    "schema_version": "1.3.0",
}


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    return bind(tmp_path, properties(status=GROWING, fixed=FIXED, site=SITE))


def test_a_reader_takes_what_is_not_listed_yet(shown: Any) -> None:
    read = shown.from_json(json.dumps({**HEAD, "status": "AJAR", "site": {"kind": "GATE"}}))
    assert (read.status, read.site.kind) == ("AJAR", "GATE")
    assert shown.from_dict(read.to_dict()) == read
    assert json.loads(read.to_json())["status"] == "AJAR"
    assert stamp(read, "p") is read  # it is forwarded as it came


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"status": 7}, "/status"),  # another type than any that is listed
        ({"fixed": "AJAR"}, "/fixed"),
        ({"site": {"kind": True}}, "/site/kind"),
        ({"site": {"kind": "GATE", "other": "AJAR"}}, "/site/other"),
    ],
)
def test_a_reader_refuses_all_else(shown: Any, wrong: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        shown.from_dict({**HEAD, "status": "AJAR", **wrong})
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_a_writer_keeps_to_the_list(shown: Any) -> None:
    with pytest.raises(InvalidEvent) as caught:
        shown(status="AJAR")
    assert [fault.pointer for fault in caught.value.faults] == ["/status"]
    with pytest.raises(InvalidEvent):
        shown(status="OPEN").replace(status="AJAR")
    read = shown.from_dict({**HEAD, "status": "AJAR"})
    with pytest.raises(InvalidEvent):  # a copy that is changed is a new event
        read.replace(fixed="SHUT")
    assert read.replace(status="SHUT").status == "SHUT"


def test_an_alternative_is_read_as_what_it_has_grown_to(tmp_path: Path) -> None:
    door = {**properties(kind={"enum": ["DOOR"]}, state=GROWING), "required": ["kind", "state"]}
    gate = {**properties(kind={"enum": ["GATE"]}, angle={"type": "integer"}), "required": ["kind"]}
    event = bind(tmp_path, properties(what={"oneOf": [gate, door]}))
    read = event.from_dict({**HEAD, "what": {"kind": "DOOR", "state": "AJAR"}})
    assert read.what.state == "AJAR"
    assert event.from_dict({**HEAD, "what": {"kind": "GATE", "angle": 3}}).what.angle == 3


def test_what_fits_as_it_is_stays_good_where_growing_refuses_more(tmp_path: Path) -> None:
    letters = [{"enum": [each], "x-extensible": True} for each in ("A", "B")]
    event = bind(tmp_path, properties(one={"oneOf": letters}, no={"not": GROWING}))
    assert event.from_dict({**HEAD, "one": "A", "no": "AJAR"}).one == "A"
    with pytest.raises(InvalidEvent):
        event.from_dict({**HEAD, "no": "OPEN"})


def of(schema: dict[str, Any], version: str = "1.0.0") -> Contract:
    metadata = {"type": "a.b", "version": version, "owner": "o", "classification": "public"}
    return Contract({"a.json": {"title": "AB", "x-keybus": metadata, **schema}}, "a.json")


def test_a_contract_says_what_its_readers_take() -> None:
    contract = of(properties(status=GROWING, fixed=FIXED))
    assert not contract.accepts({"status": "AJAR"})
    assert contract.reads({"status": "AJAR"})
    assert contract.faults_of_reading({"status": "AJAR"}) == []
    (fault,) = contract.faults_of_reading({"status": "AJAR", "fixed": "AJAR"})
    assert fault.pointer == "/fixed"
    plain = of(properties(fixed=FIXED))
    assert plain.reads({"fixed": "OPEN"})
    assert not plain.reads({"fixed": "AJAR"})


def test_a_list_that_becomes_extensible_is_a_minor_change() -> None:
    before, after = of(properties(status=FIXED)), of(properties(status=GROWING), "1.0.1")
    [change] = changes(before, after)
    assert str(change) == 'changed /status: optional "OPEN" | "SHUT" → optional "OPEN" | "SHUT" | …'
    judged = judge(after, [Predecessor(before, is_promise=True)], DEFAULT)
    assert (judged.bump, judged.least) == ("minor", "1.1.0")


def test_a_list_is_found_by_its_place_not_by_a_name() -> None:
    """Properties may be called what keywords are called; values may look like schemas."""
    documents = {"a.json": properties(default=GROWING, enum=GROWING, properties=GROWING)}
    grown = without_extensible_lists(documents)["a.json"]["properties"]
    assert [each["type"] for each in grown.values()] == ["string"] * 3
    assert not any("enum" in each for each in grown.values())
    values = {"a.json": {"enum": [GROWING], "default": GROWING, "examples": [GROWING]}}
    assert without_extensible_lists(values) is values


def test_the_annotation_says_that_there_may_be_others() -> None:
    closed_too = {"allOf": [GROWING, {"enum": ["OPEN"]}]}
    contract = of(properties(status=GROWING, fixed=FIXED, both=closed_too, site=SITE))
    text = b"".join(python_package([contract]).values()).decode()
    assert '    status: _t.Literal["OPEN", "SHUT"] | str | None = None' in text
    assert '    fixed: _t.Literal["OPEN", "SHUT"] | None = None' in text
    assert '    both: _t.Literal["OPEN"] | None = None' in text
    assert '    kind: _t.Literal["HOME", 1] | str | int | None' in text


CONTRACT = of(
    {
        **properties(status=GROWING, fixed=FIXED, count={"enum": [1, 2], "x-extensible": True}),
        "required": ["status", "fixed", "count"],
    }
)


def linted(pattern: dict[str, Any], **options: Any) -> list[PatternFinding]:
    return lint_pattern({"detail": pattern}, [CONTRACT], **options)


def test_a_filter_on_what_is_not_listed_yet_is_a_warning() -> None:
    (one,) = linted({"status": ["OPENED", "SHUT"]})
    assert (one.rule, one.severity, one.pointer) == (
        "unlisted-value",
        "warning",
        "/detail/status/0",
    )
    assert one.hint == "did you mean 'OPEN'?"
    assert (
        one.message == "the list of 'detail.status' may grow, and has nothing like \"OPENED\" yet"
    )
    assert linted({"status": ["OPENED"]}, allow=["unlisted-value"]) == []
    (many,) = linted({"status": [{"prefix": "X"}]})
    assert (many.rule, many.severity) == ("unlisted-value", "warning")
    (number,) = linted({"count": [3]})
    assert (number.rule, number.hint) == ("unlisted-value", "it is one of 1, 2")


def test_other_findings_stay_what_they_were() -> None:
    assert [one.rule for one in linted({"fixed": ["AJAR"]})] == ["impossible-value"]
    assert [one.rule for one in linted({"status": [7]})] == ["impossible-type"]
    assert linted({"status": ["OPEN"], "fixed": ["SHUT"]}) == []


def test_a_list_that_may_grow_never_matches_always() -> None:
    assert [one.rule for one in linted({"fixed": ["OPEN", "SHUT"]})] == ["always-matches"]
    assert linted({"status": ["OPEN", "SHUT"]}) == []
    assert linted({"status": [{"anything-but": "AJAR"}]}) == []  # which may come
    assert [one.rule for one in linted({"fixed": [{"anything-but": "AJAR"}]})] == [
        "excludes-nothing"
    ]
