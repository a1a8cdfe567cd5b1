"""Which version of the platform held at a time."""

import asyncio
from collections import OrderedDict
from typing import Final

from keybus.bus.control.versions import Applied, Versions
from keybus.bus.forms.forms import Forms
from keybus.contracts import ContractRepository

_KEPT: Final = 8


class History:
    """Looks versions up by the time at which they held; the last few stay in memory.

    Args:
        versions: All that was applied.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._kept: OrderedDict[int, Applied] = OrderedDict()
        self._forms: tuple[str, Forms] | None = None

    async def at(self, time_us: int) -> Applied:
        """The version that held at a time; the first one, where it was earlier.

        Args:
            time_us: Microseconds since the Unix epoch.

        Raises:
            NoSuchVersion: Nothing was applied yet.
            StorageFailed: The store could not be read.
        """
        first, last = 1, await self._versions.number()
        while first < last:
            middle = (first + last + 1) // 2
            if (await self._get(middle)).applied_us <= time_us:
                first = middle
            else:
                last = middle - 1
        return await self._get(first)

    async def since(self, subscription: str, after: Applied) -> Applied | None:
        """The first version after one that declares a subscription; None where there is none.

        Where it was declared, removed and declared again, any of those beginnings may be found.
        """
        low, high = after.version, await self._versions.number()
        if subscription not in (await self._get(high)).platform.subscriptions:
            return None
        while low + 1 < high:
            middle = (low + high) // 2
            if subscription in (await self._get(middle)).platform.subscriptions:
                high = middle
            else:
                low = middle
        return await self._get(high)

    async def forms(self, held: Applied) -> Forms:
        """The majors of a version's contracts, and its migrations; the last ones stay in memory.

        Raises:
            BrokenContracts: They cannot be used by this release of Keybus.
        """
        if self._forms is None or self._forms[0] != held.contracts:
            packed = await self._versions.contracts(held)
            contracts = await asyncio.to_thread(ContractRepository.unpack, packed)
            self._forms = (held.contracts, Forms(contracts))
        return self._forms[1]

    async def _get(self, version: int) -> Applied:
        if (kept := self._kept.get(version)) is not None:
            self._kept.move_to_end(version)
            return kept
        found = self._kept[version] = await self._versions.get(version)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found
