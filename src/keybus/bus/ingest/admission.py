"""Admission: does an event fit its contract, and does its source emit it, asked by the bus itself.

Clients validate first; the bus is the safety net for those that do not.
"""

import logging
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from keybus.bus.metering.violations import Violations
from keybus.contracts import Contract, ContractRepository
from keybus.contracts.editions import Edition
from keybus.contracts.hints import clip
from keybus.contracts.versions import LONGEST_KEPT, VERSION, major_of, precedence
from keybus.errors import EnvelopeError, Fault
from keybus.topology import Platform
from keybus.topology.model import AdmissionMode as Mode

__all__ = ["Admission", "Gate", "Mode"]

_MAX_FAULTS, _MAX_VERSIONS, _MAX_SHOWN = 5, 100, 40
_log = logging.getLogger(__name__)


class Admission:
    """Checks events against locally loaded contracts and the platform, with no extra hop.

    Args:
        platform: Who emits what, and what becomes of events that do not fit.
        contracts: What events look like.
        mode: What becomes of them where the platform does not say. ``enforce`` refuses what does not
            fit, types without a contract, and sources that do not emit the type; ``observe`` takes
            and counts them; ``off`` does not look.
        violations: Told of what is taken although it does not fit.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        mode: Mode,
        violations: Violations,
    ) -> None:
        self._contracts, self._violations = contracts, violations
        self._mode, self._modes = platform.admission.default or mode, platform.admission.types
        self._sources: dict[str, set[str]] = {}
        self._accounts: dict[str, str] = {}
        for name, publisher in platform.publishers.items():
            own = publisher.sources or [name]
            self._accounts.update(dict.fromkeys(own, publisher.account))
            for event_type in publisher.events:
                self._sources.setdefault(event_type, set()).update(own)

    def gate(self, source: str, event_type: str) -> "Gate":
        """What lets events of one source and type pass, or does not."""
        mode = self._modes.get(event_type, self._mode)
        if mode == "off":
            return Gate(None, None, None)
        editions = self._contracts.editions.get(event_type)
        kind = (event_type, source, self._accounts.get(source, ""))
        follows = _Consequence(mode, kind, editions is not None, self._violations)
        if editions is None:
            problem = self._unknown(event_type)
            return Gate(follows, None, Objection.of("no-contract", problem))
        choice = Choice(event_type, editions, self._contracts.editions.meant(event_type))
        sources = self._sources.get(event_type, set())
        if source in sources:
            return Gate(follows, choice, None)
        emitters = ", ".join(sorted(sources)) or "nobody"
        problem = f"{source!r} does not emit {event_type!r}; on this platform {emitters} does"
        other = Objection.of("other-source", problem, "NotAuthorizedForSource")
        return Gate(follows, choice, other)

    def _unknown(self, event_type: str) -> str:
        close = get_close_matches(event_type, self._contracts.types, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"no contract has the type {event_type!r}{hint}"


class Objection(NamedTuple):
    """What is wrong with an event.

    Attributes:
        problem: What, in one sentence.
        reason: PutEvents' error code.
        faults: The same in its parts; their codes are the rules that are broken.
    """

    problem: str
    reason: str
    faults: tuple[Fault, ...]

    @classmethod
    def of(cls, rule: str, problem: str, reason: str = "InvalidArgument") -> "Objection":
        """One that has no parts."""
        return cls(problem, reason, (Fault(rule, problem),))


class _Consequence(NamedTuple):
    """What becomes of events of one source and type that do not fit.

    Attributes:
        mode: The mode, other than ``off``.
        kind: The type, the source, and the account of the source's publisher.
        has_contract: Whether a contract has the type.
        violations: Told of those that are taken.
    """

    mode: Mode
    kind: tuple[str, str, str]
    has_contract: bool
    violations: Violations

    def of(self, detail: dict[str, Any], objections: Sequence[Objection]) -> None:
        """Refuse an event, or count it; what is new is logged.

        Raises:
            EnvelopeError: In mode ``enforce``.
        """
        first = objections[0]
        if self.mode == "enforce":
            raise EnvelopeError(first.problem, reason=first.reason)
        faults = [fault for each in objections for fault in each.faults]
        if self.violations.observe(self.kind, detail, faults, has_contract=self.has_contract):
            _log.warning(
                "%s (taken: admission observes; more of the kind are counted)",
                "; ".join(each.problem for each in objections),
            )


class Choice:
    """The editions of one event type, by what an event says of its version.

    Args:
        event_type: The type.
        editions: By major.
        meant: The major of an event that does not say; -1: nobody knows.

    Attributes:
        warns: Whether there is something to warn of in one of them.
    """

    __slots__ = ("_by_version", "_editions", "_event_type", "_meant", "warns")

    def __init__(self, event_type: str, editions: Mapping[int, Edition], meant: int) -> None:
        self._event_type, self._editions, self._meant = event_type, editions, meant
        self._by_version: dict[str, Edition | None] = {}
        self.warns = any(each.warning for each in editions.values())

    def of(self, detail: dict[str, Any]) -> Edition | None:
        """The edition that an event is of; None where there is none."""
        version = detail.get("schema_version")
        if not isinstance(version, str):
            return self._editions.get(self._meant)
        if version in self._by_version:
            return self._by_version[version]
        found = self._editions.get(major_of(version))
        if len(version) <= LONGEST_KEPT and len(self._by_version) < _MAX_VERSIONS:
            self._by_version[version] = found
        return found

    def objection(self, detail: dict[str, Any]) -> Objection | None:
        """What is wrong with an event; None where nothing is."""
        edition = self.of(detail)
        if edition is None:
            return Objection.of("no-edition", self._no_edition(detail))
        if edition.is_retired:
            return Objection.of("retired", edition.warning)
        contract = edition.contract
        if contract.accepts(detail):
            return None
        # What a newer version lists nobody here can know: it is judged as its readers judge it.
        if _is_newer(detail, contract):
            if contract.reads(detail):
                return None
            return _misfit(contract, contract.faults_of_reading(detail))
        return _misfit(contract, contract.faults(detail))

    def _no_edition(self, detail: dict[str, Any]) -> str:
        majors = " and ".join(map(str, self._editions))
        version = detail.get("schema_version")
        if isinstance(version, str):
            said = clip(version, _MAX_SHOWN)
            return f"{self._event_type} has no version {said!r}; its majors are {majors}"
        return f"the event has no schema_version, and {self._event_type} has the majors {majors}"


class Gate:
    """What lets events of one source and type pass; made by `Admission.gate`.

    Attributes:
        warns: Whether there is something to warn of in some of them.
    """

    __slots__ = ("_choice", "_follows", "_objection", "warns")

    def __init__(
        self, follows: _Consequence | None, choice: Choice | None, objection: Objection | None
    ) -> None:
        self._follows, self._choice, self._objection = follows, choice, objection
        self.warns = choice is not None and choice.warns

    def check(self, detail: dict[str, Any]) -> bool:
        """Let an event pass, or refuse it.

        Returns:
            Whether it is a contract event: it was looked at, and nothing is wrong with it.

        Raises:
            EnvelopeError: In mode ``enforce``, with what is wrong.
        """
        choice = self._choice
        if choice is not None and self._objection is None:
            edition = choice.of(detail)
            if edition is not None and not edition.is_retired and edition.contract.accepts(detail):
                return True
        return self._follows is not None and self._object(self._follows, detail)

    def _object(self, follows: _Consequence, detail: dict[str, Any]) -> bool:
        """Look at an event that does not simply fit; whether it does after all."""
        objections = [] if self._objection is None else [self._objection]
        refused = bool(objections) and follows.mode == "enforce"  # whatever else may be wrong
        found = None if self._choice is None or refused else self._choice.objection(detail)
        if found is not None:
            objections.append(found)
        if objections:
            follows.of(detail, objections)
        return not objections

    def warning(self, detail: dict[str, Any]) -> str:
        """What the publisher of an event has to know, that was let pass; mostly nothing."""
        choice = self._choice
        edition = None if choice is None else choice.of(detail)
        return "" if edition is None else edition.warning


def _is_newer(detail: dict[str, Any], contract: Contract) -> bool:
    """Whether an event says that it is of a newer version than the contract's."""
    version = detail.get("schema_version")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        return False
    return precedence(version) > precedence(contract.version)


def _misfit(contract: Contract, faults: list[Fault]) -> Objection:
    # A pattern on which the engine gave up may leave no fault behind.
    found = faults or [Fault("undecided", "The validator could not decide.")]
    told = "; ".join(str(fault) for fault in found[:_MAX_FAULTS])
    more = f"; and {len(found) - _MAX_FAULTS} more" if len(found) > _MAX_FAULTS else ""
    problem = f"{contract.type} does not fit its contract: {told}{more}"
    return Objection(problem, "InvalidArgument", tuple(found))
