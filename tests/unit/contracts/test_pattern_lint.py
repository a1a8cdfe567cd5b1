"""Patterns against contracts: every rule, where it looks, what it says, and what it never says."""

import json
import re
import time
from pathlib import Path
from typing import Any, get_args

import pytest

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.pattern_lint import RULES, PatternFinding, RuleId, lint_pattern
from keybus.errors import PatternError, SettingsError
from tests.running import ROOT

TEXT = {"type": "string"}
SITE = {"type": "object", "properties": {"kind": {"enum": ["HOME", "GATE"]}, "name": TEXT}}
SHOWN: dict[str, Any] = {
    "type": "object",
    "required": ["id", "status", "count", "code", "note", "tags"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "at": {"type": "string", "format": "date-time"},
        "ip": {"type": "string", "format": "ipv4"},
        "status": {"enum": ["OPEN", "SHUT", "LOCKED"]},
        "maybe": {"enum": ["YES", None]},
        "count": {"type": "integer", "minimum": 0, "maximum": 9, "exclusiveMaximum": True},
        "ratio": {"type": "number", "minimum": 0, "maximum": 1},
        "large": {"type": "integer", "minimum": 0},
        "code": {"type": "string", "pattern": "^DEL-[A-Z]+$", "maxLength": 8},
        "short": {"type": "string", "minLength": 2, "maxLength": 4},
        "flag": {"type": "boolean"},
        "note": {"type": ["string", "null"]},
        "tags": {"type": "array", "minItems": 1, "items": {"enum": ["RED", "BLUE"]}},
        "stops": {"type": "array", "items": SITE},
        "site": SITE,
        "closed": {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False},
        "labels": {"type": "object", "additionalProperties": {"enum": ["X"]}},
        "named": {"type": "object", "patternProperties": {"^n_": {"type": "integer"}}},
        "free": {"type": "object"},
        "any": {},
        "deep.er": {"enum": [1, 2]},
        "either": {"anyOf": [{"enum": ["A"]}, {"enum": ["B"]}, {"type": "integer"}]},
        "door": {
            "oneOf": [
                {"type": "object", "properties": {"open": {"type": "boolean"}}},
                {"type": "object", "properties": {"angle": {"type": "integer"}}},
            ]
        },
    },
}


def contract(event_type: str, schema: Any) -> Contract:
    metadata = {"type": event_type, "version": "1.0.0", "owner": "o", "classification": "public"}
    file = f"{event_type}.json"
    return Contract({file: {"title": "T", "x-keybus": metadata, **schema}}, file)


DOOR = contract("door.shown", SHOWN)
GATE = contract(
    "gate.shown",
    {"type": "object", "properties": {"status": {"enum": ["UP", "SHUT"]}, "angle": TEXT}},
)


def found(pattern: Any, *contracts: Contract, **options: Any) -> list[PatternFinding]:
    return lint_pattern(pattern, contracts or [DOOR], **options)


def brief(findings: list[PatternFinding]) -> list[tuple[str, str]]:
    return [(one.rule, one.pointer) for one in findings]


