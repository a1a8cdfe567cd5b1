"""A platform out of what stands on AWS, and what of that it cannot say."""

from typing import Any

import pytest

from keybus.cdk.existing import Moved, Moving, Part, Wishes
from keybus.cdk.existing.inventory import Archive, Bus, Destination, Queue, Target
from keybus.errors import SettingsError
from keybus.topology.judging import faults_of
from keybus.topology.model import InputTransformer
from tests.cdk.existing.made import (
    ACCESS,
    DELIVERIES,
    FINANCE,
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


def moved(*parts: Part, **wishes: Any) -> Moved:
    wanted = Wishes(**{"accounts": NAMES, **wishes})
    found = Moving(parts, wanted).platform(contracts())
    assert faults_of(found.platform, contracts()) == []
    return found


def lost(found: Moved) -> str:
    return "\n".join(map(str, found.not_carried))


def test_types_with_contracts_are_events_and_the_rest_is_a_filter() -> None:
    narrow = {**COMPLETED, "detail": {"site": {"kind": ["SINGLE_HOME"]}}}
    found = moved(part(bus(rule("r", narrow, queue("billing")))))
    one = found.platform.subscriptions["billing"]
    assert (one.account, one.events) == ("finance", ["delivery.completed@1"])
    assert one.filter == {"detail": {"site": {"kind": ["SINGLE_HOME"]}}}


def test_types_without_contracts_are_asked_for_as_they_are_called() -> None:
    one = moved(part(bus(rule("r", FOREIGN, queue("till"))))).platform.subscriptions["till"]
    assert (one.events, one.filter) == ([], FOREIGN)


@pytest.mark.parametrize(
    ("said", "events"),
    [
        ([{"prefix": "1."}], ["delivery.completed@1"]),
        (["1.0.0"], ["delivery.completed@1"]),
        ([{"prefix": "7."}], []),  # there is no such major
    ],
)
def test_a_major_is_the_one_that_the_pattern_pins(said: list[Any], events: list[str]) -> None:
    pattern = {**COMPLETED, "detail": {"schema_version": said}}
    found = moved(part(bus(rule("r", pattern, queue("billing")))))
    assert found.platform.subscriptions["billing"].events == events


def test_a_field_that_no_contract_declares_is_allowed() -> None:
    pattern = {**COMPLETED, "detail": {"colour": ["BLUE"]}}
    one = moved(part(bus(rule("r", pattern, queue("blue"))))).platform.subscriptions["blue"]
    assert one.allow_undeclared == ["detail.colour"]


def test_what_would_never_match_gets_no_subscription_and_is_told() -> None:
    pattern = {**COMPLETED, "detail": {"site": {"kind": ["CASTLE"]}}}
    found = moved(part(bus(rule("r", pattern, queue("castles")))))
    assert not found.platform.subscriptions
    assert "would not load" in lost(found)


def test_rules_to_one_queue_are_one_subscription() -> None:
    failed = {**COMPLETED, "detail-type": ["delivery.failed"]}
    rules = rule("a", COMPLETED, queue("billing")), rule("b", failed, queue("billing"))
    own = part(name="finance", account=FINANCE, queues={queue("billing"): Queue(queue("billing"))})
    found = moved(part(bus(*rules)), own)
    assert list(found.platform.subscriptions) == ["billing"]
    events = found.platform.subscriptions["billing"].events
    assert events == ["delivery.completed@1", "delivery.failed@1"]
    foreign = rule("c", FOREIGN, queue("billing"))
    found = moved(part(bus(*rules, foreign)), own)
    assert found.platform.subscriptions["billing"].filter == {"$or": [COMPLETED, failed, FOREIGN]}


def test_a_queue_says_how_often_is_tried_and_how_long_the_dead_are_kept() -> None:
    arn = queue("billing")
    target = Target("1", arn, max_age=600, template='"<a>"', paths={"a": "$.detail.delivery_id"})
    own = part(name="finance", account=FINANCE, queues={arn: Queue(arn, 6, 86_400)})
    one = moved(part(bus(rule("r", COMPLETED, target))), own).platform.subscriptions["billing"]
    retry = one.retry
    assert (retry.attempts, retry.max_age, retry.keep_dead_letters) == (5, 600, 86_400)
    made = one.target.input_transformer
    assert made == InputTransformer('"<a>"', {"a": "$.detail.delivery_id"})


def test_rules_of_the_subscribers_own_bus_are_followed() -> None:
    single = {"detail": {"site": {"kind": ["SINGLE_HOME"]}}}
    own = Bus(MAIL_BUS, "mail", rules=(rule("single", single, queue("letters", MAIL)),))
    found = moved(
        part(bus(rule("mail", COMPLETED, MAIL_BUS))), part(own, name="mail", account=MAIL)
    )
    one = found.platform.subscriptions["letters"]
    assert (one.account, one.events, one.filter) == ("mail", ["delivery.completed@1"], single)


def test_a_bus_that_was_not_read_gets_all_that_is_sent_there() -> None:
    found = moved(part(bus(rule("mail", COMPLETED, MAIL_BUS))))
    assert found.platform.subscriptions["mail"].account == f"account-{MAIL}"
    assert f"name a profile of {MAIL}" in lost(found)


def test_rules_that_disagree_on_the_way_are_told() -> None:
    failed = Bus(MAIL_BUS, "mail", rules=(rule("f", {"detail-type": ["x.y"]}, queue("f", MAIL)),))
    prefix = [{"prefix": "delivery."}]
    unsure = Bus(MAIL_BUS, "mail", rules=(rule("p", {"detail-type": prefix}, queue("p", MAIL)),))
    for own, why in ((failed, "leave no value of detail-type"), (unsure, "look at detail-type")):
        hub = part(bus(rule("mail", COMPLETED, MAIL_BUS)))
        found = moved(hub, part(own, name="mail", account=MAIL))
        assert not found.platform.subscriptions
        assert why in lost(found)


def test_rules_in_a_circle_end() -> None:
    back = Bus(MAIL_BUS, "mail", rules=(rule("back", {"source": ["key.delivery"]}, BUS),))
    hub = part(bus(rule("mail", COMPLETED, MAIL_BUS)))
    found = moved(hub, part(back, name="mail", account=MAIL))
    assert not found.platform.subscriptions
    assert "leads back" in lost(found)


def test_an_address_is_a_webhook_and_its_host_a_destination() -> None:
    arn = f"arn:aws:events:{REGION}:{HUB}:api-destination/hook/1234"
    hook = Destination(arn, "https://hooks.example.com/in", "POST")
    hub = part(bus(rule("r", COMPLETED, arn)), destinations={arn: hook})
    found = moved(hub)
    webhook = found.platform.subscriptions["r"].target.webhook
    assert webhook is not None
    assert webhook.url == "https://hooks.example.com/in"
    assert found.platform.accounts["hub"].destinations == ["hooks.example.com"]
    assert "what authorizes calls" in lost(found)
    put = part(
        bus(rule("r", COMPLETED, arn)), destinations={arn: Destination(arn, hook.url, "PUT")}
    )
    assert not moved(put).platform.subscriptions


@pytest.mark.parametrize(
    ("pattern", "target", "said", "why"),
    [
        (None, queue("q"), {}, "goes by the clock"),
        (COMPLETED, queue("q"), {"is_enabled": False}, "it is disabled"),
        (COMPLETED, f"arn:aws:states:{REGION}:{HUB}:stateMachine:m", {}, "a target of states"),
        (COMPLETED, "nothing", {}, "is no ARN"),
        ({"source": ["aws.ec2"]}, queue("q"), {}, "AWS's own services"),
    ],
)
def test_what_cannot_be_carried_is_told(
    pattern: dict[str, Any] | None, target: str, said: dict[str, Any], why: str
) -> None:
    found = moved(part(bus(rule("r", pattern, target, **said))))
    assert not found.platform.subscriptions
    assert [each.subject.rpartition("/")[2] for each in found.not_carried] == ["r"]
    assert why in lost(found)


def test_a_function_becomes_a_queue_that_it_is_to_read() -> None:
    arn = f"arn:aws:lambda:{REGION}:{FINANCE}:function:bill"
    found = moved(part(bus(rule("bill", COMPLETED, arn))))
    assert found.platform.subscriptions["bill"].account == "finance"
    assert "make the queue bill the function's event source" in lost(found)


def test_publishers_are_whom_the_policy_lets_put() -> None:
    types = ["delivery.failed", "delivery.completed", "Parcel Lost"]
    pinned = {"events:source": ["key.delivery", "key.depot"], "events:detail-type": types}
    found = moved(part(bus(statements=(statement("d", DELIVERIES, **pinned),))))
    made = found.platform.publishers["key.delivery"]
    assert (made.account, made.sources) == ("deliveries", ["key.delivery", "key.depot"])
    assert made.events == ["delivery.failed", "delivery.completed"]
    assert "Parcel Lost: it is published, and has no contract" in lost(found)


def test_an_accounts_only_publisher_has_all_its_contracts() -> None:
    made = moved(part(bus())).platform.publishers
    assert set(made) == {"key.delivery", "key.access"}
    assert "access.revoked" in made["key.access"].events


def test_a_source_of_two_is_the_first_ones() -> None:
    twice = statement("a", DELIVERIES, **{"events:source": "s"})
    other = statement("b", ACCESS, **{"events:source": "s"})
    found = moved(part(bus(statements=(twice, other))))
    assert found.platform.publishers["s"].account == "deliveries"
    assert "can be one's alone" in lost(found)
    found = moved(part(bus(statements=(twice, other))), publishers={"s": "access"})
    assert found.platform.publishers["s"].account == "access"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Effect": "Deny"}, "it denies"),
        ({"Principal": "*"}, "names no account"),
        ({"Action": "events:*"}, "is not decided by the bus's policy"),
        ({"Condition": {"StringLike": {"events:source": "s*"}}}, "more than lists"),
        (
            {
                "Condition": {
                    "StringEquals": {"events:source": "t"},
                    "ForAnyValue:StringEquals": {"events:source": ["s", "t"]},
                }
            },
            "more than lists",
        ),
        (
            {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}},
            "not evaluated",
        ),
    ],
)
def test_a_statement_that_is_no_publisher_is_told(change: dict[str, Any], why: str) -> None:
    odd = statement("odd", DELIVERIES, **{"events:source": "s"}) | change
    found = moved(part(bus(statements=(odd,))))
    assert "s" not in found.platform.publishers
    assert "statement odd" in lost(found)
    assert why in lost(found)


