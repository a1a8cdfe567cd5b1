"""What the simulator reads out of templates is what the topology allows."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from keybus.cdk import Deployment, stacks_of, template
from keybus.cdk.checker import Template
from keybus.cdk.simulator import ANYBODY, Event, Simulator
from keybus.governance.authorizer import Authorizer
from keybus.governance.principal import Principal
from keybus.patterns import Pattern
from keybus.topology import load_declaration
from keybus.topology.model import Subscription
from tests.cdk.checker.templates import (
    DELIVERIES,
    HUB,
    MAIL,
    REGION,
    STRANGER,
    Templates,
    allow,
    benign,
    resource,
    role,
)
from tests.cdk.platforms import EXAMPLE, NOW_US, example

CENTRAL = f"arn:aws:events:{REGION}:{HUB}:event-bus/small"
SUBSCRIBERS = f"arn:aws:events:{REGION}:{MAIL}:event-bus/keybus-mailer"
QUEUE = f"arn:aws:sqs:{REGION}:{MAIL}:mailer"
SMALL = {HUB: "o-small1", DELIVERIES: "o-small1", MAIL: "o-small1"}
COMPLETED = Event("key.delivery", "delivery.completed", {"schema_version": "1.0.0"})
LATER_US = 1_900_000_000_000_000  # in 2030, when the grant has ended


def simulated(changed: Templates, now_us: int = NOW_US) -> Simulator:
    return Simulator(changed.read(), SMALL, now_us)


def ends(simulator: Simulator, event: Event = COMPLETED) -> set[str]:
    return {path.end for path in simulator.who_receives(CENTRAL, event)}


def putting(changed: Templates) -> Mapping[str, tuple[str, ...]]:
    return simulated(changed).who_puts(CENTRAL, "key.delivery", "delivery.completed")


def answers(simulator: Simulator) -> list[Any]:
    """All that is asked of the small platform's templates."""
    puts = [
        simulator.who_puts(bus, "key.delivery", "delivery.completed")
        for bus in (CENTRAL, SUBSCRIBERS)
    ]
    return [*puts, simulator.who_receives(CENTRAL, COMPLETED), simulator.who_consumes(QUEUE)]


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
        ("MailerBusPolicy", "MailerPutByDelivery", "aws:PrincipalOrgID"),
        ("MailerBusPolicy", "MailerPutByDelivery", "aws:PrincipalArn"),
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
    condition = changed.statement("SmallKeyDelivery20e88766PutPolicy", "SmallKeyDelivery20e88766")
    condition["Principal"] = "*"
    changed.mailer["Added"] = role(allow("events:*", "*"))
    found = simulated(changed).who_puts(CENTRAL, "key.delivery", "delivery.completed")
    # The bus's own account needs no policy then, and who is not declared may have one.
    assert set(found) == {HUB, DELIVERIES, MAIL, ANYBODY}
    assert any(each.endswith("/Resources/Added/Properties") for each in found[MAIL])


@pytest.mark.parametrize(
    ("id_", "sid"),
    [
        ("KeyDelivery20e88766PublisherPolicy", "PutOnCentralBus"),
        ("SmallKeyDelivery20e88766PutPolicy", "SmallKeyDelivery20e88766"),
        ("MailerForwardRole", "AssumeByRule"),
        ("MailerForwardRole", "PutOnSubscribersBus"),
        ("MailerBusPolicy", "MailerPutByDelivery"),
        ("MailerQueuePolicy", "SendByRule"),
        ("MailerConsumerPolicy", "ReceiveFromQueue"),
    ],
)
def test_without_any_one_statement_the_answers_are_others(id_: str, sid: str) -> None:
    clean, changed = Templates(), Templates()
    changed.statement(id_, sid)["Effect"] = "Deny"
    assert answers(simulated(changed)) != answers(simulated(clean))
    changed.statement(id_, sid)["Action"] = "s3:GetObject"
    assert answers(simulated(changed)) != answers(simulated(clean))


