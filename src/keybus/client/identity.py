"""Who publishes: the publisher's name and envelope source for an event type, asked of the bus."""

from keybus.backoff import backoff
from keybus.client.transport import Transport
from keybus.clock import Clock
from keybus.errors import BusUnavailable, SettingsError, Throttled
from keybus.protocol import PublisherInfo
from keybus.settings import FIRST_PAUSE, LONGEST_PAUSE


class Identity:
    """Names and sources by event type, asked once each.

    Args:
        transport: The way to the bus.
        clock: Time and jitter.
        name: The publisher's name; empty for the one that the platform declares for the type.
        source: The source; None for the one that the platform declares for the publisher.
        retry_timeout: Seconds for which the bus is asked.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        name: str,
        source: str | None,
        retry_timeout: float,
    ) -> None:
        self._transport, self._clock = transport, clock
        self._name, self._source, self._retry_timeout = name, source, retry_timeout
        self._known: dict[str, tuple[str, str]] = {}

    async def of(self, event_type: str) -> tuple[str, str]:
        """The publisher's name and its source.

        Raises:
            SettingsError: No name is given, and the platform declares none or several.
            BusUnavailable: The bus did not answer in time, after all retries.
        """
        known = self._known.get(event_type)
        if known is None:
            known = self._known[event_type] = await self._find(event_type)
        return known

    async def _find(self, event_type: str) -> tuple[str, str]:
        if self._name and self._source:
            return self._name, self._source
        found = {info.name: info for info in await self._ask(event_type)}
        if self._name:
            info = found.get(self._name)
            return self._name, self._source or (info.sources[0] if info else self._name)
        if len(found) == 1:
            [info] = found.values()
            return info.name, self._source or info.sources[0]
        several = f"several publishers emit it: {', '.join(found)}"
        raise SettingsError(
            f"who publishes {event_type!r}? {several if found else 'no publisher of yours emits it'}",
            hint="name the publisher: EventPublisher(publisher=…) or KEYBUS_PUBLISHER; on a bus "
            "that asks for credentials, KEYBUS_TOKEN says whose publishers are looked at",
        )

    async def _ask(self, event_type: str) -> "list[PublisherInfo]":
        deadline = self._clock.monotonic() + self._retry_timeout
        failures = 0
        while True:
            try:
                return list(await self._transport.publishers(event_type))
            except (BusUnavailable, Throttled) as error:
                failures += 1
                wait = backoff(failures, self._clock, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
                wait += error.retry_after if isinstance(error, Throttled) else 0.0
                if self._clock.monotonic() + wait > deadline:
                    raise
                await self._clock.sleep(wait)
