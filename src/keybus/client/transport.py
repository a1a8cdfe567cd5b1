"""What a client asks of the way to the bus; HTTP is one, a test's in-memory bus another."""

from collections.abc import Sequence
from typing import Literal, Protocol

from keybus.clock import Clock
from keybus.envelope import Entry, EntryResult
from keybus.errors import SettingsError
from keybus.protocol import Delivered, Hello, PublisherInfo, Settlement
from keybus.settings import Settings


class DeliveryStream(Protocol):
    """An open subscription."""

    @property
    def hello(self) -> Hello:
        """What the bus said of the subscription."""
        ...

    async def receive(self) -> Sequence[Delivered]:
        """The next frame's deliveries.

        Raises:
            BusUnavailable: The connection was lost; a new one may be opened.
        """
        ...

    async def settle(self, settlement: Settlement) -> None:
        """Say what became of deliveries; an empty settlement is a heartbeat.

        Raises:
            BusUnavailable: The connection was lost; what it held comes again.
        """
        ...

    async def close(self) -> None:
        """Close in order: what was settled before arrives."""
        ...


class Transport(Protocol):
    """A way to the bus."""

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """Offer entries; a result for each, in the same order.

        Raises:
            BusUnavailable: It is not known whether they were taken; trying again may help.
            Throttled: They were not taken; trying again helps once its time is over.
            Unauthenticated: The bus does not know the credential.
            Forbidden: The credential is not for this.
            PublishError: They were refused as a whole; trying again will not help.
        """
        ...

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        """The publishers that emit this type.

        Raises:
            BusUnavailable: The bus did not answer.
        """
        ...

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        """Open a subscription.

        Raises:
            SubscriptionError: There is none of this name, or it is another account's.
            Unauthenticated: The bus does not know the credential.
            Throttled: To be tried again once its time is over.
            BusUnavailable: The bus did not answer.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


TransportName = Literal["http", "aws"]


def way_to(
    given: "Transport | TransportName | None", url: str | None, settings: Settings, clock: Clock
) -> "tuple[Transport, bool]":
    """The way to the bus that a client was told of, and whether it was made here.

    Args:
        given: A transport, or the name of one; None: ``KEYBUS_TRANSPORT``.
        url: The bus, where it is reached over HTTP.
        settings: The token, the authorities, the event bus, and how long a request may take.
        clock: Time and jitter.

    Raises:
        SettingsError: There is no such transport, the token would cross a network in the clear, or
            the authorities cannot be read.
    """
    name = settings.transport if given is None else given
    if not isinstance(name, str):
        return name, False
    if name == "http":
        # An HTTP client is a good part of an import's time, and most processes never connect.
        from keybus.client.http import HttpTransport  # noqa: PLC0415

        timeout = settings.request_timeout
        return HttpTransport(settings.bus(url), request_timeout=timeout, settings=settings), True
    if name != "aws":
        raise SettingsError(f"there is no transport {name!r}", hint="http or aws")
    if url is not None:
        raise SettingsError(
            f"the transport aws has no use for {url}", hint="set AWS_ENDPOINT_URL, or leave it out"
        )
    from keybus.client.aws import AwsTransport  # noqa: PLC0415 - an extra

    return AwsTransport(settings, clock=clock), True
