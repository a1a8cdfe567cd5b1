"""The reference application on AWS's footing: its own services, over the templates of its platform."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import Any

import pytest

from keybus import Event, EventPublisher, EventSubscriber
from keybus.cdk import deployment_of, stacks_of, template
from keybus.client.aws import AwsTransport
from keybus.settings import Settings
from keybus.testing.aws import OfflineAws
from tests.running import EXAMPLE

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of moto
]
EVENTS, SECONDS = 80, 90
LEFT_OUT = ["/subscriptions/notifications/fields"]  # EventBridge hands over whole events


class OnAws:
    """The whole platform, deployed."""

    def __init__(self, aws: OfflineAws) -> None:
        self._aws = aws
        self._deployment = deployment_of(EXAMPLE, region="eu-west-1", leave_out=LEFT_OUT)
        for stack in stacks_of(self._deployment):
            aws.deploy(template(stack.resources), account=stack.account, region=stack.region)

    def publish(self, publisher: str, events: Iterable[Event]) -> None:
        """As a service of the publisher's account."""
        declared = self._deployment.platform
        account = declared.accounts[declared.publishers[publisher].account].id
        way = self._transport(account)
        with EventPublisher(transport=way, publisher=publisher) as client:
            client.publish_many(events)

    @contextmanager
    def running(
        self, name: str, service: Callable[..., Any], kept: Any, count: int
    ) -> Iterator[None]:
        """A service of the subscription's account, until it has handled so many."""
        declared = self._deployment.platform
        account = declared.accounts[declared.subscriptions[name].account].id
        handled = 0

        def observe(told: Any) -> None:
            nonlocal handled
            assert told.outcome == "handled", told
            handled += 1
            if handled == count:
                subscriber.stop()

        subscriber = EventSubscriber(name, transport=self._transport(account), observer=observe)
        service(kept, subscriber)
        thread = threading.Thread(target=subscriber.run)
        thread.start()
        try:
            yield
            thread.join(SECONDS)
            assert (handled, thread.is_alive()) == (count, False)
        finally:
            subscriber.stop()

    def _transport(self, account: str) -> AwsTransport:
        settings = Settings(event_bus=self._deployment.central.bus_arn)
        return AwsTransport(settings, services=self._aws.services(account))


@pytest.mark.usefixtures("events")
def test_its_services_run_with_not_a_line_changed() -> None:
    names = ("audit", "billing", "mix")  # found once the bindings are
    audit, billing, mix = (import_module(f"services.{name}") for name in names)

    told = list(islice(mix.stream(side_by_side=3), EVENTS))
    billed = {"delivery.scheduled", "delivery.completed", "delivery.failed", "access.visit.started"}
    chain, book = audit.Chain(), billing.ChargeBook()
    with OfflineAws() as aws:
        platform = OnAws(aws)
        by_publisher: dict[str, list[Event]] = {}
        for publisher, event in told:
            by_publisher.setdefault(publisher, []).append(event)
        count = sum(event.TYPE in billed for _, event in told)
        with (
            platform.running("audit", audit.service, chain, EVENTS),
            platform.running("billing", billing.service, book, count),
        ):
            for publisher, batch in by_publisher.items():
                platform.publish(publisher, batch)
    assert sorted(link.event_id for link in chain.links) == sorted(str(e.id) for _, e in told)
    assert chain.verify()
    types = Counter(event.TYPE for _, event in told)
    assert book.billable_deliveries == types["delivery.completed"]
    assert book.waived_deliveries == types["delivery.failed"]
    assert types["delivery.completed"] > 0
