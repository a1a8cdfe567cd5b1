"""The authorizer's decisions, as strictly as the bus takes them, and told to whoever keeps book."""

import logging
from collections.abc import Callable
from typing import Protocol

from keybus.bus.ingest.admission import Mode
from keybus.errors import EnvelopeError, Forbidden
from keybus.governance import Principal
from keybus.governance.authorizer import Authorizer, Refusal, RefusalCode

Refused = Callable[[Principal, str, Refusal], None]
"""Told of everything that was refused: who, what, and why."""

_log = logging.getLogger(__name__)
_MOST = 1000
_LONGEST = 128  # characters of a name that somebody made up
_PUT_CODES: dict[RefusalCode, str] = {
    "source": "NotAuthorizedForSource",
    "reserved-source": "NotAuthorizedForSource",
    "event": "NotAuthorizedForDetailType",
    "denied-source": "NotAuthorizedForSource",
    "denied-event": "NotAuthorizedForDetailType",
}
"""PutEvents' error codes. Source: EventBridge API reference, "PutEventsResultEntry"."""
_DENIED = "AccessDeniedException"


class Puts(Protocol):
    """What one principal may put."""

    def check(self, source: str, event_type: str) -> None:
        """Let an entry pass, or refuse it.

        Raises:
            EnvelopeError: With PutEvents' error code.
        """


class Permission:
    """Decisions in one of the bus's modes.

    Args:
        mode: ``enforce`` refuses; ``observe`` lets everything pass and logs what it would have
            refused, each once; ``off`` does not ask.
        refused: Told of what was refused.
    """

    def __init__(self, mode: Mode, refused: Refused) -> None:
        self.mode = mode
        self._refused = refused
        self._told: set[tuple[str, str]] = set()

    def puts(self, authorizer: Authorizer, principal: Principal) -> Puts:
        """What a principal may put."""
        if self.mode == "off" or (self.mode == "observe" and not principal.account):
            return _EVERYTHING
        return _Asked(self, authorizer, principal)

    def require(self, principal: Principal, what: str, refusal: Refusal | None) -> None:
        """Let a decision for something pass, or refuse it.

        Raises:
            Forbidden: It is against it, and that is enforced.
        """
        if refusal is None or self.mode == "off":
            return
        if self.mode == "enforce":
            self._refused(principal, what, refusal)
            raise Forbidden(refusal.message, rule=refusal.code, hint=refusal.hint)
        self.tell(what, refusal)

    def refuse_put(self, principal: Principal, what: str, refusal: Refusal) -> None:
        """Refuse an entry, where that is enforced.

        Raises:
            EnvelopeError: With PutEvents' error code.
        """
        if self.mode == "enforce":
            self._refused(principal, what, refusal)
            reason = _PUT_CODES.get(refusal.code, _DENIED)
            raise EnvelopeError(refusal.message, reason=reason, hint=refusal.hint)
        self.tell(what, refusal)

    def refuse_delivery(self, subscription: str, account: str, refusal: Refusal) -> None:
        """Keep book of a delivery that is held; or log that it would have been.

        Args:
            subscription: To which.
            account: Whose that is.
            refusal: Why its account may not have it.
        """
        what = f"deliver to {subscription}"
        if self.mode == "enforce":
            self._refused(Principal(account, frozenset()), what, refusal)
        else:
            self.tell(what, refusal)

    def tell(self, what: str, refusal: Refusal) -> None:
        """Log what would have been refused, each once."""
        key = (what, refusal.code)
        if key not in self._told and len(self._told) < _MOST:
            self._told.add(key)
            _log.warning("%s: %s (let pass: authorization observes)", what, refusal.message)


class _Everything:
    def check(self, source: str, event_type: str) -> None:
        """Nothing is refused."""


_EVERYTHING = _Everything()


class _Asked:
    """Asks the authorizer for each entry."""

    def __init__(
        self, permission: Permission, authorizer: Authorizer, principal: Principal
    ) -> None:
        self._permission, self._principal = permission, principal
        self._refusal = authorizer.puts(principal).refusal

    def check(self, source: str, event_type: str) -> None:
        refusal = self._refusal(source, event_type)
        if refusal is not None:
            what = f"put {event_type[:_LONGEST]} from {source[:_LONGEST]}"
            self._permission.refuse_put(self._principal, what, refusal)
