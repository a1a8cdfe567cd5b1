"""Publisher and subscriber over the in-memory bus that users' own tests get."""

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from keybus import (
    EntriesRefused,
    Envelope,
    Event,
    EventPublisher,
    EventSubscriber,
    Handled,
    InvalidEvent,
    PublishError,
    SettingsError,
    SubscriptionError,
    UnknownEventType,
    current_delivery,
)
from keybus.envelope import Entry
from keybus.testing import InMemoryBus
from tests.running import EXAMPLE

AT = "2026-01-31T08:00:00Z"


@pytest.fixture
def bus(example: Path) -> Iterator[InMemoryBus]:
    with InMemoryBus(example) as running:
        yield running


def status(events: ModuleType, number: int = 1, value: str = "IN_GARAGE", **more: Any) -> Any:
    return events.DeliveryStatusUpdated(
        delivery_id=f"DEL-{number}", status=value, timestamp=AT, **more
    )


def test_a_typed_event_travels_from_its_class_to_a_handler(
    bus: InMemoryBus, events: ModuleType
) -> None:
    subscriber, received = bus.subscriber("notifications"), []

    @subscriber.on(events.DeliveryStatusUpdated)
    async def take(event: Any) -> None:
        received.append(event)

    event = status(events)
    with bus.running(subscriber):
        event_id = bus.publisher("key.delivery").publish(event)
        bus.settle("notifications")
    [got] = received
    assert type(got) is events.DeliveryStatusUpdated
    assert got.id == event.id
    assert got.publisher.name == "key.delivery"
    [envelope] = bus.published
    assert (envelope.id, envelope.source) == (event_id, "key.delivery")


def test_a_plain_function_may_handle_and_block(bus: InMemoryBus, events: ModuleType) -> None:
    subscriber = bus.subscriber("notifications")
    both = threading.Barrier(2, timeout=5)

    @subscriber.on(events.DeliveryStatusUpdated)
    def take(_: Any) -> None:
        both.wait()  # would hang if one handler had to end before the other begins

    with bus.running(subscriber):
        bus.publisher("key.delivery").publish_many([status(events, 1), status(events, 2)])
        bus.settle("notifications")


def test_what_a_handler_publishes_carries_its_cause(bus: InMemoryBus, events: ModuleType) -> None:
    subscriber = bus.subscriber("notifications")
    publisher = bus.publisher("key.delivery")

    @subscriber.on(events.DeliveryStatusUpdated)
    def take(event: Any) -> None:
        if event.status == "SCHEDULED":
            publisher.publish(status(events, 2, "COMPLETED"))

    with bus.running(subscriber):
        publisher.publish(status(events, 1, "SCHEDULED"))
        bus.settle("notifications")
    first, second = (envelope.decoded_detail() for envelope in bus.published)
    assert second["causation_id"] == first["id"]
    assert second["correlation_id"] == first["id"]
    assert second["trace"][3:35] == first["trace"][3:35]
    assert "causation_id" not in first


def test_a_handler_that_fails_has_its_event_again(bus: InMemoryBus, events: ModuleType) -> None:
    subscriber, attempts = bus.subscriber("notifications"), []
    outcomes: list[Handled] = []
    subscriber.observer = outcomes.append

    @subscriber.on(events.DeliveryStatusUpdated)
    async def take(_: Any) -> None:
        attempts.append(current_delivery().attempt)
        if len(attempts) < 3:
            raise ConnectionError("not yet")

    with bus.running(subscriber):
        bus.publisher("key.delivery").publish(status(events))
        bus.settle("notifications", seconds=10)
    assert attempts == [1, 2, 3]
    assert [told.outcome for told in outcomes] == ["failed", "failed", "handled"]
    assert outcomes[0].reason == "ConnectionError: not yet"
    assert outcomes[2].finished_at >= outcomes[2].ingested_at


def test_an_event_that_does_not_fit_goes_to_the_dead_letters_with_the_reason(
    example: Path, events: ModuleType
) -> None:
    with InMemoryBus(example, admission="off") as bus:
        subscriber = bus.subscriber("notifications")
        ignore(subscriber, events.DeliveryStatusUpdated)
        detail = status(events).to_dict() | {"publisher": {"name": "x"}, "timestamp": "yesterday"}
        put(bus, "delivery.status.updated", detail)
        with bus.running(subscriber):
            bus.settle("notifications")
        [letter] = bus.dead_letters("notifications")
        assert "/timestamp" in letter.reason


