"""Subscriptions that somebody paused: their deliveries wait until somebody lets them go on."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from keybus.bus.audit.log import AuditLog
from keybus.bus.delivery.dispatcher import Dispatcher
from keybus.bus.engine import Documents
from keybus.clock import Clock
from keybus.governance import Principal
from keybus.governance.audit import Actor
from keybus.protocol import Notice, PauseInfo

_COLLECTION = "paused"
_decoder = msgspec.json.Decoder(PauseInfo)


class Pauses:
    """Which subscriptions are paused, durably. Belongs to one event loop.

    A pause belongs to a name: it outlives a restart, and the subscription's removal from the
    platform.

    Args:
        documents: Where it is kept.
        audit: Where it is written down, before it holds.
        find: The dispatcher of a subscription; raises `SubscriptionError` where there is none.
        clock: Time.
    """

    def __init__(
        self,
        documents: Documents,
        audit: AuditLog,
        find: Callable[[str], Dispatcher],
        clock: Clock,
    ) -> None:
        self._documents, self._audit, self._find = documents, audit, find
        self._clock = clock
        self._paused: dict[str, PauseInfo] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read what was paused by an earlier run."""
        async for each in self._documents.list(_COLLECTION):
            self._paused[each.key] = _decoder.decode(each.value)

    def of(self, subscription: str) -> PauseInfo | None:
        """Its pause; None where it is not paused."""
        return self._paused.get(subscription)

    def hold(self, dispatchers: Mapping[str, Dispatcher]) -> None:
        """Pause what should be, such as the queues that were just opened."""
        for name in self._paused.keys() & dispatchers.keys():
            dispatchers[name].pause(paused=True)

    async def pause(self, subscription: str, by: Principal, reason: str = "") -> PauseInfo:
        """Deliver nothing until it is resumed; one that is paused stays as it is.

        Args:
            subscription: Its name.
            by: Who asks for it.
            reason: Why, in their words.

        Raises:
            SubscriptionError: There is no such subscription.
            StorageFailed: It is not paused, as far as is known.
        """
        self._find(subscription)
        async with self._changing:
            if (standing := self._paused.get(subscription)) is not None:
                return standing
            info = PauseInfo(reason, by.account, self._clock.time_us())
            data = {"reason": reason} if reason else None
            await self._audit.write(Actor.of(by), "subscription.paused", subscription, data)
            await self._documents.put(_COLLECTION, subscription, msgspec.json.encode(info))
            self._paused[subscription] = info
            self._tell(subscription, paused_notice(info))
            return info

    async def resume(self, subscription: str, by: Principal) -> None:
        """Deliver again; does nothing where it is not paused.

        Raises:
            SubscriptionError: There is no such subscription.
            StorageFailed: It is still paused, as far as is known.
        """
        self._find(subscription)
        async with self._changing:
            if subscription not in self._paused:
                return
            await self._audit.write(Actor.of(by), "subscription.resumed", subscription)
            await self._documents.delete(_COLLECTION, subscription)
            del self._paused[subscription]
            self._tell(subscription, Notice("resumed", "deliveries go on"))

    def _tell(self, subscription: str, notice: Notice) -> None:
        dispatcher = self._find(subscription)
        dispatcher.pause(paused=subscription in self._paused)
        dispatcher.tell(notice)


def paused_notice(info: PauseInfo) -> Notice:
    """What a consumer is told of a pause."""
    who = f" by {info.by}" if info.by else ""
    why = f": {info.reason}" if info.reason else ""
    return Notice("paused", f"the subscription was paused{who}{why}; its deliveries wait")
