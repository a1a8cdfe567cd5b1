"""Goes along a log and finds every place that is not as it was written."""

from collections.abc import Iterable
from typing import Final

from keybus.governance.audit.entry import AuditEntry, read_entry
from keybus.governance.audit.head import EMPTY, Anchor, Head
from keybus.governance.audit.key import AuditKey
from keybus.governance.audit.verification import Damage, DamageCode, Verification

MOST_DAMAGES: Final = 1_000
"""Damages that are listed; the others are counted."""
_REMEMBERED: Final = 4_096


class Chain:
    """Takes a log's entries in order, and remembers a bounded number of them.

    What it cannot say for certain is said of the first entry that it may be: where an entry does
    not follow the one before, that one was replaced, or everything after it was.

    Args:
        key: The log's key; None leaves seals unchecked.
        anchors: Entries that are known from elsewhere.
        start: The entry after which the walk begins.
    """

    def __init__(
        self, *, key: AuditKey | None = None, anchors: Iterable[Anchor] = (), start: Head = EMPTY
    ) -> None:
        self._key = key
        self._anchors = {anchor.sequence: anchor.hash for anchor in anchors}
        self._last, self._hash = start.count, start.hash
        self._entries = self._sealed = self._unsealed = self._more = 0
        self._after_seal = bool(start.seal)
        self._missing: list[tuple[int, int]] = []
        self._damages: list[Damage] = []
        # Entries near the walk: number → its hash and the hash of the one before.
        self._near: dict[int, tuple[str, str]] = {start.count: (start.hash, "")}

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What was found so far, but for entries that are missing."""
        return tuple(self._damages)

    def take(self, text: bytes, place: int | None = None) -> AuditEntry | None:
        """Take the next entry.

        Args:
            text: Its bytes.
            place: Its number by the place where it is kept; None: as it follows from the others.

        Returns:
            The entry, where nothing is wrong with it and it follows the last one.
        """
        self._entries += 1
        count = len(self._damages) + self._more
        try:
            entry: AuditEntry | None = read_entry(text)
        except ValueError as error:
            entry = None
            problem: tuple[DamageCode, str] = ("audit-unreadable", str(error))
        else:
            assert entry is not None
            if entry.hash != entry.digest:
                entry = None
                problem = ("audit-changed", "was changed: its hash is that of other content")
        if place is None:
            place = self._place_of(entry)
            if place is None:
                assert entry is not None
                self._come_late(entry)
                return None
        if place > self._last + 1:
            self._missing.append((self._last + 1, place - 1))
            self._hash = ""
        self._last, before = place, self._hash
        if entry is None:
            self._hash = ""
            self._found(place, *problem)
            return None
        self._follow(entry, place, before)
        return entry if len(self._damages) + self._more == count else None

    def stray(self, name: str) -> None:
        """Something is kept among the entries under a name that no entry has."""
        self._found(0, "audit-stray", f"{name[:100]!r} stands in the log and is no entry of it")

    def finish(self, head: Head | None, *, open_end: bool = False) -> Verification:
        """The result, once every entry was taken.

        Args:
            head: Where the log ends; None: there is none, which is damage unless nothing was read.
            open_end: Whether sound entries after the head are no damage: a log whose writer was
                stopped hard has them, an export never.
        """
        for first, last in self._missing:
            more = f", and so are all up to {last}" if last > first else ""
            self._found(first, "audit-missing", f"is missing{more}")
        beyond = self._end(head, open_end=open_end)
        for sequence in self._anchors:
            if sequence > self._last:
                self._found(sequence, "audit-truncated", "is anchored, and the log ends before it")
        if self._key is not None and self._unsealed and not self._sealed:
            self._found(
                1, "audit-unsealed", "neither it nor any other is sealed, although there is a key"
            )
        return Verification(
            entries=self._entries,
            sealed=self._sealed,
            seals_checked=self._key is not None,
            last=self._last,
            hash=self._hash,
            beyond_head=beyond,
            damages=tuple(sorted(self._damages, key=lambda damage: damage.sequence)),
            more=self._more,
        )

    def _place_of(self, entry: AuditEntry | None) -> int | None:
        """Where an entry stands that is kept in a sequence only; None: before the last one."""
        if entry is None or (self._hash and entry.previous == self._hash):
            return self._last + 1
        return entry.sequence if entry.sequence > self._last else None

    def _follow(self, entry: AuditEntry, place: int, before: str) -> None:
        """Check an entry that is sound in itself in its place."""
        self._hash = entry.hash
        self._check_seal(entry, place)
        if entry.sequence != place:
            self._hash = ""
            self._found(place, "audit-misplaced", f"entry {entry.sequence} stands in its place")
            return
        if before and entry.previous != before:
            self._found(*_broken_link(place))
        anchor = self._anchors.get(place, entry.hash)
        if anchor != entry.hash:
            self._found(place, "audit-rewritten", "is not the entry that the anchor names")
        self._near[place] = entry.hash, entry.previous
        if len(self._near) > _REMEMBERED:
            del self._near[next(iter(self._near))]

    def _check_seal(self, entry: AuditEntry, place: int) -> None:
        if entry.seal:
            self._sealed += 1
            self._after_seal = True
            if self._key is not None and not entry.sealed_by(self._key):
                self._hash = ""
                self._found(place, "audit-changed", "was forged: its seal is not the key's")
            return
        self._unsealed += 1
        if self._after_seal:
            self._after_seal = False  # once: those that follow say nothing new
            self._found(place, "audit-unsealed", "has no seal, although an earlier entry has")

    def _come_late(self, entry: AuditEntry) -> None:
        """An entry whose number was passed: moved here, doubled or slipped in."""
        number = entry.sequence
        known = self._near.get(number)
        if known is not None:
            same = known[0] == entry.hash
            self._found(
                number,
                "audit-duplicate" if same else "audit-inserted",
                "stands there twice" if same else "has a second, different entry of its number",
            )
            return
        gap = next((gap for gap in self._missing if gap[0] <= number <= gap[1]), None)
        if gap is None:
            self._found(number, "audit-inserted", "stands far behind its place, again or forged")
            return
        self._missing.remove(gap)
        parts = (gap[0], number - 1), (number + 1, gap[1])
        self._missing += [part for part in parts if part[0] <= part[1]]
        self._found(number, "audit-misplaced", f"stands behind entry {self._last}")
        following = self._near.get(number + 1)
        if following is not None and following[1] != entry.hash:
            self._found(*_broken_link(number + 1))
        self._near[number] = entry.hash, entry.previous

    def _end(self, head: Head | None, *, open_end: bool) -> int:
        """Compare with the head; answers how many sound entries stand after it."""
        if head is None:
            if self._last:
                message = "the log's head is gone: whether it went on from here is unknown"
                self._found(self._last + 1, "audit-head", message)
            return 0
        if self._key is not None and head.count and not head.sealed_by(self._key):
            self._found(head.count, "audit-head", "the head that names it has not the key's seal")
        if head.count > self._last:
            which = f"the head counts {head.count} entries, the log ends with {self._last}"
            self._found(self._last + 1, "audit-truncated", f"was cut off: {which}")
            return 0
        known = self._near.get(head.count)
        if known is not None and known[0] != head.hash:
            self._found(
                head.count, "audit-rewritten", "is not the entry that the head names as the last"
            )
        beyond = self._last - head.count
        if beyond and (not open_end or beyond >= _REMEMBERED):
            self._found(
                head.count + 1, "audit-appended", f"stands after the end, which is {head.count}"
            )
        return beyond

    def _found(self, sequence: int, code: DamageCode, message: str) -> None:
        if len(self._damages) < MOST_DAMAGES:
            self._damages.append(Damage(sequence, code, message))
        else:
            self._more += 1


def _broken_link(place: int) -> tuple[int, DamageCode, str]:
    """The entry at a place does not follow the one before it."""
    if place == 1:
        return 1, "audit-broken-link", "is not a log's first: what stood before it is gone"
    return (
        place - 1,
        "audit-broken-link",
        f"was replaced, or everything from {place} on was: {place} does not follow it",
    )


def verify(
    entries: Iterable[bytes | AuditEntry],
    *,
    head: Head | None = None,
    key: AuditKey | None = None,
    anchors: Iterable[Anchor] = (),
    open_end: bool = False,
) -> Verification:
    """Check a log.

    Args:
        entries: In order, as bytes as they are kept, or decoded.
        head: Where it ends; None: there is none, which is damage unless nothing was read.
        key: The log's key; None leaves seals unchecked.
        anchors: Entries that are known from elsewhere.
        open_end: Whether sound entries after the head are no damage.
    """
    chain = Chain(key=key, anchors=anchors)
    for entry in entries:
        chain.take(entry.encode() if isinstance(entry, AuditEntry) else entry)
    return chain.finish(head, open_end=open_end)