IMPOSSIBLE = [
    ("unknown-envelope-field", {"detial": {"id": ["x"]}}, "/detial", "did you mean 'detail'?"),
    ("unknown-envelope-field", {"detailtype": ["x"]}, "/detailtype", "'detail-type'"),
    ("undeclared-field", {"detail": {"statsu": ["x"]}}, "/detail/statsu", "did you mean 'status'?"),
    ("undeclared-field", {"detail": {"sit": {"kind": ["x"]}}}, "/detail/sit", "'site'"),
    ("undeclared-field", {"detail": {"site": {"knid": ["x"]}}}, "/detail/site/knid", "'kind'"),
    ("undeclared-field", {"detail": {"stops": {"knd": ["x"]}}}, "/detail/stops/knd", "'kind'"),
    ("undeclared-field", {"detail.site.knid": ["x"]}, "/detail.site.knid", "'kind'"),
    ("undeclared-field", {"detail": {"colour": ["x"]}}, "/detail/colour", "declared are id, at"),
    (
        "undeclared-field",
        {"detail": {"colour": [{"exists": False}]}},
        "/detail/colour",
        "so `exists: false` filters nothing",
    ),
    ("undeclared-field", {"detail": {"named": {"x": [1]}}}, "/detail/named/x", "'detail.named.x'"),
    ("impossible-field", {"detail": {"status": {"code": ["x"]}}}, "/detail/status/code", "is text"),
    ("impossible-field", {"detail": {"count": {"x": {"y": [1]}}}}, "/detail/count/x", "a number"),
    ("impossible-field", {"source": {"x": ["y"]}}, "/source/x", "'source' is text"),
    ("impossible-field", {"detail": {"closed": {"b": ["x"]}}}, "/detail/closed/b", "declared are a"),
    ("not-a-leaf", {"detail": {"site": ["HOME"]}}, "/detail/site", "within it: kind, name"),
    ("not-a-leaf", {"detail": {"site": [{"exists": True}]}}, "/detail/site", "is an object"),
    ("not-a-leaf", {"detail": {"stops": ["HOME"]}}, "/detail/stops", "kind"),
    ("not-a-leaf", {"detail": [{"exists": True}]}, "/detail", "id, at"),
    ("required-field", {"detail": {"id": [{"exists": False}]}}, "/detail/id/0", "every event has"),
    ("required-field", {"detail": {"note": [None, {"exists": False}]}}, "/detail/note/1", "remove"),
    ("required-field", {"time": [{"exists": False}]}, "/time/0", "every event has 'time'"),
    ("impossible-type", {"detail": {"status": [3]}}, "/detail/status/0", 'write "3" in quotes'),
    ("impossible-type", {"detail": {"count": ["3"]}}, "/detail/count/0", "write 3 without quotes"),
    ("impossible-type", {"detail": {"flag": ["true"]}}, "/detail/flag/0", "write true without"),
    ("impossible-type", {"detail": {"flag": [1]}}, "/detail/flag/0", "is true or false"),
    ("impossible-type", {"detail": {"count": [True]}}, "/detail/count/0", "is a number"),
    ("impossible-type", {"detail": {"status": [None]}}, "/detail/status/0", "never null"),
    ("impossible-type", {"detail": {"id": [{"numeric": [">", 1]}]}}, "/detail/id/0", "is text"),
    ("impossible-type", {"detail": {"count": [{"prefix": "1"}]}}, "/detail/count/0", "a number"),
    (
        "impossible-value",
        {"detail": {"status": ["OPEN", "SHTU"]}},
        "/detail/status/1",
        "did you mean 'SHUT'?",
    ),
    ("impossible-value", {"detail": {"status": ["open"]}}, "/detail/status/0", "'OPEN'"),
    ("impossible-value", {"detail": {"status": [{"wildcard": "OPN"}]}}, "/detail/status/0", "OPEN"),
    ("impossible-value", {"detail": {"maybe": ["NO"]}}, "/detail/maybe/0", "one of YES, null"),
    ("impossible-value", {"detail": {"count": [9]}}, "/detail/count/0", "less than 9"),
    ("impossible-value", {"detail": {"count": [1.5]}}, "/detail/count/0", "a whole number"),
    ("impossible-value", {"detail": {"code": ["del-a"]}}, "/detail/code/0", "matches /^DEL-"),
    ("impossible-value", {"detail": {"short": ["x"]}}, "/detail/short/0", "at least 2 characters"),
    ("impossible-value", {"detail": {"id": ["7"]}}, "/detail/id/0", "a UUID"),
    ("impossible-value", {"detail": {"tags": ["GREN"]}}, "/detail/tags/0", "RED, BLUE"),
    ("impossible-value", {"detail": {"labels": {"q": ["Y"]}}}, "/detail/labels/q/0", "always X"),
    ("impossible-value", {"detail": {"deep": {"er": [3]}}}, "/detail/deep/er/0", "one of 1, 2"),
    ("impossible-value", {"detail": {"either": ["C"]}}, "/detail/either/0", "one of A, B"),
    ("impossible-value", {"version": ["1"]}, "/version/0", "always 0"),
    ("impossible-value", {"account": ["12"]}, "/account/0", "12 characters"),
    ("impossible-range", {"detail": {"count": [{"numeric": [">", 8]}]}}, "/detail/count/0", "at le"),
    (
        "impossible-range",
        {"detail": {"count": [{"numeric": [">", 1, "<", 2]}]}},
        "/detail/count/0",
        "a whole number of at least 0 and less than 9",
    ),
    ("impossible-range", {"detail": {"ratio": [{"numeric": ["<", 0]}]}}, "/detail/ratio/0", "0"),
    ("impossible-range", {"detail": {"deep.er": [{"numeric": [">", 2]}]}}, "/detail/deep.er/0", "1"),
    ("impossible-text", {"detail": {"status": [{"prefix": "OPEM"}]}}, "/detail/status/0", "'OPEN'"),
    ("impossible-text", {"detail": {"status": [{"suffix": "open"}]}}, "/detail/status/0", "OPEN"),
    ("impossible-text", {"detail": {"code": [{"prefix": "DEK"}]}}, "/detail/code/0", "DEK"),
    ("impossible-text", {"detail": {"code": [{"wildcard": "del*"}]}}, "/detail/code/0", "del*"),
    ("impossible-text", {"detail": {"code": [{"suffix": "123456789"}]}}, "/detail/code/0", "789"),
    ("impossible-text", {"detail": {"at": [{"prefix": "Jan"}]}}, "/detail/at/0", "date-time"),
    (
        "impossible-text",
        {"detail": {"id": [{"prefix": {"equals-ignore-case": "xyz"}}]}},
        "/detail/id/0",
        "uuid",
    ),
    ("impossible-text", {"detail": {"id": [{"cidr": "10.0.0.0/8"}]}}, "/detail/id/0", "uuid"),
    ("impossible-text", {"detail": {"ip": [{"cidr": "2001:db8::/32"}]}}, "/detail/ip/0", "ipv4"),
    (
        "impossible-text",
        {"detail": {"status": [{"anything-but": ["OPEN", "SHUT", "LOCKED"]}]}},
        "/detail/status/0",
        "one of OPEN",
    ),
    ("impossible-text", {"region": [{"cidr": "10.0.0.0/8"}], "time": [{"prefix": "x"}]}, "/time/0", ""),
    ("no-such-event-type", {"detail-type": ["door.shwon"]}, "/detail-type/0", "'door.shown'"),
    ("no-such-event-type", {"detail-type": [{"prefix": "x"}]}, "/detail-type/0", "like"),
    ("no-such-source", {"source": ["shop", "shpo"]}, "/source/1", "did you mean 'shop'?"),
    ("no-such-source", {"source": [{"suffix": ".eu"}]}, "/source/0", "they come from shop"),
]  # fmt: skip


