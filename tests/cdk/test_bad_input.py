"""What the constructs are told and cannot be: refused with what it is, and what to give instead."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from keybus.cdk import NotDeclared
from keybus.errors import PlanRefused
from tests.cdk.platforms import EXAMPLE, MISSING, deployed, subscribed

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def apps() -> ModuleType:
    from tests.cdk import apps as made  # noqa: PLC0415 - it takes seconds, and Node

    return made


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": None}, "name cannot be None .give the subscription's name"),
        ({"events": "delivery.completed@1"}, r"give a list, such as \['delivery"),
        ({"events": [3]}, r"events cannot be \[3\]"),
        ({"filter": "IN_GARAGE"}, "filter cannot be 'IN_GARAGE'"),
        ({"application": "222222222222"}, r"give Application\(account="),
        ({"visibility_timeout": 43_201}, "give seconds from 0 to 43200"),
        ({"visibility_timeout": "90"}, "visibility_timeout cannot be '90'"),
        ({"receive_wait": 21}, "give seconds from 0 to 20"),
        ({"platform": {"folder": "x"}}, "give the folder of platform.yaml"),
    ],
)
def test_what_a_subscription_cannot_be_told(
    apps: ModuleType, said: dict[str, Any], message: str
) -> None:
    keys = {"name": "mailer", "platform": deployed(subscribed())} | said
    with pytest.raises(NotDeclared, match=message):
        apps.Subscription(apps.stack(apps.app()), "Mailer", **keys)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"platform": None}, "platform cannot be None"),
        ({"regions": ["mailer"]}, "give an object that maps subscriptions to regions"),
        ({"leave_out": "/subscriptions/mailer/fields"}, "give a list of JSON pointers"),
        ({"archive_days": -1}, "give whole days, or 0 for ever"),
        ({"log_days": 8}, "give one of 1, 3, 5, 7, 14"),
        ({"leave_out": ["/subscriptions/mailer/fields"]}, "give regions and leave_out to depl"),
        ({"regions": {"mailer": "us-east-1"}}, "is judged for AWS already"),
    ],
)
def test_what_a_bus_cannot_be_told(apps: ModuleType, said: dict[str, Any], message: str) -> None:
    keys = {"platform": deployed(subscribed())} | said
    with pytest.raises(NotDeclared, match=message):
        apps.CentralBus(apps.stack(apps.app(), apps.HUB), "Bus", **keys)


def test_seconds_are_a_number_and_ids_are_texts(apps: ModuleType) -> None:
    stack = apps.stack(apps.app())
    with pytest.raises(NotDeclared, match="give seconds from 0"):
        apps.Subscription(stack, "Mailer", name="mailer", visibility_timeout=apps.MINUTE)
    with pytest.raises(NotDeclared, match="give 12 digits in quotation marks"):
        apps.Application(account=222222222222)


def test_a_platform_that_needs_more_than_its_folder_says_where_the_rest_goes(
    apps: ModuleType,
) -> None:
    stack = apps.stack(apps.app(), "555555555555")
    with pytest.raises(PlanRefused, match="go to deployment_of, or in the context 'keybus:") as no:
        apps.Subscription(stack, "Billing", name="billing", platform=EXAMPLE)
    assert {each.code for each in no.value.faults} == {"bad-region", "lacks-fields"}


@pytest.mark.parametrize("kind", ["imported", "service", "text"])
def test_what_cannot_be_let_publish(apps: ModuleType, kind: str) -> None:
    stack = apps.stack(apps.app(), apps.DELIVERIES)
    publisher = apps.Publisher(stack, "P", name="key.delivery", platform=deployed(subscribed()))
    with pytest.raises(NotDeclared, match=r"attach 'keybus-key\.delivery-publish' there"):
        publisher.grant(apps.ungranted(stack, kind))


def test_without_node_the_constructs_say_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from keybus.cdk import CentralBus"],
        env={**os.environ, "PATH": str(tmp_path), "JSII_NODE": "node"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert last == (
        "ImportError: CentralBus needs Node, and there is no 'node': install it, or set JSII_NODE"
    )
