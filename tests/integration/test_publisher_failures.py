"""Publishing when the bus is away, when the process forks, and when it ends."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from keybus import AsyncEventPublisher, BusUnavailable, PublishError
from keybus.client import DeliveryStream
from keybus.envelope import Entry, EntryResult
from keybus.protocol import PublisherInfo
from keybus.settings import Settings
from tests.running import Server


class Away:
    """A transport whose bus answers only after it was asked so often."""

    def __init__(self, failures: int, results: Sequence[EntryResult] | None = None) -> None:
        self.failures, self.results = failures, results
        self.sources: list[str] = []

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise BusUnavailable("away")

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        self._fail()
        self.sources += [entry.source for entry in entries]
        return self.results or [EntryResult(event_id="taken")] * len(entries)

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        self._fail()
        return [PublisherInfo("key.delivery", "deliveries", ["key.source"], [event_type])]

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        raise BusUnavailable(f"{subscription} {window}")

    async def close(self) -> None:
        """Nothing is open."""


PATIENT, HASTY = Settings(retry_timeout=30.0), Settings(retry_timeout=0.05)


def status(events: ModuleType, number: int = 1) -> Any:
    return events.DeliveryStatusUpdated(
        delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
    )


async def test_asking_who_publishes_is_tried_again_too(events: ModuleType) -> None:
    async with AsyncEventPublisher(transport=Away(failures=2), settings=PATIENT) as publisher:
        assert await publisher.publish(status(events)) == "taken"


@pytest.mark.parametrize("name", [None, "key.delivery"])
async def test_the_source_is_the_one_that_is_declared(events: ModuleType, name: str | None) -> None:
    transport = Away(failures=0)
    async with AsyncEventPublisher(publisher=name, transport=transport) as publisher:
        await publisher.publish(status(events))
    async with AsyncEventPublisher(publisher="other", transport=transport) as publisher:
        await publisher.publish(status(events))
    async with AsyncEventPublisher(publisher="a", source="b", transport=transport) as publisher:
        await publisher.publish(status(events))
    assert transport.sources == ["key.source", "other", "b"]


async def test_publish_many_says_how_many_are_durable_or_returns_what_failed(
    events: ModuleType,
) -> None:
    away = AsyncEventPublisher("", publisher="a", source="b", transport=Away(10**6), settings=HASTY)
    with pytest.raises(BusUnavailable, match="0 of 2 events are durable"):
        await away.publish_many([status(events, 1), status(events, 2)])
    [result] = await away.publish_many([status(events)], on_refused="return")
    assert result.code == "bus-unavailable"
    await away.close()


async def test_a_closed_publisher_refuses(events: ModuleType) -> None:
    publisher = AsyncEventPublisher(publisher="a", source="b", transport=Away(0))
    await publisher.publish(status(events))
    await publisher.close()
    with pytest.raises(PublishError, match="closed"):
        await publisher.publish(status(events))


def program(server: Server, environment: dict[str, str], text: str) -> str:
    prelude = """
        import os, sys
        from amazon_key_events import DeliveryStatusUpdated
        from keybus import EventPublisher, PublishError
        event = DeliveryStatusUpdated(
            delivery_id="DEL-1", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(text)],
        env={**environment, "KEYBUS_URL": server.url, "KEYBUS_RETRY_TIMEOUT": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_needs_a_publisher_of_its_own_and_ends(
    server: Server, environment: dict[str, str]
) -> None:
    said = program(
        server,
        environment,
        """
        publisher = EventPublisher()
        publisher.publish(event)
        child = os.fork()
        if child == 0:
            try:
                publisher.publish(event)
            except PublishError as error:
                print("refused", "fork" in str(error))
            with EventPublisher() as own:
                print("own", bool(own.publish(event)), flush=True)
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print("parent", bool(publisher.publish(event)))
        """,
    )
    assert said.split("\n")[:3] == ["refused True", "own True", "parent True"]


def test_what_is_pending_at_the_end_is_sent_whatever_else_fails(
    server: Server, environment: dict[str, str]
) -> None:
    program(
        server,
        environment,
        """
        away = EventPublisher("http://127.0.0.1:9", publisher="a", source="b")
        away.publish_soon(event)
        forgotten = EventPublisher(linger=60)
        forgotten.publish_soon(event)
        del forgotten
        kept = EventPublisher(linger=60)
        kept.publish_soon(event.replace(id="00000000-0000-4000-8000-000000000001"))
        """,
    )
    count = program(
        server,
        environment,
        """
        import json, urllib.request
        url = os.environ["KEYBUS_URL"] + "/api/v1/subscriptions"
        rows = json.load(urllib.request.urlopen(url))
        print(next(row["waiting"] for row in rows if row["name"] == "notifications"))
        """,
    )
    assert int(count) == 2