@pytest.mark.parametrize("case", IMPOSSIBLE, ids=lambda case: f"{case[0]} {json.dumps(case[1])}")
def test_what_can_never_match(case: tuple[str, Any, str, str]) -> None:
    rule, pattern, pointer, words = case
    (one,) = found(pattern, sources={"door.shown": ["shop"]})
    assert (one.rule, one.pointer, one.severity) == (rule, pointer, "error")
    assert words in f"{one.message} ({one.hint})"
    assert one.event_types == ("door.shown",)
    assert one.overridable == (rule == "undeclared-field")
    assert str(one) == f"{pointer}: {one.message}" + (f" ({one.hint})" if one.hint else "") + (
        f" [{rule}]"
    )


ALWAYS = [
    {"id": [{"exists": True}]},
    {"id": [{"prefix": ""}]},
    {"id": [{"wildcard": "*"}]},
    {"status": ["OPEN", "SHUT", "LOCKED"]},
    {"status": [{"anything-but": "LOCKED"}, {"prefix": "L"}]},
    {"count": [{"numeric": [">=", 0]}]},
    {"count": [{"numeric": ["<", 4]}, {"numeric": [">=", 4]}]},
    {"count": list(range(9))},
    {"note": [None, {"suffix": ""}]},
    {"tags": [{"exists": True}]},
    {"tags": ["RED", "BLUE"]},
    {"code": [{"anything-but": 3}]},
    {"site": [{"exists": False}]},
]


@pytest.mark.parametrize("pattern", ALWAYS, ids=json.dumps)
def test_what_always_matches(pattern: Any) -> None:
    (field,) = pattern
    (one, *more) = found({"detail": pattern})
    if one.rule == "excludes-nothing":
        assert one.pointer == f"/detail/{field}/0/anything-but"
    else:
        assert (one.rule, one.pointer) == ("always-matches", f"/detail/{field}")
    assert (one.severity, one.overridable, more) == ("warning", True, [])
    assert found({"detail": pattern}, allow=[one.rule]) == []


