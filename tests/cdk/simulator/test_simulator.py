"""What the simulator reads out of templates is what the topology allows."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from keybus.cdk import Deployment, stacks_of, template
from keybus.cdk.checker import Template
from keybus.cdk.simulator import Event, Simulator
from keybus.governance.authorizer import Authorizer
from keybus.governance.principal import Principal
from keybus.patterns import Pattern
from keybus.topology import load_declaration
from keybus.topology.model import Subscription
from tests.cdk.checker.templates import DELIVERIES, HUB, MAIL, REGION, Templates, allow, role
from tests.cdk.platforms import EXAMPLE, NOW_US, example

CENTRAL = f"arn:aws:events:{REGION}:{HUB}:event-bus/small"
QUEUE = f"arn:aws:sqs:{REGION}:{MAIL}:mailer"
SMALL = {HUB: "o-small1", DELIVERIES: "o-small1", MAIL: "o-small1"}
COMPLETED = Event("key.delivery", "delivery.completed", {"schema_version": "1.0.0"})
LATER_US = 1_900_000_000_000_000  # in 2030, when the grant has ended


def simulated(changed: Templates, now_us: int = NOW_US) -> Simulator:
    return Simulator(changed.read(), SMALL, now_us)


def ends(simulator: Simulator, event: Event = COMPLETED) -> set[str]:
    return {path.end for path in simulator.who_receives(CENTRAL, event)}


def test_the_publisher_puts_and_nobody_else() -> None:
    clean = simulated(Templates())
    found = clean.who_puts(CENTRAL, "key.delivery", "delivery.completed")
    assert list(found) == [DELIVERIES]
    assert [each.partition("#")[0] for each in found[DELIVERIES]] == [
        "publisher/key.delivery",
        "central",
    ]
    assert not clean.who_puts(CENTRAL, "key.access", "delivery.completed")
    assert not clean.who_puts(CENTRAL, "key.delivery", "access.revoked")


def test_who_receives_is_told_with_every_step() -> None:
    [path] = simulated(Templates()).who_receives(CENTRAL, COMPLETED)
    assert (path.end, path.account) == (QUEUE, MAIL)
    assert [each.rpartition("/Resources/")[2] for each in path.steps] == [
        "MailerForwardRule/Properties/Targets/0",
        "MailerForwardRole/Properties",
        "MailerBusPolicy/Properties",
        "MailerRule/Properties/Targets/0",
        "MailerQueuePolicy/Properties",
    ]


def test_the_subscribers_account_alone_consumes() -> None:
    assert list(simulated(Templates()).who_consumes(QUEUE)) == [MAIL]


@pytest.mark.parametrize(
    ("id_", "sid", "key"),
    [
        ("MailerBusPolicy", "PutByDelivery", "aws:PrincipalOrgID"),
        ("MailerBusPolicy", "PutByDelivery", "aws:PrincipalArn"),
        ("MailerForwardRole", "AssumeByRule", "aws:SourceArn"),
        ("MailerQueuePolicy", "SendByRule", "aws:SourceArn"),
        ("MailerQueuePolicy", "SendByRule", "aws:SourceAccount"),
    ],
)
def test_every_condition_on_the_way_can_stop_an_event(id_: str, sid: str, key: str) -> None:
    changed = Templates()
    changed.statement(id_, sid)["Condition"]["StringEquals"][key] = "another"
    assert ends(simulated(changed)) == set()


def test_another_type_or_version_gets_nowhere() -> None:
    clean = simulated(Templates())
    assert (
        ends(clean, Event("key.delivery", "delivery.failed", {"schema_version": "1.0.0"})) == set()
    )
    assert ends(clean, Event("key.delivery", COMPLETED.type, {"schema_version": "2.0.0"})) == set()
    assert ends(clean, Event("key.access", COMPLETED.type, COMPLETED.detail)) == set()


def test_nothing_is_delivered_once_the_grant_has_ended() -> None:
    assert ends(simulated(Templates())) == {QUEUE}
    assert ends(simulated(Templates(), LATER_US)) == set()


def test_a_statement_too_many_shows_who_gets_in_by_it() -> None:
    changed = Templates()
    condition = changed.statement("KeyDelivery20e88766PutPolicy", "KeyDelivery20e88766")
    condition["Principal"] = "*"
    changed.mailer["Added"] = role(allow("events:*", "*"))
    found = simulated(changed).who_puts(CENTRAL, "key.delivery", "delivery.completed")
    assert set(found) == {DELIVERIES, MAIL}
    assert any(each.endswith("/Resources/Added/Properties") for each in found[MAIL])


def test_the_example_s_templates_permit_what_its_topology_allows() -> None:
    deployment = example()
    platform = deployment.platform
    simulator, authorizer = whole()
    accounts = {each.id: name for name, each in platform.accounts.items()}
    bus = deployment.central.bus_arn
    sources = [
        source for name, one in platform.publishers.items() for source in one.sources or [name]
    ]
    asked = 0
    for event_type in deployment.contracts:
        for source in sources:
            said = set(simulator.who_puts(bus, source, event_type))
            allowed = {
                id_
                for id_, name in accounts.items()
                if authorizer.put(publisher(name), source, event_type) is None
            }
            assert said == allowed, (source, event_type)
            asked += len(allowed)
    assert asked >= len(deployment.contracts)


def test_the_example_s_events_get_to_whom_its_topology_delivers() -> None:
    deployment = example()
    simulator, authorizer = whole()
    delivered = 0
    for event in events(deployment):
        paths = simulator.who_receives(deployment.central.bus_arn, event)
        allowed = {
            deployment.site(name).queue_arn
            for name, each in deployment.platform.subscriptions.items()
            if asks(each, event)
            and authorizer.deliver(name, event.type, event.source, NOW_US) is None
        }
        assert {path.end for path in paths} == allowed, event
        delivered += len(allowed)
    assert delivered > 50


def test_the_example_s_queues_are_read_by_their_own_accounts() -> None:
    deployment = example()
    platform = deployment.platform
    simulator, authorizer = whole()
    for subscription in platform.subscriptions:
        said = set(simulator.who_consumes(deployment.site(subscription).queue_arn))
        assert said == {
            each.id
            for name, each in platform.accounts.items()
            if authorizer.consume(subscriber(name), subscription) is None
        }


@cache
def whole() -> tuple[Simulator, Authorizer]:
    deployment = example()
    platform = deployment.platform
    templates = [
        Template(each.name, each.account, each.region, template(each.resources))
        for each in stacks_of(deployment)
    ]
    organizations = {
        each.id: deployment.organization(name) for name, each in platform.accounts.items()
    }
    contracts = load_declaration(EXAMPLE).contracts
    return Simulator(templates, organizations, NOW_US), Authorizer(platform, contracts)


def events(deployment: Deployment) -> Iterator[Event]:
    """A few of the example's own of each type, and one without a contract."""
    publishers = deployment.platform.publishers
    seen: dict[str, int] = {}
    for line in (EXAMPLE / "vectors" / "valid.jsonl").read_text().splitlines():
        row: dict[str, Any] = json.loads(line)
        seen[row["type"]] = seen.get(row["type"], 0) + 1
        if seen[row["type"]] > 4:
            continue
        for name, publisher in publishers.items():
            if row["type"] in publisher.events:
                yield Event((publisher.sources or [name])[0], row["type"], row["detail"])
    yield Event("aws.key", "what comes from abroad", {})


def asks(subscription: Subscription, event: Event) -> bool:
    whole = {"source": event.source, "detail-type": event.type, "detail": dict(event.detail)}
    major = str(event.detail.get("schema_version", "")).partition(".")[0]
    named = {(each.type, str(each.major)) for each in subscription.event_refs}
    if subscription.events and (event.type, major) not in named:
        return False
    return subscription.filter is None or Pattern.parse(subscription.filter).matches(whole)


def publisher(account: str) -> Principal:
    return Principal(account, frozenset({"publisher"}))


def subscriber(account: str) -> Principal:
    return Principal(account, frozenset({"subscriber"}))
