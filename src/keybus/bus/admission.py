"""Admission: does an event fit its contract, asked by the bus itself.

Clients validate first; the bus is the safety net for those that do not.
"""

import logging
from typing import Any, Literal

from keybus.contracts import ContractRepository
from keybus.errors import EnvelopeError

Mode = Literal["enforce", "observe", "off"]

_log = logging.getLogger(__name__)


class Admission:
    """Checks details against locally loaded contracts, with no extra hop.

    Args:
        contracts: The repository.
        mode: ``enforce`` refuses what does not fit and types without a contract, ``observe``
            logs and takes it, ``off`` does not look.
    """

    def __init__(self, contracts: ContractRepository, mode: Mode) -> None:
        self._contracts = contracts
        self.mode = mode

    def check(self, event_type: str, detail: dict[str, Any]) -> None:
        """Let the event pass, or refuse it.

        Raises:
            EnvelopeError: In mode ``enforce``, with every fault in the message.
        """
        if self.mode == "off":
            return
        contract = self._contracts.get(event_type)
        if contract is None:
            if self.mode == "enforce":
                raise EnvelopeError(
                    f"no contract has the type {event_type!r}", hint="publish a declared type"
                )
            return
        if contract.accepts(detail):
            return
        faults = "; ".join(str(fault) for fault in contract.faults(detail))
        if self.mode == "enforce":
            raise EnvelopeError(f"{event_type} does not fit its contract: {faults}")
        _log.warning("%s does not fit its contract and is taken (observe): %s", event_type, faults)