def test_who_publishes_from_an_unknown_source_is_a_guess_that_is_told() -> None:
    hub = part(bus(rule("r", FOREIGN, queue("till"))))
    found = moved(hub)
    assert found.platform.publishers["shop.till"].account == "hub"
    assert "--publisher SOURCE=ACCOUNT" in lost(found)
    found = moved(hub, publishers={"shop.till": "finance"})
    assert found.platform.publishers["shop.till"].account == "finance"
    assert "shop.till" not in lost(found)


def test_grants_are_for_somebody_to_approve() -> None:
    hub = part(bus(rule("a", COMPLETED, queue("billing")), rule("b", FOREIGN, queue("till"))))
    found = moved(hub)
    assert not found.platform.grants
    assert "nobody has approved what they receive of others: finance" in lost(found)
    found = moved(hub, approver="olga", expires="2027-12-31")
    grant = found.platform.grants["finance"]
    assert (grant.events, grant.sources) == (["delivery.completed"], ["shop.till"])
    assert (grant.approver, grant.expires) == ("olga", "2027-12-31")
    assert found.platform.accounts["hub"].owners == ["olga"]


def test_what_an_account_owns_needs_no_grant() -> None:
    own = queue("own", DELIVERIES)
    found = moved(part(bus(rule("r", COMPLETED, own))), approver="olga", expires="2027-12-31")
    assert not found.platform.grants


def test_archive_organization_region_and_names() -> None:
    within = statement("d", DELIVERIES, **{"events:source": "s", "aws:PrincipalOrgID": "o-abcd1"})
    archives = (Archive("all", 30, is_whole=True), Archive("some", 99, is_whole=False))
    found = moved(part(bus(statements=(within,), archives=archives)))
    platform = found.platform
    assert (platform.organization, platform.region, platform.central) == ("o-abcd1", REGION, "hub")
    assert platform.archive.max_age == 30 * 86_400
    assert "the archive some" in lost(found)


def test_a_bus_has_to_be_known() -> None:
    other = Bus(MAIL_BUS, "mail", policy="{}")
    with pytest.raises(SettingsError, match=r"which bus .* --bus: mail, shop"):
        moved(part(bus(), other))
    with pytest.raises(SettingsError, match="has no bus 'nope'"):
        moved(part(bus()), bus="nope")
    assert moved(part(bus(), other), bus="shop").platform.bus == "shop"
