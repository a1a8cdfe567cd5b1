"""The AWS transport: publishing by PutEvents, deliveries from SQS."""

import asyncio
from collections.abc import Sequence
from typing import Final

from keybus.client.aws.calls import Calls, Services
from keybus.client.aws.packing import packed, request_entry
from keybus.client.aws.queue import MAX_VISIBILITY
from keybus.client.aws.queue_stream import QueueStream
from keybus.client.transport import DeliveryStream
from keybus.clock import SYSTEM, Clock
from keybus.envelope import Entry, EntryResult
from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    PublishError,
    SettingsError,
    SubscriptionError,
    Throttled,
)
from keybus.protocol import PublisherInfo
from keybus.settings import Settings

VISIBILITY_SECONDS: Final = 60
_LEAST_VISIBILITY: Final = 20  # it is extended after half of it, when a heartbeat is due
_AT_ONCE: Final = 8  # requests; EventBridge keeps no order that this could change
_RETRYABLE: Final = "InternalFailure"


class AwsTransport:
    """Amazon EventBridge and SQS, or what answers as they do.

    Belongs to the event loop on which it is first used.

    Args:
        settings: The event bus, and how long a request may take; from the environment where they
            are not given.
        services: Where boto3's clients come from, such as a ``boto3.Session``; None: boto3's
            default session.
        visibility: Seconds for which a message that was received is hidden from others, 20 to
            43,200; it is extended for as long as its handler runs.
        clock: Time and jitter.

    Raises:
        SettingsError: Messages would be visible again before they are extended, or SQS does not
            hide them for as long.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        services: Services | None = None,
        visibility: int = VISIBILITY_SECONDS,
        clock: Clock = SYSTEM,
    ) -> None:
        if not _LEAST_VISIBILITY <= visibility <= MAX_VISIBILITY:
            raise SettingsError(
                f"visibility is {visibility} s;"
                f" it must be from {_LEAST_VISIBILITY} to {MAX_VISIBILITY}"
            )
        settings = settings or Settings.from_environment()
        self._event_bus = settings.event_bus
        self._calls = Calls(services, settings.request_timeout)
        self._visibility, self._clock = visibility, clock

    async def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """See `Transport.put`; what failed of several requests is among the results."""
        room = asyncio.Semaphore(_AT_ONCE)
        requests = [self._request(part, room) for part in packed(entries)]
        answers = await asyncio.gather(*requests, return_exceptions=True)
        failures = [each for each in answers if isinstance(each, BaseException)]
        if len(failures) == len(answers) and len({type(each) for each in failures}) == 1:
            raise failures[0]
        results: list[EntryResult] = []
        for part, answer in zip(packed(entries), answers, strict=True):
            if isinstance(answer, KeybusError):
                results += [_failed(answer)] * len(part)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                results += answer
        return results

    async def publishers(self, event_type: str) -> Sequence[PublisherInfo]:
        """See `Transport.publishers`; EventBridge knows of none."""
        del event_type
        return ()

    async def subscribe(self, subscription: str, window: int) -> DeliveryStream:
        """See `Transport.subscribe`.

        Args:
            subscription: The name of its queue, or the queue's URL.
            window: Messages that may be out at once.
        """
        url = subscription
        if not url.startswith(("https://", "http://")):
            try:
                answer = await self._calls.ask("sqs", "get_queue_url", QueueName=subscription)
            except Forbidden as error:
                raise SubscriptionError(str(error.args[0]), hint=error.hint) from None
            except BusUnavailable:
                raise
            except PublishError as error:
                raise SubscriptionError(
                    f"there is no queue {subscription!r}: {error}",
                    hint="does it exist in this account and region?",
                ) from None
            url = answer.get("QueueUrl", "")
            if not url:
                raise BusUnavailable(
                    "SQS answered without the queue's URL", hint="is AWS_ENDPOINT_URL right?"
                )
        return QueueStream(
            self._calls, subscription, url, window, visibility=self._visibility, clock=self._clock
        )

    async def close(self) -> None:
        """See `Transport.close`."""
        self._calls.close()

    async def _request(
        self, entries: Sequence[Entry], room: asyncio.Semaphore
    ) -> list[EntryResult]:
        made = [request_entry(entry, self._event_bus) for entry in entries]
        async with room:
            answer = await self._calls.ask("events", "put_events", Entries=made)
        results = [_result(each) for each in answer.get("Entries") or ()]
        if len(results) != len(entries):
            raise BusUnavailable(
                f"EventBridge answered {len(results)} of {len(entries)} entries",
                hint="is AWS_ENDPOINT_URL right?",
            )
        return results


def _result(answered: dict[str, str]) -> EntryResult:
    """A PutEventsResultEntry; an id, or why not."""
    event_id = answered.get("EventId", "")
    code = answered.get("ErrorCode", "")
    if not event_id and not code:
        code = "NoAnswer"
    return EntryResult(event_id, code, answered.get("ErrorMessage", ""))


def _failed(error: KeybusError) -> EntryResult:
    """What became of each entry of a request that failed as a whole."""
    again = isinstance(error, BusUnavailable | Throttled)
    return EntryResult(code=_RETRYABLE if again else error.code, message=str(error))
