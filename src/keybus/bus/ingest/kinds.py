"""Kinds of events: what all events of one source and type have in common, worked out once."""

from typing import Final, NamedTuple

from keybus.bus.ingest.admission import Admission, Gate
from keybus.bus.ingest.identity import Identity
from keybus.bus.ingest.router import Branch, Router
from keybus.envelope import Letterhead, check_head
from keybus.topology.model import NOBODY, Platform

_MOST: Final = 4_096


class Kind(NamedTuple):
    """What is known of an event before it is looked at.

    Attributes:
        size: Bytes of its source and type, as EventBridge counts them.
        gate: Lets its events pass, or not.
        letterhead: Writes their envelopes.
        identity: Tells them from one another.
        branch: The subscriptions that they may match.
    """

    size: int
    gate: Gate
    letterhead: Letterhead
    identity: Identity
    branch: Branch


class Kinds:
    """All kinds that came, by the rules of one generation. Belongs to one event loop.

    Args:
        platform: What is declared.
        admission: Whether an event fits its contract.
        router: Which subscriptions it matches.
    """

    def __init__(self, platform: Platform, admission: Admission, router: Router) -> None:
        self._platform, self._admission, self._router = platform, admission, router
        self._accounts = {
            source: publisher.account
            for name, publisher in platform.publishers.items()
            for source in publisher.sources or [name]
        }
        self._known: dict[tuple[str, str, str], Kind] = {}

    def account_of(self, source: str) -> str:
        """The name of the account whose publisher has the source; empty where none has."""
        return self._accounts.get(source, "")

    def of(self, source: str, event_type: str, event_bus: str = "") -> Kind:
        """The kind of an event.

        Args:
            source: Its source.
            event_type: Its detail-type.
            event_bus: The ARN of the bus that it is put on; empty: the platform's own.

        Raises:
            EnvelopeError: No event can have such a source or type, by their form.
            UnicodeEncodeError: One of them is no text.
        """
        known = self._known.get((source, event_type, event_bus))
        if known is not None:
            return known
        kind = self._make(source, event_type, event_bus)
        if len(self._known) >= _MOST:
            self._known.clear()  # somebody makes up types; those that are in use come back at once
        self._known[source, event_type, event_bus] = kind
        return kind

    def _make(self, source: str, event_type: str, event_bus: str) -> Kind:
        size = check_head(source, event_type)
        account = self.account_of(source)
        account_id = self._platform.accounts[account].id if account else NOBODY
        return Kind(
            size=size,
            gate=self._admission.gate(source, event_type),
            letterhead=Letterhead(source, event_type, account_id, self._platform.region, event_bus),
            identity=Identity(account_id, event_type, event_bus),
            branch=self._router.branch(event_type, source, event_bus),
        )
