"""The report, on platforms made by hand and on the example."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from keybus.contracts import ContractRepository
from keybus.governance.sprawl import (
    Agent,
    Consumed,
    Published,
    Received,
    Seen,
    SprawlReport,
    UsageSnapshot,
    bindings_digest,
    sprawl,
)
from keybus.topology import load_platform
from keybus.topology.model import Platform
from tests.unit.governance.sprawl.platforms import DAY, NOW, contracts, fields, platform

SHOP = {"account": "shop", "events": ["order.placed"]}
DESK = {"account": "desk", "events": ["order.placed@1"]}
GRANT = {
    "account": "desk",
    "reason": "it answers customers",
    "approver": "shop-team",
    "expires": "2028-01-01",
    "events": ["order.placed"],
}


@pytest.fixture
def declared(tmp_path: Path) -> ContractRepository:
    return contracts(
        tmp_path, {"order.placed": fields("order_id:string"), "cart.emptied": fields("cart:string")}
    )


@pytest.fixture
def only(tmp_path: Path) -> ContractRepository:
    return contracts(tmp_path, {"order.placed": fields("order_id:string")})


def sound(**parts: Any) -> Platform:
    """A platform without sprawl, but for what these parts change."""
    return platform(
        **{
            "publishers": {"shop.orders": SHOP},
            "grants": {"desk": GRANT},
            "subscriptions": {"desk-orders": DESK},
        }
        | parts
    )


def used(days_ago: int = 0, since_days_ago: int = 100) -> UsageSnapshot:
    """Everything in use, the last time so many days ago."""
    last, since = NOW - days_ago * DAY, NOW - since_days_ago * DAY
    return UsageSnapshot(
        since_us=since,
        at_us=NOW,
        published=(Published("shop", "order.placed", 7, since, last),),
        consumed=(Consumed("desk-orders", "desk", 7, 7, last, last),),
        received=(Received("desk", "order.placed", 7, since, last),),
    )


def found(report: SprawlReport, *codes: str) -> list[tuple[str, str]]:
    return [
        (each.code, each.subject)
        for each in report.findings
        if not codes or each.code.startswith(codes)
    ]


def test_a_platform_in_use_has_no_findings(only: ContractRepository) -> None:
    assert found(sprawl(sound(), only, None, NOW)) == []
    report = sprawl(sound(), only, used(), NOW)
    assert found(report) == []
    assert (report.events, report.grants, report.subscriptions) == (1, 1, 1)


def test_events_without_publisher_and_subscriber(declared: ContractRepository) -> None:
    assert found(sprawl(sound(), declared, None, NOW)) == [
        ("event-without-publisher", "cart.emptied"),
        ("event-without-subscriber", "cart.emptied"),
    ]


@pytest.mark.parametrize(
    ("pattern", "reached"),
    [
        ({"source": ["shop.orders"]}, True),
        ({"detail-type": ["cart.emptied"]}, True),
        ({"detail-type": [{"prefix": "cart."}]}, True),
        ({"detail-type": [{"prefix": "order."}]}, False),
        ({"$or": [{"detail-type": ["order.placed"]}, {"source": ["x"]}]}, True),
    ],
)
def test_a_filter_alone_may_reach_an_event(
    declared: ContractRepository, pattern: dict[str, Any], *, reached: bool
) -> None:
    everything = {"desk-orders": DESK, "all": {"account": "shop", "filter": pattern}}
    report = sprawl(sound(subscriptions=everything), declared, None, NOW)
    assert (("event-without-subscriber", "cart.emptied") in found(report)) is not reached


def test_events_without_owner(tmp_path: Path) -> None:
    foreign = contracts(tmp_path, {"order.placed": fields("order_id:string")}, owner="nobody")
    assert ("event-without-owner", "order.placed") in found(sprawl(sound(), foreign, None, NOW))


def test_events_whose_account_names_nobody(only: ContractRepository) -> None:
    accounts = {"shop": {"id": "111111111111"}, "desk": {"id": "222222222222"}}
    report = sprawl(sound(accounts=accounts), only, None, NOW)
    assert found(report) == [("event-without-people", "order.placed")]


def test_near_duplicates_are_named_once(tmp_path: Path) -> None:
    twins = contracts(
        tmp_path, {name: fields("order_id:string") for name in ("order.placed", "orders.placed")}
    )
    report = sprawl(sound(), twins, None, NOW)
    assert found(report, "event-near") == [("event-near-duplicate", "order.placed")]
    assert "orders.placed" in str(report.findings)


def test_what_was_never_used(only: ContractRepository) -> None:
    nothing = UsageSnapshot(since_us=NOW - 100 * DAY, at_us=NOW)
    assert found(sprawl(sound(), only, nothing, NOW)) == [
        ("event-never-published", "order.placed"),
        ("grant-idle", "/grants/desk"),
        ("subscription-idle", "/subscriptions/desk-orders"),
        ("subscription-without-consumer", "/subscriptions/desk-orders"),
    ]


@pytest.mark.parametrize(("days", "idle"), [(29, False), (31, True)])
def test_what_was_not_used_for_long(only: ContractRepository, days: int, *, idle: bool) -> None:
    report = sprawl(sound(), only, used(days_ago=days), NOW)
    expected = [
        ("event-idle", "order.placed"),
        ("grant-idle", "/grants/desk"),
        ("subscription-idle", "/subscriptions/desk-orders"),
        ("subscription-without-consumer", "/subscriptions/desk-orders"),
    ]
    assert found(report) == (expected if idle else [])
    assert found(sprawl(sound(), only, used(days_ago=days), NOW, days=60)) == []


def test_a_short_count_calls_nothing_idle(only: ContractRepository) -> None:
    nothing = UsageSnapshot(since_us=NOW - 3 * DAY, at_us=NOW)
    report = sprawl(sound(), only, nothing, NOW)
    assert found(report) == [("event-never-published", "order.placed")]
    assert "in the 3 days" in report.findings[0].message


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"expires": "2027-01-15"}, ["grant-expired"]),  # NOW is in its morning
        ({"expires": "2027-02-01"}, ["grant-expiring"]),
        ({"expires": "2027-02-15"}, []),
        ({"events": ["cart.emptied"]}, ["grant-unused"]),
        ({"events": ["order.placed", "cart.emptied"]}, ["grant-wide"]),
        ({"sources": ["partner.app"]}, ["grant-wide"]),
        ({"account": "shop"}, ["grant-unused"]),
    ],
)
def test_grants(declared: ContractRepository, changes: dict[str, Any], codes: list[str]) -> None:
    report = sprawl(sound(grants={"one": GRANT | changes}), declared, None, NOW)
    assert found(report, "grant") == [(code, "/grants/one") for code in codes]


def test_a_source_is_used_by_who_asks_for_it(only: ContractRepository) -> None:
    grant = GRANT | {"events": [], "sources": ["partner.app"]}
    for pattern, codes in (
        ({"source": ["partner.app"]}, []),
        ({"source": [{"prefix": "partner."}]}, []),
        ({"source": ["other.app"]}, ["grant-unused"]),
    ):
        feed = {"feed": {"account": "desk", "filter": pattern}}
        report = sprawl(sound(grants={"one": grant}, subscriptions=feed), only, used(), NOW)
        assert [code for code, _ in found(report, "grant")] == codes


def software(agents: Iterable[tuple[str, Agent, int]]) -> UsageSnapshot:
    since = NOW - 10 * DAY
    seen = tuple(Seen(account, agent, NOW - days * DAY) for account, agent, days in agents)
    return UsageSnapshot(since_us=since, at_us=NOW, seen=seen)


def test_software_that_is_too_old(only: ContractRepository) -> None:
    current = (("shop_events", bindings_digest(only)),)
    usage = software(
        [
            ("shop", Agent("0.2.0", "3.11.7", current), 0),
            ("desk", Agent("0.1.9", "3.12.1", (("shop_events", "sha256:00"),)), 1),
            ("desk", Agent("0.1.0"), 90),  # long gone
        ]
    )
    report = sprawl(sound(minimum={"client": "0.2.0"}), only, usage, NOW)
    assert found(report, "client", "bindings") == [
        ("client-below-minimum", "/accounts/desk"),
        ("bindings-other", "/accounts/desk"),
    ]
    assert report.below_minimum == ("desk",)
    assert [(each.account, each.client) for each in report.software] == [
        ("desk", "0.1.9"),
        ("desk", "0.1.0"),
        ("shop", "0.2.0"),
    ]
    assert sprawl(sound(), only, usage, NOW).below_minimum == ()


def test_an_account_that_said_nothing_is_listed(only: ContractRepository) -> None:
    report = sprawl(sound(), only, software([]), NOW)
    assert [(each.account, each.client) for each in report.software] == [("desk", ""), ("shop", "")]


def test_the_example(example: Path) -> None:
    loaded, repository = load_platform(example)
    report = sprawl(loaded, repository, None, NOW)
    assert report.events == len(repository)
    assert found(report, "event-near", "event-without-publisher", "event-without-subscriber") == []
