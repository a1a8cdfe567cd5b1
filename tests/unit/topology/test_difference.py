"""What changes, in a stable order, with what follows; and applying it leads where it says."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from keybus.topology.difference import difference
from keybus.topology.model import Platform
from tests.unit.topology.platforms import platforms


@given(one=platforms(), other=platforms())
@settings(max_examples=100, deadline=None)
def test_its_laws(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = (msgspec.convert(data, Platform) for data in (one, other))
    again = msgspec.json.decode(msgspec.json.encode(after), type=Platform)
    assert not difference(after, again)
    found = difference(before, after)
    assert found.apply(before) == after
    assert bool(found) or before == after
    assert difference(None, after).apply(None) == after
    assert difference(before, after) == found
    assert str(found).count("\n") + 1 >= len(found.changes)
    for change in found.changes:
        assert (change.kind == "added") == (change.old is None)
        assert (change.kind == "removed") == (change.new is None)


BEFORE: dict[str, Any] = {
    "bus": "tiny",
    "accounts": {
        "me": {"id": "111111111111"},
        "you": {"id": "222222222222", "clearance": "confidential"},
    },
    "grants": {
        "g": {"account": "you", "events": ["order.placed"], "reason": "r", "approver": "a", "expires": "2027-01-01"}
    },
    "subscriptions": {"s": {"account": "you", "events": ["order.placed@1"], "filter": {"a": [1]}}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "line", "follows"),
    [
        ({"bus": "other"}, "~ bus: tiny → other", "name the new one"),
        ({"subscriptions": {}}, "- subscription s", "its queue stays until pruned"),
        ({"grants": {}}, "- grant g", "deliveries of order.placed to you are held from then on"),
        ({"accounts": {"me": BEFORE["accounts"]["me"]}}, "- account you", "credentials"),
        ({"minimum": {"client": "1"}}, '+ minimum: {"client":"1"}', ""),
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
        ("grants", "g", {"events": ["order.moved"]}, "~ grants/g events: order.placed → order.moved", "order.placed to you are held"),
        ("subscriptions", "s", {"filter": {"a": [True]}}, '~ subscriptions/s filter: {"a":[1]} → {"a":[true]}', "already waiting are kept"),
        ("subscriptions", "s", {"order": {"key": "/x"}}, '+ subscriptions/s order: {"key":"/x"}', ""),
        ("subscriptions", "s", {"retry": {"attempts": 3}}, '+ subscriptions/s retry: {"attempts":3}', "new rule"),
        ("subscriptions", "t", {"account": "me", "filter": {"a": [1]}}, '+ subscription t: account me, filter {"a":[1]}', "starts at the log's end"),
        ("accounts", "you", {"clearance": "public"}, "~ accounts/you clearance: confidential → public", "above public are kept from it"),
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
