"""Whatever stands on AWS, what is made of it loads, and what is left out is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from keybus.cdk.existing import Moved, Moving, Part, Wishes, move
from keybus.cdk.existing.inventory import Archive, Bus, Destination, Queue, Target
from keybus.cdk.existing.narrowing import Unsayable, both
from keybus.contracts.exchange_formats.foreign import ForeignSchema
from keybus.errors import SettingsError
from keybus.topology.judging import faults_of
from tests.cdk.existing.made import (
    ACCESS,
    DELIVERIES,
    FINANCE,
    KEY_STATEMENTS,
    NAMES,
    bus,
    contracts,
    part,
    queue,
    rule,
)
from tests.cdk.existing.shop import BUS, HUB, MAIL, MAIL_BUS, REGION, statement

COMPLETED = {"source": ["key.delivery"], "detail-type": ["delivery.completed"]}
FOREIGN = {"source": ["shop.till"], "detail-type": ["Receipt Printed"]}
APPROVED = {"approver": "olga", "expires": "2027-12-31"}
DIGITS = f"account-{MAIL}"


def moved(*parts: Part, **wishes: Any) -> Moved:
    found = Moving(parts, Wishes(**{"accounts": NAMES, **wishes})).platform(contracts())
    assert faults_of(found.platform, contracts()) == []
    return found


def lost(found: Moved) -> str:
    return "\n".join(map(str, found.not_carried))


@pytest.mark.parametrize("policy", ["{not json", "[1]", '"text"', '{"Statement": ["x"]}', "[" * 99])
def test_a_policy_that_is_none_is_told(policy: str) -> None:
    found = moved(part(Bus(BUS, "shop", policy, (rule("r", COMPLETED, queue("q")),))))
    assert list(found.platform.subscriptions) == ["q"]
    assert f"{BUS}, statement (unnamed): a statement is none" in lost(found)


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-other1"}}},
        {"Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}},
        {"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-other1"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-*"}}},
    ],
)
def test_an_organization_is_one_that_is_let_in(change: dict[str, Any]) -> None:
    within = {"events:source": "key.delivery", "aws:PrincipalOrgID": "o-shop1"}
    odd = statement("odd", ACCESS) | change
    found = moved(part(bus(statements=(odd, statement("d", DELIVERIES, **within)))))
    assert found.platform.organization == "o-shop1"


def test_who_may_put_anything_is_not_forgotten() -> None:
    free = {**statement("a", ACCESS), "Condition": {}}
    found = moved(part(bus(statements=(free, KEY_STATEMENTS[0]))))
    assert "the account access: it may put from any source" in lost(found)
    assert "--publisher SOURCE=access" in lost(found)


def test_of_two_statements_of_a_source_the_wider_holds() -> None:
    narrow = {"events:source": "key.delivery", "events:detail-type": "delivery.failed"}
    both_ = KEY_STATEMENTS[0], statement("n", DELIVERIES, **narrow)
    for statements in (both_, both_[::-1]):
        events = moved(part(bus(statements=statements))).platform.publishers["key.delivery"].events
        assert "delivery.completed" in events


def test_a_source_that_is_no_name_takes_no_other_with_it() -> None:
    named = {"events:source": ["My Depot", "key.delivery"]}
    found = moved(part(bus(statements=(statement("d", DELIVERIES, **named),))))
    assert found.platform.publishers["key.delivery"].account == "deliveries"
    assert "the source My Depot: it is no name" in lost(found)


def test_no_grant_is_of_a_source_that_is_no_name() -> None:
    odd = rule("r", {"source": ["My Till", "shop.till"], "detail-type": ["X"]}, queue("q"))
    found = moved(part(bus(odd)), **APPROVED)
    assert found.platform.grants["finance"].sources == ["shop.till"]
    assert "it takes events from My Till, which is no name" in lost(found)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:word@hooks.example.com/in",
        "https://hooks.example.com/\u00fc",
        "https://[::1]/in",
        "https://[/in",
        "https://hooks.example.com/*",
    ],
)
def test_an_address_that_no_webhook_has_is_told(url: str) -> None:
    arn = f"arn:aws:events:{REGION}:{HUB}:api-destination/hook/1234"
    rules = rule("hook", COMPLETED, arn), rule("r", COMPLETED, queue("q"))
    hub = part(bus(*rules), destinations={arn: Destination(arn, url, "POST")})
    found = moved(hub)
    assert list(found.platform.subscriptions) == ["q"]
    assert "rule/shop/hook" in lost(found)


def test_parameters_of_a_call_are_told() -> None:
    arn = f"arn:aws:events:{REGION}:{HUB}:api-destination/hook/1234"
    hook = Destination(arn, "https://hooks.example.com/in", "POST")
    hub = part(
        bus(rule("r", COMPLETED, Target("1", arn, has_parameters=True))), destinations={arn: hook}
    )
    assert "is called with headers, a query or a path" in lost(moved(hub))


def test_an_archive_for_centuries_is_one_for_ever() -> None:
    found = moved(part(bus(archives=(Archive("all", 80_000, is_whole=True),))))
    assert found.platform.archive.max_age is None


def test_a_queue_is_one_subscription_whoever_read_it() -> None:
    rules = rule("a", COMPLETED, queue("till")), rule("b", FOREIGN, queue("till"))
    found = moved(part(bus(*rules)))
    assert found.platform.subscriptions["till"].filter == {"$or": [COMPLETED, FOREIGN]}
    assert f"was not read: how often it tries is as by default here (name a profile of {FINANCE}" in lost(found)  # fmt: skip


def test_a_queue_whose_name_is_taken_is_told() -> None:
    function = f"arn:aws:lambda:{REGION}:{HUB}:function:f"
    rules = (
        rule("till", COMPLETED, function),
        rule("a", COMPLETED, queue("till")),
        rule("b", FOREIGN, queue("till", MAIL)),
        rule("c", FOREIGN, Target("1", queue("till"), input="{}")),
    )
    found = moved(part(bus(*rules)))
    assert list(found.platform.subscriptions) == ["till", "till-2", "till-3", "till-4"]
    assert found.platform.subscriptions["till"].account == "finance"
    for name in ("till-2", "till-3", "till-4"):
        assert f"its queue here is {name}, as till is taken" in lost(found)


def test_a_queue_of_another_region_is_told() -> None:
    arn = f"arn:aws:sqs:us-east-1:{FINANCE}:far"
    found = moved(part(bus(rule("r", COMPLETED, arn)), queues={arn: Queue(arn)}))
    assert f"{arn} is in another region; here it is in {REGION}" in lost(found)


def test_rules_that_no_event_of_the_bus_gets_to_are_told() -> None:
    own = Bus(MAIL_BUS, "mail", rules=(rule("x", FOREIGN, queue("x", MAIL)),))
    found = moved(part(bus(rule("r", COMPLETED, queue("q")))), part(own, account=MAIL))
    assert f"{MAIL_BUS}: no event of shop gets to its rules, of which there are 1" in lost(found)


def test_a_third_account_gets_nothing_as_on_eventbridge() -> None:
    further = f"arn:aws:events:{REGION}:{ACCESS}:event-bus/access"
    own = Bus(MAIL_BUS, "mail", rules=(rule("on", COMPLETED, further),))
    last = Bus(further, "access", rules=(rule("end", COMPLETED, queue("end", ACCESS)),))
    hub = part(bus(rule("mail", COMPLETED, MAIL_BUS)))
    found = moved(hub, part(own, account=MAIL), part(last, account=ACCESS))
    assert not found.platform.subscriptions
    assert "a third account's" in lost(found)


def test_a_clock_beside_a_pattern_is_told() -> None:
    found = moved(part(bus(rule("r", COMPLETED, queue("q"), schedule="rate(1 day)"))))
    assert list(found.platform.subscriptions) == ["q"]
    assert "it goes by the clock as well, rate(1 day)" in lost(found)


def test_a_target_of_no_account_is_told() -> None:
    found = moved(part(bus(rule("r", COMPLETED, f"arn:aws:sqs:{REGION}::q"))))
    assert "is no ARN of an account" in lost(found)


def test_accounts_are_never_mixed_up() -> None:
    hub = part(bus(rule("r", COMPLETED, queue("q", MAIL))), name=DIGITS)
    platform = moved(hub, accounts={}).platform
    assert (platform.accounts[DIGITS].id, platform.central) == (MAIL, f"account-{HUB}")
    hub = part(bus(rule("r", COMPLETED, queue("q", MAIL))), name="orders")
    assert moved(hub, accounts={MAIL: "orders"}).platform.accounts["orders"].id == MAIL


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"publishers": {"shop.till": "nobody"}}, "'nobody' is no account's id"),
        ({"approver": "olga", "expires": "20271231"}, "'20271231' is no date"),
        ({"approver": "olga", "expires": "2027-12-31T12:00"}, "is no date"),
        ({"accounts": {HUB: DIGITS}}, "is what another account is called"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(wishes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        moved(part(bus(rule("r", FOREIGN, queue("till")))), **wishes)


def test_somebody_has_to_be_read() -> None:
    with pytest.raises(SettingsError, match="no account was read"):
        moved()


def test_one_and_true_are_two_values_on_the_way() -> None:
    with pytest.raises(Unsayable):
        both({"detail": {"n": [1]}}, {"detail": {"n": [True]}})


def test_a_schema_of_an_endless_name_takes_no_other_with_it(tmp_path: Path) -> None:
    schema = json.loads('{"type": "object"}')
    schemas = ForeignSchema("shop@" + "Long" * 90, schema), ForeignSchema("shop@ItemSold", schema)
    written = move([part(bus(), schemas=schemas)], tmp_path)
    assert list(written.contracts) == ["item.sold"]
    assert "its type is too long" in lost(written.moved)
