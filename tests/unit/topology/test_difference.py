"""What changes, in a stable order, with what follows; and applying it leads where it says."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from keybus.topology.difference import difference
from keybus.topology.model import Platform
from keybus.topology.plain import plain_data
from tests.unit.topology.platforms import platforms

canonical = msgspec.json.Encoder(order="deterministic", enc_hook=plain_data).encode


def turned(value: Any) -> Any:
    """The same data, with the keys of every mapping the other way round."""
    if isinstance(value, dict):
        return {key: turned(each) for key, each in reversed(value.items())}
    return [turned(each) for each in value] if isinstance(value, list) else value


@given(one=platforms(), other=platforms())
@settings(max_examples=100, deadline=None)
def test_its_laws(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = (msgspec.convert(data, Platform) for data in (one, other))
    again = msgspec.json.decode(msgspec.json.encode(after), type=Platform)
    assert not difference(after, again)
    found = difference(before, after)
    assert found.apply(before) == after
    assert not difference(after, msgspec.convert(turned(other), Platform))
    assert bool(found) is (canonical(before) != canonical(after))
    assert bool(found) or before == after
    assert difference(None, after).apply(None) == after
    assert difference(before, after) == found
    follows = [change for change in found.changes if change.consequence]
    assert str(found).count("\n") == max(len(found.changes) + len(follows) - 1, 0)
    assert all(each.isprintable() or each == "\n" for each in str(found))
    for change in found.changes:
        assert (change.kind == "added") == (change.old is None)
        assert (change.kind == "removed") == (change.new is None)


@pytest.mark.parametrize(
    ("changed", "line", "follows"),
    [
        ({"types": {"a.b": "off"}}, "~ admission types.a.b: observe → off", "not looked at"),
        ({"types": {}}, '- admission types: {"a.b":"observe"}', "treated so"),
        (
            {"types": {"a.b": "observe", "c.d": "off"}},
            "+ admission types.c.d: off",
            "events of c.d",
        ),
        ({"default": "off"}, "~ admission default: enforce → off", "types that are not named"),
        ({"default": None}, "- admission default: enforce", "as the bus was started to"),
    ],
)
def test_another_mode_in_words(changed: dict[str, Any], line: str, follows: str) -> None:
    said = {"default": "enforce", "types": {"a.b": "observe"}}
    [before, after] = (
        msgspec.convert({"bus": "tiny", "admission": each}, Platform)
        for each in (said, said | changed)
    )
    found = difference(before, after)
    [change] = found.changes
    assert str(change) == line
    assert follows in change.consequence
    assert found.apply(before) == after


GRANT = {"account": "you", "events": ["order.placed"], "reason": "r", "approver": "a", "expires": "2027-01-01"}  # fmt: skip
UNLIMITED = {"id": "111111111111"}
LIMITED = UNLIMITED | {"quota": {"events_per_second": 5}}
DOOR = {"door": {"account": "you", "events": []}}
BEFORE: dict[str, Any] = {
    "bus": "tiny",
    "accounts": {
        "me": {"id": "111111111111"},
        "you": {"id": "222222222222", "clearance": "confidential"},
    },
    "grants": {"g": GRANT},
    "subscriptions": {"s": {"account": "you", "events": ["order.placed@1"], "filter": {"a": [1]}}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "line", "follows"),
    [
        ({"bus": "other"}, "~ bus: tiny → other", "name the new one"),
        ({"subscriptions": {}}, "- subscription s", "its queue stays until pruned"),
        ({"subscriptions": {}}, "- subscription s", "its consumers are ended"),
        ({"grants": {}}, "- grant g", "deliveries of order.placed to you are held from then on"),
        ({"accounts": {"me": BEFORE["accounts"]["me"]}}, "- account you", "credentials"),
        ({"minimum": {"client": "1"}}, '+ minimum: {"client":"1"}', ""),
        ({"admission": {"default": "off"}}, '+ admission: {"default":"off"}', "treated so"),
        ({"archive": {"max_age": 3600}}, '+ archive: {"max_age":3600}', "dropped for good"),
    ],
)
def test_a_change_in_words(changed: dict[str, Any], line: str, follows: str) -> None:
    before = msgspec.convert(BEFORE, Platform)
    [change] = difference(before, msgspec.convert(BEFORE | changed, Platform)).changes
    assert str(change) == line
    assert follows in change.consequence


@pytest.mark.parametrize(
    ("section", "name", "changed", "line", "follows"),
    [
        ("grants", "g", {"expires": "2028-01-01"}, "~ grants/g expires: 2027-01-01 → 2028-01-01", "until 2028-01-01"),
        ("grants", "g", {"expires": "2026-01-01"}, "~ grants/g expires: 2027-01-01 → 2026-01-01", "order.placed to you are held from 2026-01-01 on"),
        ("grants", "h", {**GRANT, "account": "me"}, "+ grant h: account me, reason r, approver a, expires 2027-01-01, events order.placed", "allows order.placed to me until 2027-01-01"),
        ("subscriptions", "s", {"target": {"webhook": {"url": "https://x.example"}}}, '+ subscriptions/s target: {"webhook":{"url":"https://x.example"}}', "goes there"),
        ("subscriptions", "s", {"fields": ["/a"]}, "+ subscriptions/s fields: /a", "these fields"),
        ("subscriptions", "s", {"account": "me"}, "~ subscriptions/s account: you → me", "consumers of the account that had it are ended"),
        ("accounts", "you", {"clearance": "pii"}, "~ accounts/you clearance: confidential → pii", "up to pii"),
        ("grants", "g", {"reason": "r\n- grant h\x1b[2K\u202e"}, "~ grants/g reason: r → r\\n- grant h\\u001b[2K\\u202e", ""),
        ("grants", "g", {"events": ["order.moved"]}, "~ grants/g events: order.placed → order.moved", "order.placed to you are held"),
        ("subscriptions", "s", {"filter": {"a": [True]}}, '~ subscriptions/s filter: {"a":[1]} → {"a":[true]}', "already waiting are kept"),
        ("subscriptions", "s", {"order": {"key": "/x"}}, '+ subscriptions/s order: {"key":"/x"}', ""),
        ("subscriptions", "s", {"retry": {"attempts": 3}}, '+ subscriptions/s retry: {"attempts":3}', "new rule"),
        ("subscriptions", "t", {"account": "me", "filter": {"a": [1]}}, '+ subscription t: account me, filter {"a":[1]}', "starts at the log's end"),
        ("subscriptions", "t", {"account": "me", "start": "archive"}, "+ subscription t: account me, start archive", "is filled with all that the bus has"),
        ("subscriptions", "t", {"account": "me", "start": "2026-01-31"}, "+ subscription t: account me, start 2026-01-31", "what it took since 2026-01-31 before its deliveries begin"),
        ("subscriptions", "s", {"start": "archive"}, "+ subscriptions/s start: archive", "only a new one begins there"),
        ("accounts", "you", {"clearance": "public"}, "~ accounts/you clearance: confidential → public", "above public are kept from it"),
        ("accounts", "you", {"quota": {"events_per_second": 5}}, '+ accounts/you quota: {"events_per_second":5}', "answered with 429"),
        ("accounts", "you", {"id": "333333333333"}, "~ accounts/you id: 222222222222 → 333333333333", "new id"),
    ],
)  # fmt: skip
def test_a_change_of_a_part_in_words(
    section: str, name: str, changed: dict[str, Any], line: str, follows: str
) -> None:
    part = {**BEFORE[section], name: {**BEFORE[section].get(name, {}), **changed}}
    before = msgspec.convert(BEFORE, Platform)
    [change] = difference(before, msgspec.convert({**BEFORE, section: part}, Platform)).changes
    assert str(change) == line
    assert follows in change.consequence


@pytest.mark.parametrize(
    ("before", "after", "follows"),
    [
        ({"minimum": {"client": "1"}}, {"minimum": {"client": "2"}}, ""),
        ({"accounts": {"me": LIMITED}}, {"accounts": {"me": UNLIMITED}}, "any amount"),
        ({"central": "me"}, {}, "nobody administers"),
        ({}, {"central": "me"}, "only credentials of this account"),
        ({"central": "you"}, {"central": "me"}, "only credentials of this account"),
        ({}, {"grants": {"g": {**GRANT, "reason": "other"}}}, ""),
        ({}, {"grants": {"g": {**GRANT, "approver": "other"}}}, ""),
        ({"grants": {"g": GRANT, "h": GRANT}}, {}, ""),
        (
            {"grants": {"g": {**GRANT, "expires": "2028-01-01"}, "h": GRANT}},
            {"grants": {"h": GRANT}},
            "deliveries of order.placed to you are held from 2027-01-01 on",
        ),
        (
            {"grants": {"g": {**GRANT, "events": [], "sources": ["door"]}}, "publishers": DOOR},
            {"grants": {}, "publishers": DOOR},
            "",
        ),
    ],
)
def test_what_follows_and_nothing_else(
    before: dict[str, Any], after: dict[str, Any], follows: str
) -> None:
    one, other = (msgspec.convert(BEFORE | changed, Platform) for changed in (before, after))
    [change] = difference(one, other).changes
    assert follows in change.consequence
    assert bool(follows) is bool(change.consequence)