def test_what_is_excluded_in_vain() -> None:
    (one,) = found({"detail": {"status": [{"anything-but": ["OPEN", "SHTU"]}]}})
    assert (one.rule, one.pointer) == ("excludes-nothing", "/detail/status/0/anything-but/1")
    assert one.hint == "did you mean 'SHUT'?"
    (one,) = found({"detail": {"status": [{"anything-but": {"prefix": "open"}}]}})
    assert one.pointer == "/detail/status/0/anything-but/prefix"


NOTHING = [
    {"detail": {"status": ["OPEN"], "maybe": [None], "flag": [True], "count": [3, 3.0, 0]}},
    {"detail": {"count": [{"numeric": [">", 7]}], "ratio": [{"numeric": [">=", 0, "<=", 1]}]}},
    {"detail": {"large": [{"numeric": [">=", 0]}], "ratio": [0.5, 1]}},
    {"detail": {"note": [{"prefix": ""}], "at": [{"prefix": "2026-0"}]}},
    {"detail": {"code": [{"prefix": "DEL"}, {"prefix": "DEL-AB"}, {"wildcard": "*X"}, "DEL-A"]}},
    {"detail": {"short": [{"equals-ignore-case": "ß"}, {"suffix": "abcd"}]}},
    {"detail": {"free": {"x": {"y": [1]}}, "any": {"z": ["q"]}, "named": {"n_1": [1]}}},
    {"detail": {"any": [1, "a", None, {"exists": False}]}},
    {"detail": {"labels": {"anything": ["X"]}, "stops": {"kind": ["HOME", "GATE"]}}},
    {"detail": {"stops": {"kind": [{"exists": False}], "name": [{"exists": True}]}}},
    {"detail": {"deep": {"er": [1]}}},
    {"detail.site.kind": ["HOME"]},
    {"detail": {"door": {"open": [True]}, "either": ["A", 5]}},
    {"detail": {"door": {"angle": [{"numeric": [">", 3]}]}}},
    {"detail": {"ip": ["10.0.0.1", {"cidr": "10.0.0.0/8"}], "tags": [{"anything-but": "RED"}]}},
    {"version": ["0"], "detail-type": ["door.shown"], "source": ["shop"], "region": ["eu-west-1"]},
    {"account": ["111111111111"], "resources": [{"prefix": "arn:"}], "time": [{"prefix": "20"}]},
    {"replay-name": [{"exists": False}]},
]


@pytest.mark.parametrize("pattern", NOTHING, ids=json.dumps)
def test_what_may_match_is_left_alone(pattern: Any) -> None:
    assert found(pattern, sources={"door.shown": ["shop"]}) == []


def test_numbers_that_no_double_holds_are_left_alone() -> None:
    assert found('{"detail": {"ratio": [0.5000000000000000000001, 1e400]}}') == []
    assert found('{"detail": {"large": [900719925474099300000]}}') == []


def test_every_value_and_every_branch_is_judged_for_itself() -> None:
    pattern = {
        "detail": {
            "count": [1],
            "$or": [{"status": ["OPEN", "OPNE"]}, {"stauts": ["SHUT"]}, {"flag": ["yes", True]}],
        }
    }
    assert brief(found(pattern)) == [
        ("impossible-value", "/detail/$or/0/status/1"),
        ("undeclared-field", "/detail/$or/1/stauts"),
        ("impossible-type", "/detail/$or/2/flag/0"),
    ]


def test_a_field_is_judged_in_the_events_that_its_branch_leaves() -> None:
    branches = [
        {"detail-type": ["gate.shown"], "detail": {"status": ["OPEN"]}},
        {"detail-type": ["door.shown"], "detail": {"status": ["OPEN"]}},
    ]
    (one,) = found({"$or": branches}, DOOR, GATE)
    assert (one.rule, one.pointer) == ("impossible-value", "/$or/0/detail/status/0")
    assert one.event_types == ("gate.shown",)
    assert "UP, SHUT" in one.hint
    assert found({"detail": {"status": ["OPEN", "UP"]}}, DOOR, GATE) == []


