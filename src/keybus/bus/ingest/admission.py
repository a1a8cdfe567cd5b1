"""Admission: does an event fit its contract, and does its source emit it, asked by the bus itself.

Clients validate first; the bus is the safety net for those that do not.
"""

import logging
from difflib import get_close_matches
from typing import Any, Literal

from keybus.contracts import ContractRepository
from keybus.errors import EnvelopeError
from keybus.topology import Platform

Mode = Literal["enforce", "observe", "off"]

_MAX_TOLD, _MAX_FAULTS = 100, 5
_log = logging.getLogger(__name__)


class Admission:
    """Checks events against locally loaded contracts and the platform, with no extra hop.

    Args:
        platform: Who emits what.
        contracts: What events look like.
        mode: ``enforce`` refuses what does not fit, types without a contract, and sources that do
            not emit the type; ``observe`` takes and logs them; ``off`` does not look.
    """

    def __init__(self, platform: Platform, contracts: ContractRepository, mode: Mode) -> None:
        self._contracts = contracts
        self.mode = mode
        self._sources: dict[str, set[str]] = {}
        self._told: set[tuple[str, str]] = set()
        for name, publisher in platform.publishers.items():
            for event_type in publisher.events:
                sources = self._sources.setdefault(event_type, set())
                sources.update(publisher.sources or [name])

    def check(self, source: str, event_type: str, detail: dict[str, Any]) -> bool:
        """Let an event pass, or refuse it.

        Returns:
            Whether it is a contract event: it was looked at, and nothing is wrong with it.

        Raises:
            EnvelopeError: In mode ``enforce``, with what is wrong.
        """
        if self.mode == "off":
            return False
        contract = self._contracts.get(event_type)
        if contract is None:
            self._object_once(source, event_type, self._unknown(event_type), "InvalidArgument")
            return False
        sources = self._sources.get(event_type, set())
        emitted = source in sources
        if not emitted:
            emitters = ", ".join(sorted(sources)) or "nobody"
            problem = f"{source!r} does not emit {event_type!r}; on this platform {emitters} does"
            self._object_once(source, event_type, problem, "NotAuthorizedForSource")
        if not contract.accepts(detail):
            faults = contract.faults(detail)
            told = "; ".join(str(fault) for fault in faults[:_MAX_FAULTS])
            more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
            self._object(f"{event_type} does not fit its contract: {told}{more}", "InvalidArgument")
            return False
        return emitted

    def _unknown(self, event_type: str) -> str:
        close = get_close_matches(event_type, self._contracts.types, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"no contract has the type {event_type!r}{hint}"

    def _object(self, problem: str, reason: str) -> None:
        if self.mode == "enforce":
            raise EnvelopeError(problem, reason=reason)
        _log.warning("%s (taken: admission observes)", problem)

    def _object_once(self, source: str, event_type: str, problem: str, reason: str) -> None:
        """Refuse each time, but log a source and type once only."""
        if self.mode == "enforce":
            raise EnvelopeError(problem, reason=reason)
        if (source, event_type) not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add((source, event_type))
            self._object(problem, reason)
