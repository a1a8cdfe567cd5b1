"""What an engine was asked and what it answered, kept outside of it: what may stand afterwards."""

import itertools
from collections.abc import Iterable
from typing import Literal, NamedTuple

Place = Literal["line", "held", "dead", "gone"]


class Standing(NamedTuple):
    """Where a delivery may be found: in line for delivery, held, a dead letter, or settled.

    Attributes:
        place: Where.
        attempts: How many attempts failed.
    """

    place: Place
    attempts: int


_BEGINNING = 1_000_000
"""When the first events are taken; a microsecond for each append after that."""
GONE = Standing("gone", 0)
WAITING = Standing("line", 0)


class Fate:
    """What is known of one delivery.

    Attributes:
        certain: How it stood when last it was answered, or seen.
        possible: What was asked since and not answered: each may stand as well.
        aside: It was held once, and comes back out of order.
        buried: How many burials were asked for: each that was not answered may stand as well.
        changes: How often it was answered.
    """

    def __init__(self, certain: Standing = WAITING) -> None:
        self.certain = certain
        self.changes = 0
        self.possible: set[Standing] = set()
        self.aside = False
        self.buried = 0

    def asked(self, standing: Standing) -> None:
        """Somebody wants it so."""
        self.possible.add(standing)
        self.buried += standing.place == "dead"
        self.aside = self.aside or standing.place == "held"

    def answered(self, standing: Standing) -> None:
        """It is so, durably."""
        self.certain = standing
        self.changes += 1
        self.possible = {each for each in self.possible if each.place == "dead"} - {standing}

    def seen(self, standing: Standing) -> None:
        """It was found so in the store."""
        self.certain, self.possible = standing, set()

    @property
    def allowed(self) -> set[Standing]:
        """What may be found."""
        return {self.certain, *self.possible}


class Filled(NamedTuple):
    """Up to where a queue is filled from the log; None: it is whole."""

    through: int | None


WHOLE = Filled(None)


class Queue:
    """A subscription's deliveries, by position.

    Attributes:
        fates: Of those that matched it.
        certain: It was answered that it is there; otherwise it may be.
        removing: It was asked to be removed, and may be gone.
        freeing: What is held may come back at any moment.
        seen: Positions that came since the store was opened.
        newest: The last of those that came in log order.
        since: From when on it asked for the past when it was made; None: it did not.
        filled: How far it may be filled, as far as it was answered or asked; empty: nobody knows.
        chosen: Positions of the past that it was to be filled with.
        owed: What the log had when it was made that has to stay until it is filled with it.
    """

    def __init__(self, since: int | None = None) -> None:
        self.since = since
        self.filled: set[Filled] = {WHOLE} if since is None else set()
        self.chosen: set[int] = set()
        self.owed: set[int] = set()
        self.fates: dict[int, Fate] = {}
        self.certain = False
        self.removing = False
        self.freeing = False
        self.seen: set[int] = set()
        self.newest = 0

    def fate(self, position: int) -> Fate:
        """A delivery's fate."""
        return self.fates.setdefault(position, Fate())


class Append:
    """Events that were offered together.

    Attributes:
        texts: Their envelopes.
        matched: What each matches, by name.
        queues: The queues of these names when it was offered.
        at: When it was taken, as its records say: later than those that were offered before.
        first: The first position; None until it was answered, or found.
        answered: Whether it was answered.
        absent: It was not answered, and seen that it was not kept.
    """

    def __init__(
        self, texts: list[bytes], matched: list[tuple[str, ...]], queues: dict[str, Queue], at: int
    ) -> None:
        self.texts, self.matched, self.queues = texts, matched, queues
        self.at = at
        self.first: int | None = None
        self.answered = self.absent = False

    @property
    def is_doubtful(self) -> bool:
        """Nobody has answered, or seen, whether it was kept."""
        return self.first is None and not self.absent


class Answers:
    """All that was asked of one store, over all its lives.

    Attributes:
        appends: In the order in which they were asked for.
        queues: By name.
        documents: Of each key the values that may stand (None: no document), the last first.
        acts: Of the audit log, the subjects that were answered.
        trimmed_before: What was taken before that may have been dropped.
        trimmed: How many events are dropped, as far as it was answered or seen.
        trimming: More may be: a step was not answered, or an append that it may have dropped.
        fills: How many queues were filled with the past until they were whole.
    """

    def __init__(self) -> None:
        self.trimmed_before = self.trimmed = self.fills = 0
        self.trimming = False
        self.appends: list[Append] = []
        self.queues: dict[str, Queue] = {}
        self.documents: dict[str, list[bytes | None]] = {}
        self.acts: list[str] = []
        self.numbers = itertools.count(1)

    def offer(self, matched: Iterable[tuple[str, ...]]) -> Append:
        """Events about to be appended, each with a text of its own."""
        sets = list(matched)
        texts = [f"event-{next(self.numbers)}".encode().ljust(120, b".") for _ in sets]
        append = Append(texts, sets, dict(self.queues), _BEGINNING + len(self.appends))
        self.appends.append(append)
        return append

    def appended(self, append: Append, positions: Iterable[int]) -> None:
        """It was answered."""
        append.answered = True
        self.found(append, next(iter(positions)))

    def found(self, append: Append, first: int) -> None:
        """It stands in the log."""
        append.first = first
        for position, names in enumerate(append.matched, first):
            for name in names:
                queue = append.queues[name]
                if self.queues.get(name) is queue:  # not one of the same name that came later
                    queue.fate(position)

    @property
    def answered(self) -> int:
        """How many events were acknowledged."""
        return sum(len(append.texts) for append in self.appends if append.answered)