def test_what_no_one_event_can_match() -> None:
    pattern = {"detail": {"status": ["OPEN"], "angle": ["wide"]}}
    (one,) = found(pattern, DOOR, GATE)
    assert (one.rule, one.pointer, one.overridable) == ("contradiction", "", True)
    assert "'detail.status' lets door.shown pass; 'detail.angle' lets gate.shown pass" in one.hint
    assert found(pattern, DOOR, GATE, allow=["undeclared-field"]) == []
    assert found(pattern, DOOR, GATE, allow=["detail.angle"]) == []
    branches = {"detail": {"$or": [pattern["detail"], {"status": ["UP"]}]}}
    assert brief(found(branches, DOOR, GATE)) == [("contradiction", "/detail/$or/0")]
    both = {"detail": {"status": ["OPEN"]}, "$or": [{"source": ["g"]}, {"source": ["d"]}]}
    sources = {"door.shown": ["d"], "gate.shown": ["g"]}
    assert brief(found(both, DOOR, GATE, sources=sources)) == [("contradiction", "/$or/0")]
    split = {"detail-type": ["gate.shown"], "source": ["d"]}
    (one,) = found(split, DOOR, GATE, sources=sources)
    assert (one.rule, one.hint) == ("no-such-source", "they come from g")


def test_what_rests_on_undeclared_fields_can_be_overridden() -> None:
    (one,) = found({"detail": {"count": ["5"]}}, DOOR, GATE)
    assert (one.rule, one.overridable) == ("impossible-type", True)
    for allow in (["undeclared-field"], ["detail.count"]):
        assert found({"detail": {"count": ["5"]}}, DOOR, GATE, allow=allow) == []
    (one,) = found({"detail": {"count": ["5"]}}, DOOR, allow=["undeclared-field"])
    assert (one.rule, one.overridable) == ("impossible-type", False)


def test_a_field_that_is_meant_and_all_else_is_still_checked() -> None:
    pattern = {"detail": {"colour": {"of": ["x"]}, "colours": ["x"], "status": ["OPNE"]}}
    assert brief(found(pattern, allow=["detail.colour"])) == [
        ("undeclared-field", "/detail/colours"),
        ("impossible-value", "/detail/status/0"),
    ]
    assert brief(found(pattern, allow=["detail.colour", "detail.colours"])) == [
        ("impossible-value", "/detail/status/0")
    ]


@pytest.mark.parametrize("allow", ["impossible-value", "colour", "undeclared", "", "detail"])
def test_only_what_can_be_allowed(allow: str) -> None:
    with pytest.raises(SettingsError, match="undeclared-field"):
        found({"detail": {"status": ["OPEN"]}}, allow=[allow])


def test_foreign_events() -> None:
    foreign = {"foreign": True}
    assert found({"source": ["aws.key"]}, **foreign) == []
    assert found({"detail-type": ["EC2 Instance"], "detail": {"any": [1]}}, **foreign) == []
    assert found({"detail": {"statsu": ["x"]}}, **foreign) == []
    assert brief(
        found({"detail-type": ["door.shown"], "detail": {"statsu": ["x"]}}, **foreign)
    ) == [("undeclared-field", "/detail/statsu")]
    (one,) = found({"detail-type": ["door.shwon"]}, **foreign)
    assert (one.rule, one.overridable, one.hint) == (
        "no-such-event-type",
        True,
        "did you mean 'door.shown'?",
    )
    for allow in ("no-such-event-type", "detail-type"):
        assert found({"detail-type": ["door.shwon"]}, allow=[allow], **foreign) == []
    assert brief(found({"version": ["1"], "detial": ["x"]}, **foreign)) == [
        ("impossible-value", "/version/0"),
        ("unknown-envelope-field", "/detial"),
    ]


def test_without_contracts_there_is_the_envelope() -> None:
    assert lint_pattern({"detail": {"x": [1]}, "detail-type": ["a.b"]}, []) == []
    assert brief(lint_pattern({"detail": [1]}, [])) == [("not-a-leaf", "/detail")]
    assert lint_pattern({"detail": {"x": [1]}}, {"a.b": None}) == []
    assert brief(lint_pattern({"detail-type": ["a.c"]}, {"a.b": None})) == [
        ("no-such-event-type", "/detail-type/0")
    ]


def test_what_one_branch_leaves_undeclared_and_another_declares() -> None:
    named = {"properties": {"a": TEXT}}
    either = {"anyOf": [named, {**named, "additionalProperties": TEXT}], "type": "object"}
    for branches in (either["anyOf"], either["anyOf"][::-1]):
        shown = contract("shown.either", {**either, "anyOf": branches})
        assert shown.accepts({"b": 3})
        (one,) = found({"detail": {"b": [3]}}, shown)
        assert (one.rule, one.overridable) == ("impossible-type", True)


