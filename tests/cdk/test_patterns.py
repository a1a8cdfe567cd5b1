"""A subscription's rules match what the bus would route to it."""

import json
from typing import Any

import pytest

from keybus.cdk.patterns import Unsayable, pattern_of
from keybus.patterns import Pattern
from keybus.topology.model import Publisher, Subscription
from tests.cdk.platforms import EXAMPLE, example

PUBLISHERS = {
    "shop": Publisher("shop", ["order.placed", "order.paid"]),
    "depot": Publisher("depot", ["parcel.sent"], ["depot.north", "depot.south"]),
}
VERSIONS = ("1.0.0", "1.12.3", "10.0.0", "2.0.0", "0.1.0")


def test_the_examples_rules_match_what_its_bus_would_route() -> None:
    deployment = example()
    vectors = (EXAMPLE / "vectors/valid.jsonl").read_text()
    rows = [json.loads(line) for line in vectors.splitlines()]
    matched = 0
    for name, subscription in deployment.platform.subscriptions.items():
        pattern = Pattern.parse(deployment.pattern(name))
        for row in rows:
            source = row["detail"]["publisher"]["name"]
            event = {"source": source, "detail-type": row["type"], "detail": row["detail"]}
            found = pattern.matches(event)
            assert found == routed(subscription, event)
            matched += found
    assert matched > len(rows)  # each goes to the audit, and many to others


@pytest.mark.parametrize(
    "events",
    [
        ["order.placed@1"],
        ["order.placed@1", "parcel.sent@2"],
        ["order.placed@1", "order.placed@2"],
        ["order.placed@1", "order.paid@1", "parcel.sent@10"],
    ],
)
@pytest.mark.parametrize("asked", [
    None,
    {"detail": {"total": [{"numeric": [">", 10]}]}},
    {"detail-type": [{"prefix": "order."}]},
    {"source": ["shop", "elsewhere"]},
    {"$or": [{"detail": {"total": [5]}}, {"detail": {"urgent": [True]}}]},
    {"$or": [{"source": ["shop"]}, {"detail": {"urgent": [True]}}], "detail": {"total": [20]}},
    {"$or": [{"source": ["shop"], "detail": {"urgent": [True]}}, {"source": ["depot.north"]}]},
    {"$or": [{"source": ["depot.north"]}, {"detail": {"urgent": [True]}}], "source": ["shop"]},
    {"$or": [{"source": ["shop"]}, {"source": ["depot.north"]}], "source": ["depot.south", "shop"]},
    {"detail": {"$or": [{"total": [5]}, {"urgent": [True]}]}},
])  # fmt: skip
def test_events_and_filter_hold_both(events: list[str], asked: dict[str, Any] | None) -> None:
    subscription = Subscription("mail", events, asked)
    pattern = Pattern.parse(pattern_of(subscription, PUBLISHERS))
    for name, publisher in PUBLISHERS.items():
        for event_type in [*publisher.events, "order.lost"]:
            for source in (*(publisher.sources or [name]), "elsewhere"):
                for version in VERSIONS:
                    for more in ({"total": 5}, {"total": 20, "urgent": True}, {"urgent": False}):
                        detail = {"schema_version": version, **more}
                        event = {"source": source, "detail-type": event_type, "detail": detail}
                        told = source != "elsewhere" and routed(subscription, event)
                        assert pattern.matches(event) == told, event


def test_what_is_common_stands_once() -> None:
    found = pattern_of(Subscription("mail", ["order.placed@1", "parcel.sent@2"]), PUBLISHERS)
    assert found == {
        "source": ["depot.north", "depot.south", "shop"],
        "$or": [
            {"detail-type": ["order.placed"], "detail": {"schema_version": [{"prefix": "1."}]}},
            {"detail-type": ["parcel.sent"], "detail": {"schema_version": [{"prefix": "2."}]}},
        ],
    }


def test_without_events_the_filter_is_the_pattern() -> None:
    asked = {"source": ["aws.key"], "detail": {"n": [{"exists": True}]}}
    assert pattern_of(Subscription("mail", [], asked), PUBLISHERS) == asked


@pytest.mark.parametrize(("said", "pointer", "message"), [
    ({"events": ["nobody.does@1"]}, "/events", "nobody publishes"),
    ({"filter": {"detail-type": ["order.paid"]}}, "/filter", "none of its events through"),
    ({"filter": {"detail": {"schema_version": ["1.0.0"]}}}, "/filter", "pin already"),
    ({"filter": {"detail": {"code": ["x" * 4100]}}}, "", "more than EventBridge takes"),
])  # fmt: skip
def test_what_no_rule_can_say_is_refused(said: dict[str, Any], pointer: str, message: str) -> None:
    keys: dict[str, Any] = {"account": "mail", "events": ["order.placed@1"]} | said
    with pytest.raises(Unsayable, match=message) as refused:
        pattern_of(Subscription(**keys), PUBLISHERS)
    assert refused.value.pointer == pointer
    assert refused.value.hint


def routed(subscription: Subscription, event: dict[str, Any]) -> bool:
    """Whether the subscription asks for an event, in the words of the documentation."""
    major = int(event["detail"]["schema_version"].partition(".")[0])
    asked = any(
        (ref.type, ref.major) == (event["detail-type"], major) for ref in subscription.event_refs
    )
    passes = subscription.filter is None or Pattern.parse(subscription.filter).matches(event)
    return passes and (asked or not subscription.events)
