"""Laws of what is brought over from AWS."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keybus.cdk.existing import Moving, Wishes
from keybus.cdk.existing.inventory import Bus
from keybus.cdk.existing.narrowing import Unsayable, both
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology import Subscription
from keybus.topology.judging import faults_of
from tests.cdk.existing.made import NAMES, bus, contracts, part, queue, rule
from tests.cdk.existing.shop import HUB, MAIL, MAIL_BUS, REGION

CONTRACTS = contracts()
SOURCES = ("key.delivery", "key.access", "shop.till")
TYPES = ("delivery.completed", "delivery.failed", "access.revoked", "Receipt Printed")
EMITTED = {"delivery": "key.delivery", "access": "key.access"}
APPROVED = Wishes(accounts=NAMES, approver="olga", expires="2027-12-31")
KINDS = ("SINGLE_HOME", "APARTMENT_BUILDING")
texts = st.sampled_from([{"prefix": "k"}, {"anything-but": ["x"]}, {"exists": True}])


def listed(values: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
    plain = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return plain | texts.map(lambda each: [each])


def is_valid(pattern: Mapping[str, Any]) -> bool:
    """Whether EventBridge would take it."""
    try:
        Pattern.parse(pattern)
    except PatternError:
        return False
    return True


fields = st.fixed_dictionaries(
    {},
    optional={
        "source": listed(SOURCES),
        "detail-type": listed(TYPES),
        "detail": st.fixed_dictionaries(
            {},
            optional={
                "site": listed(KINDS).map(lambda each: {"kind": each}),
                "note": listed(("a", "b")),
                "schema_version": st.just([{"prefix": "1."}]),
            },
        ).filter(bool),
    },
).filter(bool)
patterns = fields | st.builds(
    lambda head, ways: {**head, "$or": ways}, fields, st.lists(fields, min_size=2, max_size=2)
).filter(is_valid)
events = st.builds(
    lambda source, kind, site, note: {
        "source": source,
        "detail-type": kind,
        "detail": {"schema_version": "1.0.0", "site": {"kind": site}, **note},
    },
    st.sampled_from(SOURCES),
    st.sampled_from(TYPES),
    st.sampled_from(KINDS),
    st.fixed_dictionaries({}, optional={"note": st.sampled_from(("a", "b", "c"))}),
)


@given(patterns, patterns, events)
@example(
    {"source": ["key.delivery"]},
    {"$or": [{"source": ["key.access"]}, {"detail-type": ["access.revoked"]}]},
    {"source": "key.access", "detail-type": "access.revoked", "detail": {}},
)
def test_two_rules_on_the_way_are_as_one(
    first: dict[str, Any], then: dict[str, Any], event: dict[str, Any]
) -> None:
    try:
        merged = both(first, then)
    except Unsayable:
        return
    each = [Pattern.parse(one).matches(event) for one in (first, then)]
    assert Pattern.parse(merged).matches(event) is all(each)


targets = st.sampled_from(
    [queue("a"), queue("b"), queue("c.fifo"), MAIL_BUS, f"arn:aws:lambda:{REGION}:{HUB}:function:f"]
)


@pytest.mark.long
@given(
    st.lists(st.tuples(patterns, targets), min_size=1, max_size=3),
    patterns,
    st.sampled_from([Wishes(accounts=NAMES), APPROVED]),
)
def test_what_is_written_loads_and_no_rule_is_lost_in_silence(
    rules: list[tuple[dict[str, Any], str]], further: dict[str, Any], wishes: Wishes
) -> None:
    own = Bus(MAIL_BUS, "mail", rules=(rule("further", further, queue("m", MAIL)),))
    made = tuple(rule(f"r{i}", pattern, arn) for i, (pattern, arn) in enumerate(rules))
    parts = part(bus(*made)), part(own, name="mail", account=MAIL)
    found = Moving(parts, wishes).platform(CONTRACTS)
    assert faults_of(found.platform, CONTRACTS) == []
    told = " ".join(str(each) for each in found.not_carried)
    for one in made:
        name = one.targets[0].arn.rpartition(":")[2]
        ends = {"a", "b", "c.fifo"} & {name} or {one.name, "m"}
        there = any(each.startswith(tuple(ends)) for each in found.platform.subscriptions)
        assert there or one.name in told or "further" in told, one


@pytest.mark.long
@given(patterns, events)
def test_a_subscription_asks_for_what_its_rule_matched(
    pattern: dict[str, Any], event: dict[str, Any]
) -> None:
    kind = event["detail-type"]
    parts = [part(bus(rule("r", pattern, queue("a"))))]
    found = Moving(parts, Wishes(accounts=NAMES)).platform(CONTRACTS)
    if kind in CONTRACTS and not found.platform.admission.is_declared:  # others are refused
        event = {**event, "source": EMITTED[kind.partition(".")[0]]}
    one = found.platform.subscriptions.get("a")
    if one is not None:
        assert asks(one, event) is Pattern.parse(pattern).matches(event)


def asks(one: Subscription, event: dict[str, Any]) -> bool:
    if one.events and f"{event['detail-type']}@1" not in one.events:
        return False
    return one.filter is None or Pattern.parse(one.filter).matches(event)
