"""What is counted of use, in memory: cheap to count, bounded, and the rows that are kept of it."""

from collections import Counter
from operator import itemgetter
from typing import Final

import msgspec

from keybus.bus.usage.count import Count
from keybus.bus.usage.kept import Kept, Since
from keybus.bus.usage.majors import UNSAID
from keybus.governance.sprawl import (
    Agent,
    Consumed,
    Delivered,
    Published,
    Received,
    Seen,
    UsageSnapshot,
    parse_agent,
)

MOST_PAIRS: Final = 50_000
"""Pairs of account and event type, and of subscription and event type: foreign types are without
number. Subscriptions are declared, so their names are bounded."""
MOST_PAIRS_EACH: Final = MOST_PAIRS // 10
"""Pairs of one account, or of one subscription: nobody crowds out the others."""
MOST_AGENTS: Final = 2_000
"""Different software of all accounts; of one account the tenth part."""
SINCE: Final = "since"
"""The name under which it is kept when counting began."""


class _Line:
    """A subscription: whose it is, and what its consumers did."""

    __slots__ = ("account", "acknowledged", "consumer")

    def __init__(self, account: str) -> None:
        self.account = account
        self.acknowledged = self.consumer = 0


class Counts:
    """Counts who uses what, on the hot path.

    Its memory is bounded: what comes under a new name once there are too many is only counted.

    Args:
        since: When counting began, in microseconds since the Unix epoch.
    """

    def __init__(self, since: int) -> None:
        self._since = since
        self._overflow = 0
        self._published: dict[tuple[str, str], Count] = {}
        # By subscription and event type: one look-up a delivery; accounts are summed up later.
        self._delivered: dict[tuple[str, str], Count] = {}
        self._types_of: Counter[tuple[int, str]] = Counter()
        self._lines: dict[str, _Line] = {}
        self._seen: dict[tuple[str, Agent], int] = {}
        self._agents: dict[str, Agent] = {}
        self._agents_of: dict[str, int] = {}

    def published(
        self, account: str, event_type: str, n: int, now: int, *, major: int = UNSAID
    ) -> None:
        """An account published events.

        Args:
            account: Its name.
            event_type: Of which type.
            n: How many.
            now: Microseconds since the Unix epoch.
            major: Of which major.
        """
        found = self._published.get((account, event_type))
        if found is None:
            found = self._new(self._published, account, event_type, now)
            if found is None:
                self._overflow += n
                return
        found.add(n, now, major)

    def delivered(
        self,
        subscription: str,
        account: str,
        event_type: str,
        n: int,
        now: int,
        *,
        major: int = UNSAID,
    ) -> None:
        """Deliveries went out to a consumer.

        Args:
            subscription: The subscription's name.
            account: Its account.
            event_type: Of which type.
            n: How many.
            now: Microseconds since the Unix epoch.
            major: Of which major.
        """
        found = self._delivered.get((subscription, event_type))
        if found is None:
            self._line_of(subscription, account)
            found = self._new(self._delivered, subscription, event_type, now)
            if found is None:
                self._overflow += n
                return
        found.add(n, now, major)

    def acknowledged(self, subscription: str, account: str, n: int, now: int) -> None:
        """A consumer handled deliveries."""
        line = self._line_of(subscription, account)
        line.acknowledged += n
        line.consumer = now

    def connected(self, subscription: str, account: str, now: int) -> None:
        """A consumer is there: it came, asked, or went."""
        line = self._line_of(subscription, account)
        line.consumer = now

    def seen(self, account: str, agent: str, now: int) -> None:
        """A client said what it runs.

        Args:
            account: Its account.
            agent: The header's value; empty where there was none, which says nothing.
            now: Microseconds since the Unix epoch.
        """
        if not agent:
            return
        parsed = self._agents.get(agent)
        if parsed is None:
            parsed = parse_agent(agent)
            if len(self._agents) >= MOST_AGENTS:
                self._agents.clear()  # it only saves parsing
            self._agents[agent] = parsed
        if parsed.client or parsed.bindings:
            self._see(account, parsed, now)

    def counted(self, now: int) -> UsageSnapshot:
        """All that was counted, in the order of its names.

        Args:
            now: Microseconds since the Unix epoch.
        """
        consumed, received = self._deliveries()
        return UsageSnapshot(
            since_us=self._since,
            at_us=now,
            published=tuple(
                Published(*pair, each.count, each.first, each.last, each.of_majors())
                for pair, each in sorted(self._published.items(), key=itemgetter(0))
            ),
            consumed=consumed,
            received=received,
            seen=tuple(
                Seen(account, agent, last)
                for (account, agent), last in sorted(self._seen.items(), key=_by_account)
            ),
            overflow=self._overflow,
            delivered=tuple(
                Delivered(*pair, each.count, each.first, each.last, each.of_majors())
                for pair, each in sorted(self._delivered.items(), key=itemgetter(0))
            ),
        )

    def _deliveries(self) -> tuple[tuple[Consumed, ...], tuple[Received, ...]]:
        """What was delivered, by subscription, and by account and event type."""
        sums: dict[str, tuple[int, int]] = {}
        received: dict[tuple[str, str], tuple[int, int, int]] = {}
        for (subscription, event_type), each in self._delivered.items():
            count, last = sums.get(subscription, (0, 0))
            sums[subscription] = count + each.count, max(last, each.last)
            pair = self._lines[subscription].account, event_type
            count, first, last = received.get(pair, (0, each.first, 0))
            received[pair] = count + each.count, min(first, each.first), max(last, each.last)
        consumed = []
        for name, line in sorted(self._lines.items(), key=itemgetter(0)):
            count, last = sums.get(name, (0, 0))
            seen = max(last, line.consumer)
            consumed.append(Consumed(name, line.account, count, line.acknowledged, last, seen))
        rows = sorted(received.items(), key=itemgetter(0))
        return tuple(consumed), tuple(Received(*pair, *row) for pair, row in rows)

    def texts(self) -> dict[str, bytes]:
        """The documents: one for each account, and the beginning."""
        accounts: dict[str, Kept] = {}

        def of(account: str) -> Kept:
            return accounts.setdefault(account, Kept({}, {}, {}, [], {}, {}))

        for (account, event_type), each in self._published.items():
            of(account).published[event_type] = (each.count, each.first, each.last)
            of(account).published_majors[event_type] = each.majors
        for name, line in self._lines.items():
            of(line.account).consumed[name] = (line.acknowledged, line.consumer)
        for (name, event_type), each in self._delivered.items():
            kept = of(self._lines[name].account)
            row = each.count, each.first, each.last
            kept.delivered.setdefault(name, {})[event_type] = row
            kept.delivered_majors.setdefault(name, {})[event_type] = each.majors
        for (account, agent), last in self._seen.items():
            of(account).seen.append((agent, last))
        texts = {f"account/{name}": msgspec.json.encode(kept) for name, kept in accounts.items()}
        texts[SINCE] = msgspec.json.encode(Since(self._since, self._overflow))
        return texts

    def load(self, key: str, text: bytes) -> None:
        """Take what was kept, before anything is counted.

        Raises:
            ValueError: It cannot be read; nothing of it is taken.
        """
        try:
            if key == SINCE:
                kept = msgspec.json.decode(text, type=Since)
                self._since, self._overflow = kept.since_us, kept.overflow
            else:
                self._merge(key.partition("/")[2], msgspec.json.decode(text, type=Kept))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(str(error)) from error

    def _new(
        self, counts: dict[tuple[str, str], Count], name: str, event_type: str, now: int
    ) -> Count | None:
        # Accounts and subscriptions may bear one name; they are told apart by what counts them.
        whose = id(counts), name
        if len(counts) >= MOST_PAIRS or self._types_of[whose] >= MOST_PAIRS_EACH:
            return None
        self._types_of[whose] += 1
        found = counts[name, event_type] = Count(now)
        return found

    def _line_of(self, subscription: str, account: str) -> _Line:
        line = self._lines.get(subscription)
        if line is None:
            line = self._lines[subscription] = _Line(account)
        line.account = account  # a subscription may be declared anew, for another account
        return line

    def _see(self, account: str, agent: Agent, now: int) -> None:
        known = (account, agent) in self._seen
        of_account = self._agents_of.get(account, 0)
        if not known:
            if len(self._seen) >= MOST_AGENTS or of_account >= MOST_AGENTS // 10:
                self._overflow += 1
                return
            self._agents_of[account] = of_account + 1
        self._seen[account, agent] = now

    def _merge(self, account: str, kept: Kept) -> None:
        for event_type, row in kept.published.items():
            found = self._new(self._published, account, event_type, 0)
            if found is not None:
                found.fill(row, kept.published_majors.get(event_type, {}))
        for name, (acknowledged, consumer) in kept.consumed.items():
            line = self._line_of(name, account)
            line.acknowledged, line.consumer = acknowledged, consumer
        for name, types in kept.delivered.items():
            self._line_of(name, account)
            majors = kept.delivered_majors.get(name, {})
            for event_type, row in types.items():
                found = self._new(self._delivered, name, event_type, 0)
                if found is not None:
                    found.fill(row, majors.get(event_type, {}))
        for agent, last in kept.seen:
            self._see(account, agent, last)


def _by_account(item: tuple[tuple[str, Agent], int]) -> tuple[str, int]:
    return item[0][0], -item[1]
