"""What a soak found: a table for people, and the same for programs."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tests.reliability.soak.flatness import BOUNDS, Growth, judged

_MEBIBYTE: Final = 1 << 20
_BYTES: Final = frozenset({"resident", "private", "store"})
_ROW: Final = "{:>5}  {:>6}  {:>10}  {:>9}  {:>7}  {:>8}  {:>8}  {:>5}  {:>7}  {:>5}  {:>6}"
HEAD: Final = _ROW.format(
    "cycle", "minute", "events", "backlog", "waiting", "resident", "private", "files", "threads",
    "tasks", "store",
)  # fmt: skip


class Trough(msgspec.Struct, frozen=True, kw_only=True):
    """What the bus took when a backlog had just been drained; of some looks the least of each.

    Attributes:
        cycle: Which cycle, from 1.
        minute: Since the beginning.
        events: Events acknowledged by then.
        backlog: Deliveries that waited when the cycle's backlog was largest.
        waiting: Deliveries that waited now.
        peak: Bytes of memory in RAM when they were most in the cycle.
        resident: Bytes of memory in RAM.
        private: Of these, such as no other process shares.
        files: Files and sockets that it had open.
        threads: Its threads.
        tasks: Tasks of its event loop.
        store: Bytes that its store had in use.
    """

    cycle: int
    minute: float
    events: int
    backlog: int
    waiting: int
    peak: int
    resident: int
    private: int
    files: int
    threads: int
    tasks: int
    store: int

    @property
    def line(self) -> str:
        """Of the table."""
        return _ROW.format(
            self.cycle,
            f"{self.minute:.1f}",
            f"{self.events:,}",
            f"{self.backlog:,}",
            f"{self.waiting:,}",
            *(f"{each / _MEBIBYTE:.1f}" for each in (self.resident, self.private)),
            self.files,
            self.threads,
            self.tasks,
            f"{self.store / _MEBIBYTE:.0f}",
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole run.

    Attributes:
        rate: Events put a second.
        minutes: How long it was.
        events: Events acknowledged.
        deliveries: Deliveries that came to consumers.
        troughs: What was measured, cycle by cycle.
        growths: Over the later half of the troughs, what each thing grew by, and may grow by.
        lost: Deliveries of acknowledged events that never came.
        problems: What else was wrong, in words.
    """

    rate: int
    minutes: float
    events: int
    deliveries: int
    troughs: Sequence[Trough]
    growths: Sequence[Growth]
    lost: int
    problems: Sequence[str]

    @property
    def good(self) -> bool:
        """Whether everything is flat, and nothing was lost or wrong."""
        flat = bool(self.growths) and all(each.flat for each in self.growths)
        return flat and not self.lost and not self.problems

    def table(self) -> Iterator[str]:
        """Lines for people."""
        yield f"{self.rate} events/s for {self.minutes:.1f} minutes; memory and store in MiB"
        yield HEAD
        yield from (each.line for each in self.troughs)
        yield ""
        if not self.growths:
            yield "too few troughs to judge: run it for longer"
        yield from (_said(each) for each in self.growths)
        yield f"{self.deliveries:,} deliveries; acknowledged, and lost: {self.lost}"
        yield from (f"FAILED {problem}" for problem in self.problems)


def growths(troughs: Sequence[Trough]) -> list[Growth]:
    """Judge everything that has a bound; empty where there are too few troughs."""
    found = [
        judged(name, [(each.minute, float(getattr(each, name))) for each in troughs])
        for name in BOUNDS
    ]
    return [each for each in found if each is not None]


def _said(growth: Growth) -> str:
    word = "flat" if growth.flat else "GROWS"
    unit, name = (_MEBIBYTE, " MiB") if growth.name in _BYTES else (1, "")
    return (
        f"{growth.name:<9} {word:<5}  {growth.growth / unit:+.2f}{name} in the last "
        f"{growth.minutes:.1f} minutes, of {growth.level / unit:.1f}{name}; "
        f"bound {growth.bound / unit:.1f}{name}"
    )