@pytest.mark.parametrize("without", [(), ("aws:PrincipalOrgID",)])
def test_an_account_that_a_policy_names_can_put_whoever_it_is(without: tuple[str, ...]) -> None:
    changed = Templates()
    statement = changed.statement("SmallKeyDelivery20e88766PutPolicy", "SmallKeyDelivery20e88766")
    statement["Principal"] = {"AWS": f"arn:aws:iam::{STRANGER}:role/x"}
    for key in without:
        del statement["Condition"]["StringEquals"][key]
    assert list(putting(changed)) == [STRANGER]
    assert list(simulated(changed).who_puts(CENTRAL, "key.delivery", "access.revoked")) == []


def test_a_queue_that_anybody_may_read() -> None:
    changed = Templates()
    read = allow("sqs:*", "*", Principal={"AWS": "*"})
    changed.said("MailerQueuePolicy")["PolicyDocument"]["Statement"].append(read)
    # The subscriber's own needs no policy then; the others' templates have none that lets them.
    assert set(simulated(changed).who_consumes(QUEUE)) == {MAIL, ANYBODY}


@pytest.mark.parametrize(
    "policy",
    [
        resource(
            "AWS::Events::EventBusPolicy",
            EventBusName="small",
            StatementId="older",
            Action="events:PutEvents",
            Principal=STRANGER,
        ),
        resource(
            "AWS::Events::EventBusPolicy",
            EventBusName="small",
            StatementId="older",
            Action="events:PutEvents",
            Principal="*",
            Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-small1"},
        ),
        resource(
            "AWS::Events::EventBus",
            Name="small",
            Policy={"Statement": [allow("events:PutEvents", "*", Principal=STRANGER)]},
        ),
    ],
)
def test_every_form_of_a_buss_policy_counts(policy: dict[str, Any]) -> None:
    changed = Templates()
    changed.central["Added"] = policy
    found = putting(changed)
    assert found.keys() & {STRANGER, ANYBODY}
    assert any(step.endswith("/Resources/Added/Properties") for step in found[max(found)])


def test_a_queues_policy_of_its_own_counts() -> None:
    changed = Templates()
    changed.mailer["Added"] = resource(
        "AWS::SQS::QueueInlinePolicy",
        Queue={"Ref": "MailerQueue"},
        PolicyDocument={"Statement": [allow("sqs:ReceiveMessage", "*", Principal=STRANGER)]},
    )
    assert set(simulated(changed).who_consumes(QUEUE)) == {MAIL, STRANGER}


def test_a_policy_of_the_same_name_in_another_region_is_of_another_bus() -> None:
    changed = Templates()
    other = resource(
        "AWS::Events::EventBusPolicy",
        EventBusName=CENTRAL.replace(REGION, "us-east-1"),
        Statement=allow("events:PutEvents", "*", Principal="*"),
    )
    changed.central["Added"] = other
    assert answers(simulated(changed)) == answers(simulated(Templates()))


def test_the_subscribers_bus_takes_from_the_delivery_role_alone() -> None:
    found = simulated(Templates()).who_puts(SUBSCRIBERS, "key.delivery", "delivery.completed")
    assert list(found) == [HUB]
    changed = Templates()
    del changed.statement("MailerBusPolicy", "MailerPutByDelivery")["Condition"]["StringEquals"][
        "aws:PrincipalArn"
    ]
    changed.central["Added"] = role(allow("events:PutEvents", "*"))
    found = simulated(changed).who_puts(SUBSCRIBERS, "key.delivery", "delivery.completed")
    assert any(step.endswith("/Added/Properties") for step in found[HUB])


def test_a_role_may_by_the_policies_on_it() -> None:
    changed = Templates()
    changed.central["MailerForwardRole"]["Properties"]["Policies"] = []
    assert ends(simulated(changed)) == set()
    document = {"Statement": [allow("events:PutEvents", "*")]}
    changed.central["Added"] = resource(
        "AWS::IAM::ManagedPolicy", PolicyDocument=document, Roles=[{"Ref": "MailerForwardRole"}]
    )
    assert ends(simulated(changed)) == {QUEUE}


