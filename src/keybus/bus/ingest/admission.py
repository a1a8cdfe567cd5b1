"""Admission: does an event fit its contract, and does its source emit it, asked by the bus itself.

Clients validate first; the bus is the safety net for those that do not.
"""

import logging
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from keybus.contracts import Contract, ContractRepository
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

    def gate(self, source: str, event_type: str) -> "Gate":
        """What lets events of one source and type pass, or does not."""
        if self.mode == "off":
            return Gate(self, None, None)
        told = (source, event_type)
        contract = self._contracts.get(event_type)
        if contract is None:
            return Gate(self, None, _Objection(told, self._unknown(event_type), "InvalidArgument"))
        sources = self._sources.get(event_type, set())
        if source in sources:
            return Gate(self, contract, None)
        emitters = ", ".join(sorted(sources)) or "nobody"
        problem = f"{source!r} does not emit {event_type!r}; on this platform {emitters} does"
        return Gate(self, contract, _Objection(told, problem, "NotAuthorizedForSource"))

    def object(self, problem: str, reason: str) -> None:
        """Refuse an event, or log what is wrong with it.

        Raises:
            EnvelopeError: In mode ``enforce``.
        """
        if self.mode == "enforce":
            raise EnvelopeError(problem, reason=reason)
        _log.warning("%s (taken: admission observes)", problem)

    def object_once(self, objection: "_Objection") -> None:
        """Refuse each time, but log a source and type once only.

        Raises:
            EnvelopeError: In mode ``enforce``.
        """
        if self.mode == "enforce":
            raise EnvelopeError(objection.problem, reason=objection.reason)
        if objection.of not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add(objection.of)
            self.object(objection.problem, objection.reason)

    def _unknown(self, event_type: str) -> str:
        close = get_close_matches(event_type, self._contracts.types, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"no contract has the type {event_type!r}{hint}"


class _Objection(NamedTuple):
    """What is wrong with all events of a source and type.

    Attributes:
        of: The source and the type.
        problem: What is wrong.
        reason: PutEvents' error code.
    """

    of: tuple[str, str]
    problem: str
    reason: str


class Gate:
    """What lets events of one source and type pass; made by `Admission.gate`."""

    __slots__ = ("_admission", "_contract", "_objection")

    def __init__(
        self, admission: Admission, contract: Contract | None, objection: _Objection | None
    ) -> None:
        self._admission, self._contract, self._objection = admission, contract, objection

    def check(self, detail: dict[str, Any]) -> bool:
        """Let an event pass, or refuse it.

        Returns:
            Whether it is a contract event: it was looked at, and nothing is wrong with it.

        Raises:
            EnvelopeError: In mode ``enforce``, with what is wrong.
        """
        contract, objection = self._contract, self._objection
        if objection is not None:
            self._admission.object_once(objection)
        if contract is None:
            return False
        if contract.accepts(detail):
            return objection is None
        faults = contract.faults(detail)
        told = "; ".join(str(fault) for fault in faults[:_MAX_FAULTS])
        more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
        problem = f"{contract.type} does not fit its contract: {told}{more}"
        self._admission.object(problem, "InvalidArgument")
        return False
