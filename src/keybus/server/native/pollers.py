"""All consumers that poll: found by their names, and bounded in number."""

from keybus.bus import Bus
from keybus.errors import Throttled
from keybus.governance import Principal
from keybus.protocol import POLL_SILENCE_SECONDS
from keybus.server.native.polling import Ended, NoSuchConsumer, Poller

MOST_OF_SUBSCRIPTION = 100
MOST_OF_ACCOUNT = 1_000
_HINT = "send the consumer that the first answer named, so that each poll is not another one"


class Pollers:
    """Who polls. Belongs to the bus's event loop.

    Args:
        bus: The bus.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._found: dict[str, dict[str, Poller]] = {}

    def open(self, subscription: str, principal: Principal, ended: Ended | None) -> Poller:
        """A new one.

        Args:
            subscription: What it consumes.
            principal: Who it is.
            ended: Tells of the end of its credential; None where there are none.

        Raises:
            SubscriptionError: There is no such subscription, or it is no queue.
            Throttled: There are too many.
        """
        self._bus.dispatcher(subscription)
        here = self._found.get(subscription, {})
        if len(here) >= MOST_OF_SUBSCRIPTION or self._of_account(subscription) >= MOST_OF_ACCOUNT:
            raise Throttled(
                f"too many consumers poll {subscription!r}, or subscriptions of its account",
                retry_after=POLL_SILENCE_SECONDS,
                hint=_HINT,
            )

        def gone(poller: Poller) -> None:
            here = self._found[subscription]
            del here[poller.id]
            if not here:
                del self._found[subscription]

        poller = Poller(self._bus, subscription, principal, ended=ended, gone=gone)
        self._found.setdefault(subscription, {})[poller.id] = poller
        return poller

    def find(self, subscription: str, name: str, principal: Principal) -> Poller:
        """One that polled before.

        Raises:
            NoSuchConsumer: There is none of that name, for this subscription and credential.
        """
        found = self._found.get(subscription, {}).get(name)
        if found is None or found.principal != principal:
            raise NoSuchConsumer(
                "no consumer of that name polls: it fell silent, or the bus was started anew",
                hint="leave consumer out to begin as another; what it held is delivered again",
            )
        return found

    def _of_account(self, subscription: str) -> int:
        declared = self._bus.generation.subscriptions
        account = declared[subscription].account
        return sum(
            len(pollers)
            for name, pollers in self._found.items()
            if name in declared and declared[name].account == account
        )