def test_an_event_without_a_handler_goes_to_the_dead_letters(
    bus: InMemoryBus, events: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber = bus.subscriber("billing")
    ignore(subscriber, events.DeliveryScheduled)
    with bus.running(subscriber):
        bus.publisher("key.access").publish(vector(events, "access.visit.started"))
        bus.settle("billing")
    [letter] = bus.dead_letters("billing")
    assert "access.visit.started" in letter.reason
    assert "delivery.completed" in caplog.text


def ignore(subscriber: EventSubscriber, kind: type[Event]) -> None:
    """Handle events of a class by doing nothing."""

    @subscriber.on(kind)
    async def nothing(_: Event) -> None: ...


def vector(events: ModuleType, event_type: str) -> Any:
    """An event of the type, from the example's vectors."""
    rows = (EXAMPLE / "vectors" / "valid.jsonl").read_text().splitlines()
    detail = next(row["detail"] for row in map(json.loads, rows) if row["type"] == event_type)
    detail.pop("publisher", None)
    kind = getattr(events, "".join(part.title() for part in event_type.split(".")))
    known = {key: value for key, value in detail.items() if key not in ("id", "time")}
    return kind(**known)


def put(bus: InMemoryBus, event_type: str, detail: dict[str, Any], source: str = "test") -> None:
    entry = Entry(source, event_type, msgspec.Raw(msgspec.json.encode(detail)))
    [result] = bus.call(bus.running_bus.put([entry]))
    assert result.event_id, result


def test_foreign_events_come_as_envelopes(example: Path) -> None:
    with InMemoryBus(example, admission="observe") as bus:
        subscriber, received = bus.subscriber("partner-feed"), []

        @subscriber.on("Key Event")
        async def take(envelope: Envelope) -> None:
            received.append(envelope.decoded_detail())

        put(bus, "Key Event", {"key": "value"}, source="aws.key")
        with bus.running(subscriber):
            bus.settle("partner-feed")
        assert received == [{"key": "value"}]


def test_unknown_fields_survive_forwarding(example: Path, events: ModuleType) -> None:
    """A service that knows less than the event carries must not lose what it does not know."""
    with InMemoryBus(example) as bus:
        subscriber = bus.subscriber("audit")
        publisher = bus.publisher("key.delivery")

        @subscriber.on(events.DeliveryStatusUpdated)
        def forward(event: Any) -> None:
            if event.status == "SCHEDULED":
                publisher.publish(event.replace(id=str(uuid.uuid4()), status="COMPLETED"))

        detail = status(events, 1, "SCHEDULED").to_dict()
        detail |= {"publisher": {"name": "key.delivery", "pod": "p-1"}, "later": {"added": [1.10]}}
        put(bus, "delivery.status.updated", detail, source="key.delivery")
        with bus.running(subscriber):
            bus.settle("audit")
        forwarded = bus.published[1].decoded_detail()
        assert forwarded["later"] == {"added": [1.10]}
        assert forwarded["publisher"] == {"name": "key.delivery", "pod": "p-1"}


def test_publish_takes_a_type_and_fields(bus: InMemoryBus, events: ModuleType) -> None:
    publisher = bus.publisher("key.delivery")
    site = {"site_id": "SITE-1", "kind": "SINGLE_HOME"}
    fields = {"delivery_id": "DEL-1", "site": site, "reason": "NO_ACCESS", "timestamp": AT}
    publisher.publish("delivery.failed", fields)
    assert bus.published[0].decoded_detail()["delivery_id"] == "DEL-1"
    with pytest.raises(InvalidEvent) as caught:
        publisher.publish("delivery.failed", {"delivery_id": 7, "unheard": 1})
    assert {fault.pointer for fault in caught.value.faults} >= {
        "/delivery_id", "/unheard", "/site", "/reason", "/timestamp",
    }  # fmt: skip
    with pytest.raises(UnknownEventType) as unknown:
        publisher.publish("delivery.faild", fields)
    assert unknown.value.nearest[0] == "delivery.failed"
    with pytest.raises(PublishError, match=r"delivery\.status\.updated"):
        publisher.publish("delivery.completed", status(events))


def test_a_refusal_is_raised_or_returned_and_never_hidden(
    bus: InMemoryBus, events: ModuleType
) -> None:
    publisher = bus.publisher("key.delivery")
    good = status(events, 1)
    detail = status(events, 2).to_dict() | {"too": "x" * (1 << 20)}
    bad = events.DeliveryStatusUpdated.from_dict(detail | {"publisher": {"name": "key.delivery"}})
    with pytest.raises(EntriesRefused) as caught:
        publisher.publish(bad)
    assert caught.value.refused[0].event_id == bad.id
    with pytest.raises(EntriesRefused) as several:
        publisher.publish_many([good, bad])
    assert (several.value.accepted, several.value.refused[0].index) == (1, 1)
    first, second = publisher.publish_many([good, bad], on_refused="return")
    assert first.event_id
    assert second.code == "InvalidArgument"
    future = publisher.publish_soon(bad)
    with pytest.raises(EntriesRefused):
        future.result(5)
    with pytest.raises(PublishError, match="1 queued events failed"):
        publisher.flush()
    publisher.flush()


def test_publish_soon_is_durable_once_its_future_is_done(
    bus: InMemoryBus, events: ModuleType
) -> None:
    publisher = bus.publisher("key.delivery")
    ids = [publisher.publish_soon(status(events, number)) for number in range(20)]
    publisher.flush()
    assert [future.result(0) for future in ids] == [envelope.id for envelope in bus.published]


def test_who_publishes_is_asked_of_the_bus_or_said_plainly(
    bus: InMemoryBus, events: ModuleType
) -> None:
    with EventPublisher(transport=bus.transport) as publisher:
        publisher.publish(status(events))
    assert bus.published[0].source == "key.delivery"


def test_a_closed_publisher_says_so(bus: InMemoryBus, events: ModuleType) -> None:
    publisher = bus.publisher("key.delivery")
    publisher.close()
    publisher.close()
    with pytest.raises(PublishError, match="closed"):
        publisher.publish(status(events))


async def test_the_async_publisher(bus: InMemoryBus, events: ModuleType) -> None:
    async with bus.async_publisher("key.delivery") as publisher:
        one = await publisher.publish(status(events, 1))
        soon = await publisher.publish_soon(status(events, 2))
        many = await publisher.publish_many([status(events, 3), status(events, 4)])
        assert await publisher.publish_many([]) == []
        ids = [one, await soon, *(result.event_id for result in many)]
    published = await asyncio.to_thread(lambda: bus.published)
    assert sorted(ids) == sorted(envelope.id for envelope in published)


def test_an_unknown_subscription_ends_the_subscriber_with_its_name(bus: InMemoryBus) -> None:
    subscriber = bus.subscriber("no-such")
    subscriber.on("x")(print)
    with pytest.raises(SubscriptionError, match="no-such"):
        asyncio.run(subscriber.serve())


def test_stopping_finishes_what_is_in_hand_and_hands_back_the_rest(
    bus: InMemoryBus, events: ModuleType
) -> None:
    subscriber = EventSubscriber("notifications", transport=bus.transport, concurrency=1)
    begun, go_on = threading.Event(), threading.Event()
    handled = []

    @subscriber.on(events.DeliveryStatusUpdated)
    def take(event: Any) -> None:
        begun.set()
        assert go_on.wait(5)
        handled.append(event.delivery_id)

    publisher = bus.publisher("key.delivery")
    publisher.publish_many([status(events, number) for number in range(3)])
    with bus.running(subscriber):
        assert begun.wait(5)
        subscriber.stop()
        go_on.set()
    assert handled == ["DEL-0"]
    state = bus.call(bus.running_bus.states())["notifications"]
    assert (state.waiting, state.in_flight, state.delayed) == (2, 0, 0)


def test_settle_says_where_it_is_stuck(bus: InMemoryBus, events: ModuleType) -> None:
    bus.publisher("key.delivery").publish(status(events))
    with pytest.raises(TimeoutError, match=r"notifications.*1"):
        bus.settle(seconds=0.05)


def test_a_publisher_without_a_name_and_no_owner_is_told_what_to_do(
    bus: InMemoryBus, events: ModuleType
) -> None:
    bus.platform.publishers["key.other"] = bus.platform.publishers["key.delivery"]
    with (
        EventPublisher(transport=bus.transport) as publisher,
        pytest.raises(SettingsError, match="KEYBUS_PUBLISHER"),
    ):
        publisher.publish(status(events))