def test_limits_are_told_to_the_last_digit() -> None:
    large = contract("shown.large", {"properties": {"n": {"type": "number", "maximum": 2**53 - 1}}})
    (one,) = found({"detail": {"n": [{"numeric": [">=", 2**53]}]}}, large)
    assert one.hint == "it is a number of at most 9007199254740991"


def test_a_whole_repository(repository: ContractRepository) -> None:
    (one,) = lint_pattern({"detail-type": ["no.such"]}, repository)
    assert set(one.event_types) == set(repository.types)
    assert lint_pattern({"detail-type": [repository.types[0]]}, repository) == []


def test_equal_keys_and_overrides_of_text() -> None:
    text = '{"detail": {"status": ["x"]}, "detail": {"status": ["OPEN"], "count": ["1"]}}'
    assert brief(found(text)) == [("impossible-type", "/detail/count/0")]
    text = '{"detail": {"status": ["OPEN"], "$or": [{"status": ["NO"]}, {"flag": [true]}]}}'
    assert brief(found(text)) == [("impossible-value", "/detail/$or/0/status/0")]


def test_what_is_no_pattern_is_refused() -> None:
    with pytest.raises(PatternError):
        found({"detail": {"status": "OPEN"}})


def test_schemas_that_hold_themselves() -> None:
    tree = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "n": {"type": "integer"}},
    }
    loops = {"type": "array", "items": {"$ref": "#/definitions/loop"}}
    recursive = contract(
        "tree.shown",
        {**tree, "definitions": {"loop": loops, "x": {"anyOf": [{"$ref": "#"}, TEXT]}}},
    )
    assert found({"detail": {"kids": {"kids": {"n": [1]}}}}, recursive) == []
    assert brief(found({"detail": {"kids": {"kids": {"m": [1]}}}}, recursive)) == [
        ("undeclared-field", "/detail/kids/kids/m")
    ]
    looped = contract("loop.shown", {"properties": {"a": loops}, "definitions": {"loop": loops}})
    found({"detail": {"a": [1]}}, looped)


def test_hostile_contracts_and_patterns_take_no_time() -> None:
    started = time.perf_counter()
    branch = {"anyOf": [{"properties": {name: TEXT}} for name in "abcdefgh"]}
    wide = contract("wide.shown", {"allOf": [branch] * 12})
    assert found({"detail": {"zzz": ["x"]}}, wide) == []  # too many ways to tell
    deep: Any = ["x"]
    for _ in range(900):
        deep = {"a": deep}
    assert found(deep) == []
    assert found({"detail": {"free": {".".join("a" * 5_000): ["x"]}}}) == []
    many = [{"status": [f"S{n}"]} for n in range(400)]
    assert len(found({"detail": {"$or": many}})) == 400
    assert time.perf_counter() - started < 20


def test_texts_stay_short() -> None:
    (one,) = found({"detail": {"status": ["x" * 10_000]}})
    assert len(str(one)) < 500
    (one,) = found({"detail": {"y" * 10_000: ["x"]}})
    assert len(one.message) < 500
    (one,) = found({"detail": {"status": ["a\n\x1b[31mb"]}})
    assert str(one).isprintable()


def test_the_page_and_the_rules_are_one() -> None:
    section = (ROOT / "docs" / "contracts.md").read_text().partition("## Patterns against")[2]
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (error|warning)(, can be allowed)? \| ", section, re.MULTILINE
    )
    listed = [(rule, severity, bool(allowed)) for rule, severity, allowed in rows]
    assert [rule for rule, *_ in listed] == list(get_args(RuleId)) == list(RULES)
    for rule, severity, allowed in listed:
        assert RULES[rule].severity == severity
        if rule != "no-such-event-type":  # it depends, says the page
            assert RULES[rule].overridable == allowed


def test_the_reference_application_has_no_dead_filter(example: Path) -> None:
    contracts = ContractRepository.load(example / "contracts")
    pattern = {"detail": {"status": ["IN_GARAGE"], "site": {"kind": ["GATED_COMMUNITY"]}}}
    assert lint_pattern(pattern, contracts) == []
