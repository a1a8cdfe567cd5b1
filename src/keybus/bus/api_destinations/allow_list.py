"""Where an account's requests may go: what its platform allows, and what may be reached at all."""

from collections.abc import Callable

from keybus.bus.targets.destination import Destination, DestinationRefused
from keybus.bus.targets.reach import Reach
from keybus.bus.targets.settings import WebhookSettings
from keybus.topology.model import Platform


class AllowList:
    """The accounts' ``destinations``, of the platform that holds.

    Args:
        settings: What may be reached.
        platform: The platform that holds now.
    """

    def __init__(self, settings: WebhookSettings, platform: Callable[[], Platform]) -> None:
        self._settings, self._platform = settings, platform
        self._reach = Reach(settings.networks, plain=settings.plain)

    def check(self, url: str, account: str) -> Destination:
        """A URL as a destination.

        Args:
            url: The URL; a ``*`` in its path stands for what is not known yet.
            account: The name of the account that is to be delivered for.

        Raises:
            DestinationRefused: The account may not reach it.
        """
        found = self._platform().accounts.get(account)
        if found is None:
            raise DestinationRefused(
                "no declared account asks, and only an account's `destinations` can be reached",
                hint="declare the account, or a `central` one on a bus that asks for no"
                " credentials",
            )
        return Destination.read(url, found, self._reach, plain=self._settings.plain)
