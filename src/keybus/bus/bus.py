"""The running bus: a platform, its contracts and an engine, put together."""

from collections.abc import Sequence
from difflib import get_close_matches

import msgspec

from keybus.bus.admission import Admission, Mode
from keybus.bus.dispatcher import Dispatcher
from keybus.bus.engine import CursorState, Engine
from keybus.bus.ingest import Ingest
from keybus.bus.router import Router
from keybus.clock import SYSTEM, Clock
from keybus.contracts import ContractRepository
from keybus.envelope import Entry, EntryResult
from keybus.errors import SubscriptionError
from keybus.protocol import PublisherInfo, SubscriptionInfo
from keybus.topology import Platform

PLATFORMS = "platform"
"""The collection of documents that holds what was applied."""


class Bus:
    """Takes events in, and delivers them.

    Made by `start`; everything happens on the event loop that called it.
    """

    def __init__(
        self, platform: Platform, engine: Engine, ingest: Ingest, dispatchers: dict[str, Dispatcher]
    ) -> None:
        self.platform = platform
        self.engine = engine
        self._ingest, self._dispatchers = ingest, dispatchers

    @classmethod
    async def start(
        cls,
        platform: Platform,
        contracts: ContractRepository,
        engine: Engine,
        *,
        admission: Mode = "observe",
        clock: Clock = SYSTEM,
    ) -> "Bus":
        """Apply the platform to the engine and start.

        Args:
            platform: What is declared.
            contracts: Its contracts.
            engine: Where events are kept; the bus closes it.
            admission: What happens to an event that does not fit its contract.
            clock: Time and ids.
        """
        await engine.documents.put(PLATFORMS, platform.bus, msgspec.json.encode(platform))
        router = Router(platform.subscriptions, contracts)
        dispatchers = {
            name: Dispatcher(await engine.open(name, router.rules[name]), subscription.retry, clock)
            for name, subscription in platform.subscriptions.items()
        }
        ingest = Ingest(platform, engine, router, Admission(platform, contracts, admission), clock)
        return cls(platform, engine, ingest, dispatchers)

    async def put(self, entries: Sequence[Entry]) -> list[EntryResult]:
        """Take entries; see `Ingest.put`."""
        return await self._ingest.put(entries)

    def dispatcher(self, subscription: str) -> Dispatcher:
        """The subscription's dispatcher.

        Raises:
            SubscriptionError: There is no such subscription.
        """
        found = self._dispatchers.get(subscription)
        if found is None:
            close = get_close_matches(subscription, self._dispatchers, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "declare it in platform.yaml"
            raise SubscriptionError(f"there is no subscription {subscription!r}", hint=hint)
        return found

    def publishers(self, event_type: str | None = None) -> list[PublisherInfo]:
        """The declared publishers; only those that emit the type where one is named."""
        return [
            PublisherInfo(name, publisher.account, publisher.sources or [name], publisher.events)
            for name, publisher in self.platform.publishers.items()
            if event_type is None or event_type in publisher.events
        ]

    async def states(self) -> dict[str, CursorState]:
        """How each subscription stands."""
        return {name: await d.cursor.state() for name, d in self._dispatchers.items()}

    async def subscriptions(self) -> list[SubscriptionInfo]:
        """The subscriptions, what they ask for and how they stand."""
        states = await self.states()
        return [
            SubscriptionInfo(
                name=name,
                account=declared.account,
                events=declared.events,
                filter=declared.filter,
                consumers=self._dispatchers[name].consumers,
                acknowledged=self._dispatchers[name].acknowledged,
                waiting=states[name].waiting,
                in_flight=states[name].in_flight,
                delayed=states[name].delayed,
                dead=states[name].dead,
            )
            for name, declared in self.platform.subscriptions.items()
        ]

    async def stop_delivering(self) -> None:
        """Hand leases back, untried, before consumers are cut off; events are still taken."""
        for dispatcher in self._dispatchers.values():
            await dispatcher.stop()

    async def close(self) -> None:
        """Stop delivering, and close the engine."""
        await self.stop_delivering()
        await self.engine.close()
