"""Changes of a ledger: in the audit log first, then in the store, then on the bus."""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from keybus.bus.audit.log import AuditLog
from keybus.bus.registry.shelf import Shelf
from keybus.contracts.releases import Ledger, Said
from keybus.errors import EngineError, KeybusError
from keybus.governance.audit import Act

_log = logging.getLogger(__name__)
Changed = Callable[[str], Awaitable[None]]
"""Told of a type of which something else was released, or has another status."""


class Writing:
    """Writes ledgers.

    Args:
        shelf: Where they are.
        audit: Where each change is written down before it holds.
        changed: Told once it does.
    """

    def __init__(self, shelf: Shelf, audit: AuditLog, changed: Changed) -> None:
        self._shelf, self._audit, self._changed = shelf, audit, changed

    async def write(self, event_type: str, said: Sequence[Said], act: Act) -> Ledger:
        """Write down what is about to hold, and let it; what cannot be written down never does.

        Raises:
            ContractError: It cannot follow on what the ledger says.
            ReleasedMeanwhile: The ledger was written since it was looked at.
            StorageFailed: It is unknown whether it was kept.
        """
        await self._audit.write_all([act])
        try:
            ledger = await self._shelf.say(event_type, said)
        except KeybusError as error:
            with contextlib.suppress(EngineError):  # the store fails, and says so to whoever asked
                data = {"versions": [each.version for each in said], "error": error.code}
                await self._audit.write(act.actor, "contract.not-released", event_type, data)
            raise
        try:
            await self._changed(event_type)
        except KeybusError:  # what was released is released, whether or not that succeeds
            _log.exception("what was released does not hold on the bus yet; a restart lets it")
        return ledger
