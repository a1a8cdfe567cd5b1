"""Who may put on the central bus: exactly whom the platform lets."""

import pytest

from keybus.cdk.bus_policy import LIMIT, bus_policy, size_of
from keybus.cdk.statements import put_by_publisher
from keybus.contracts import ContractRepository
from keybus.errors import PlanRefused
from keybus.governance.authorizer import Authorizer
from keybus.governance.principal import Principal
from keybus.topology.constructs import Account, Platform, Publisher
from tests.cdk.iam import permitted
from tests.cdk.platforms import EXAMPLE, deployed, example, small

PUT = "events:PutEvents"


def test_it_permits_what_the_authorizer_permits() -> None:
    deployment = example()
    platform = deployment.platform
    authorizer = Authorizer(platform, ContractRepository.load(EXAMPLE / "contracts"))
    statements = bus_policy(deployment)
    sources = ["key.delivery", "key.access", "key.devices", "aws.key", "nobody"]
    compared = 0
    for name, account in platform.accounts.items():
        principal = Principal(name, frozenset({"publisher"}))
        for source in sources:
            for event_type in deployment.contracts:
                context = {
                    "events:source": source,
                    "events:detail-type": event_type,
                    "aws:PrincipalOrgID": "o-amazonkey1",
                }
                root = f"arn:aws:iam::{account.id}:root"
                bus = deployment.central.bus_arn
                allowed = permitted(statements, PUT, bus, context, root)
                assert allowed == (authorizer.put(principal, source, event_type) is None)
                compared += allowed
    assert compared == 16  # each type by its owner, from its source


@pytest.mark.parametrize(
    "change",
    [
        {"aws:PrincipalOrgID": "o-another1"},
        {"aws:PrincipalOrgID": None},
        {"events:source": None},
        {"events:detail-type": "delivery.scheduled"},
        {"events:detail-type": None},
    ],
)
def test_every_condition_counts(change: dict[str, str | None]) -> None:
    deployment = deployed(small())
    context = {
        "events:source": "key.delivery",
        "events:detail-type": "delivery.completed",
        "aws:PrincipalOrgID": "o-small1",
    }
    statements, bus = bus_policy(deployment), deployment.central.bus_arn
    root = "arn:aws:iam::111111111111:root"
    assert permitted(statements, PUT, bus, context, root)
    assert not permitted(statements, "events:PutRule", bus, context, root)
    assert not permitted(statements, PUT, bus + "2", context, root)
    changed = {key: value for key, value in (context | change).items() if value is not None}
    assert not permitted(statements, PUT, bus, changed, root)


def test_a_publishers_own_policy_is_for_its_events_on_the_central_bus() -> None:
    deployment = example()
    statement = put_by_publisher(deployment, "key.devices")
    context = {"events:source": "key.devices", "events:detail-type": "device.online"}
    assert permitted([statement], PUT, deployment.central.bus_arn, context)
    other = deployment.site("billing").bus_arn
    assert not permitted([statement], PUT, other, context)
    for change in ({"events:source": "key.access"}, {"events:detail-type": "access.revoked"}):
        assert not permitted([statement], PUT, deployment.central.bus_arn, context | change)


def test_publishers_of_an_account_share_a_statement_where_they_are_too_many() -> None:
    def many(platform: Platform) -> None:
        for index in range(60):
            name = f"courier-{index}"
            Publisher(platform, name, account="deliveries", events=["delivery.failed"])

    deployment = deployed(small(many))
    statements = bus_policy(deployment)
    assert [each["Sid"] for each in statements] == ["SmallDeliveries"]
    assert size_of(statements) <= LIMIT
    context = {
        "events:source": "courier-59",
        "events:detail-type": "delivery.failed",
        "aws:PrincipalOrgID": "o-small1",
    }
    bus = deployment.central.bus_arn
    assert permitted(statements, PUT, bus, context, "arn:aws:iam::111111111111:root")
    assert not permitted(statements, PUT, bus, context, "arn:aws:iam::222222222222:root")
    untyped = context | {"events:detail-type": "anything"}
    assert not permitted(statements, PUT, bus, untyped, "arn:aws:iam::111111111111:root")


def test_one_that_lists_no_events_frees_no_other() -> None:
    def many(platform: Platform) -> None:
        Publisher(platform, "legacy", account="deliveries", events=[])
        for index in range(60):
            name = f"courier-{index}"
            Publisher(platform, name, account="deliveries", events=["delivery.failed"])

    deployment = deployed(small(many))
    statements, bus = bus_policy(deployment), deployment.central.bus_arn
    root = "arn:aws:iam::111111111111:root"
    context = {"aws:PrincipalOrgID": "o-small1", "events:detail-type": "anything"}
    assert permitted(statements, PUT, bus, context | {"events:source": "legacy"}, root)
    assert not permitted(statements, PUT, bus, context | {"events:source": "courier-1"}, root)


def test_one_that_is_too_long_is_refused_with_by_how_much() -> None:
    def many(platform: Platform) -> None:
        for index in range(60):
            name = f"account-{index}"
            Account(platform, name, id=f"3000000000{index:02}", owners=["lou"])
            Publisher(platform, f"publisher-{index}", account=name, events=[])

    with pytest.raises(PlanRefused, match=r"\d+ more than EventBridge takes") as refused:
        bus_policy(deployed(small(many)))
    assert refused.value.faults[0].code == "bus-policy-size"
    assert "divide the platform" in refused.value.faults[0].hint