def test_a_rule_without_a_role_gets_where_its_account_is_let_in() -> None:
    changed = Templates()
    [target] = changed.said("MailerForwardRule")["Targets"]
    del target["RoleArn"]
    condition = changed.statement("MailerBusPolicy", "MailerPutByDelivery")["Condition"][
        "StringEquals"
    ]
    condition["aws:PrincipalArn"] = f"arn:aws:iam::{STRANGER}:role/another"
    assert ends(simulated(changed)) == set()
    del condition["aws:PrincipalArn"]
    assert ends(simulated(changed)) == {QUEUE}
    changed.said("MailerForwardRule")["RoleArn"] = {"Fn::GetAtt": ["Powerless", "Arn"]}
    changed.central["Powerless"] = role(allow("logs:*", "*"), service="events.amazonaws.com")
    assert ends(simulated(changed)) == set()


@pytest.mark.parametrize(("account", "reached"), [(MAIL, True), (STRANGER, False)])
def test_an_event_from_another_account_goes_on_in_that_account_only(
    account: str, *, reached: bool
) -> None:
    changed = Templates()
    bus = f"arn:aws:events:{REGION}:{account}:event-bus/second"
    rules = changed.said("MailerRule")
    rules["Targets"].append({"Id": "second", "Arn": bus})
    lets = allow("events:PutEvents", "*", Principal="*")
    documents = changed.read()
    more = {
        "Policy": resource("AWS::Events::EventBusPolicy", EventBusName="second", Statement=lets),
        "Rule": resource(
            "AWS::Events::Rule",
            EventBusName="second",
            EventPattern=rules["EventPattern"],
            Targets=[{"Id": "function", "Arn": f"arn:aws:lambda:{REGION}:{account}:function:f"}],
        ),
    }
    templates = (*documents, Template("second", account, REGION, {"Resources": more}))
    found = ends(Simulator(templates, SMALL, NOW_US))
    assert (found - {QUEUE} == set()) is not reached


def test_what_is_not_evaluated_is_taken_for_the_worst_and_told() -> None:
    changed = Templates()
    changed.mailer.update(benign())
    assert simulated(changed).doubts == ()
    put = changed.statement("SmallKeyDelivery20e88766PutPolicy", "SmallKeyDelivery20e88766")
    put["Principal"] = {"AWS": STRANGER}
    put["Condition"] = {
        "StringNotEquals": {"aws:PrincipalOrgID": "o-small1"},
        "StringEquals": {"aws:PrincipalTag/team": "mail"},
    }
    queue = changed.said("MailerQueuePolicy")["PolicyDocument"]["Statement"]
    queue.append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        }
    )
    changed.mailer["Added"] = role(
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        allow("events:PutEvents", "arn:aws:events:*:*:event-bus/${aws:PrincipalTag/bus}"),
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonEventBridgeFullAccess"],
    )
    changed.said("MailerForwardRule")["Targets"][0]["RoleArn"] = f"arn:aws:iam::{HUB}:role/gone"
    del changed.statement("MailerBusPolicy", "MailerPutByDelivery")["Condition"]
    simulator = simulated(changed)
    assert list(putting(changed)) == [STRANGER]
    assert ends(simulator) == {QUEUE}
    words = [
        "IpAddress aws:sourceip: not evaluated, and taken not to deny",
        "NotAction: not evaluated, and taken to allow",
        "StringEquals aws:principaltag/team, StringNotEquals aws:principalorgid: not evaluated",
        "${aws:PrincipalTag/bus}: not evaluated",
        "no template has arn:aws:iam::aws:policy/AmazonEventBridgeFullAccess",
        f"no template has arn:aws:iam::{HUB}:role/gone",
    ]
    assert [any(each in doubt for doubt in simulator.doubts) for each in words] == [True] * 6
    assert len(simulator.doubts) == len(words)


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
    assert simulator.doubts == ()


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
