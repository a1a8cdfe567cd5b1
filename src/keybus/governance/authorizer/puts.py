"""What an account may put."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from keybus.governance.authorizer.ownership import Ownership
from keybus.governance.authorizer.refusal import Refusal
from keybus.topology.findings import quoted

RESERVED = "aws."
"""How AWS's own sources begin: exactly so, as AWS compares it."""
Denied = Callable[[str, str], Refusal | None]
"""What the bus's policy denies: asked by source and detail-type."""


class Puts:
    """Which sources and event types one account may put. Immutable.

    Args:
        account: The account's name.
        ownership: Who owns what.
        barred: Why nothing at all may be put; None where something may be.
        denied: What the bus's policy denies of the rest; None: nothing.
    """

    __slots__ = ("_account", "_barred", "_contracts", "_denied", "_emitted")

    def __init__(
        self,
        account: str,
        ownership: Ownership,
        barred: Refusal | None = None,
        denied: Denied | None = None,
    ) -> None:
        self._account, self._barred, self._denied = account, barred, denied
        self._contracts: AbstractSet[str] = ownership.contracts.keys()
        self._emitted: Mapping[str, frozenset[str]] = {}
        if barred is None:
            self._emitted = {
                source: ownership.emitted(ownership.publishers[source])
                for source in ownership.sources.get(account, ())
                if not source.startswith(RESERVED)
            }

    def refusal(self, source: str, event_type: str) -> Refusal | None:
        """Whether an event may be put, by its envelope's source and detail-type.

        A type without a contract passes from every source of the account: whether there has to be
        a contract is admission's question.
        """
        emitted = self._emitted.get(source)
        if emitted is not None and (event_type in emitted or event_type not in self._contracts):
            return None if self._denied is None else self._denied(source, event_type)
        return self._why(source, event_type)

    def _why(self, source: str, event_type: str) -> Refusal:
        if self._barred is not None:
            return self._barred
        if source.startswith(RESERVED):
            message = f"the source {quoted(source)} is reserved: {RESERVED}* is AWS's own"
            return Refusal("reserved-source", message, "put from a source of your own")
        if source not in self._emitted:
            message = f"the account {quoted(self._account)} has no source {quoted(source)}"
            hint = "put from a source of one of your publishers, or declare one in the platform"
            return Refusal("source", message, hint)
        message = f"the publisher of {quoted(source)} does not emit {quoted(event_type)}"
        hint = "a publisher lists the event types that it emits, and its account owns them"
        return Refusal("event", message, hint)
