"""Refused exchanges, counted together: whoever is refused cannot fill the disk."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from keybus.governance.audit.entry import BUS, Act, Actor, clean

WINDOW_SECONDS: Final = 60.0
"""Refusals that say the same within as long are one entry, or two: the first, and the others."""
MOST_KINDS: Final = 50
"""Different refusals that a window writes down."""
MOST_KINDS_OF_ACCOUNT: Final = 10
"""Different refusals of one account that a window writes down: nobody crowds out the others."""
MOST_ACCOUNTS: Final = 50
"""Accounts whose refusals beyond that are counted apart."""
OVERFLOW: Final = "audit.overflow"
"""The action of the entry that says how many refusals were only counted."""


class _Kind(NamedTuple):
    actor: Actor
    action: str
    subject: str
    code: str


class _Count:
    __slots__ = ("first_us", "last_us", "message", "more")

    def __init__(self, message: str, now: int) -> None:
        self.message = message
        self.more = 0
        self.first_us = self.last_us = now


class Refusals:
    """The refusals of one window. Its memory is bounded, whatever it is told."""

    def __init__(self) -> None:
        self._kinds: dict[_Kind, _Count] = {}
        self._of_account: dict[str, int] = {}
        self._dropped: dict[str, int] = {}
        self._dropped_elsewhere = 0

    def count(
        self, actor: Actor, action: str, subject: str, code: str, message: str, *, now: int
    ) -> Act | None:
        """Count a refusal; where it is the first of its kind, answer what to write down now.

        Args:
            actor: Who was refused.
            action: ``exchange.refused`` or ``authentication.failed``.
            subject: What was asked for.
            code: Which rule decided.
            message: What was said.
            now: Microseconds since the Unix epoch.
        """
        actor = Actor(clean(actor.account), clean(actor.credential))
        kind = _Kind(actor, clean(action), clean(subject), clean(code))
        known = self._kinds.get(kind)
        if known is not None:
            known.more += 1
            known.last_us = now
            return None
        of_account = self._of_account.get(actor.account, 0)
        if len(self._kinds) >= MOST_KINDS or of_account >= MOST_KINDS_OF_ACCOUNT:
            self._drop(actor.account)
            return None
        self._of_account[actor.account] = of_account + 1
        self._kinds[kind] = _Count(clean(message), now)
        return _act(kind, {"code": kind.code, "message": clean(message), "count": 1})

    def drop(self, account: str) -> None:
        """One that was to be written down could not be."""
        self._drop(clean(account))

    def close(self) -> Iterator[Act]:
        """End the window: what to write down of all that was only counted."""
        for kind, count in self._kinds.items():
            if count.more:
                data = {
                    "code": kind.code,
                    "message": count.message,
                    "count": count.more,
                    "since_us": count.first_us,
                    "until_us": count.last_us,
                }
                yield _act(kind, data)
        dropped = sum(self._dropped.values()) + self._dropped_elsewhere
        if dropped:
            data = {"refusals": dropped, "accounts": self._dropped}
            yield Act(BUS, OVERFLOW, "", data)
        self._kinds, self._of_account = {}, {}
        self._dropped, self._dropped_elsewhere = {}, 0

    def _drop(self, account: str) -> None:
        if account in self._dropped or len(self._dropped) < MOST_ACCOUNTS:
            self._dropped[account] = self._dropped.get(account, 0) + 1
        else:
            self._dropped_elsewhere += 1


def _act(kind: _Kind, data: dict[str, object]) -> Act:
    return Act(kind.actor, kind.action, kind.subject, data)
