"""What a run found, as a table and as JSON."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tests.reliability.history import Cut
from tests.reliability.kills.judge import Verdict


class Summary(msgspec.Struct, kw_only=True):
    """All parts of a run together.

    Attributes:
        kills: How often `keybus dev` was killed -9.
        squeezes: How often its disk was full for a while.
        cuts: How often the power failed, by what the store was doing.
        killed: How often a store's process ended instead, on a simulated disk.
        acts: In the middle of which act of the disk either came.
        faults_told: How often a store on a failing disk said so to its caller.
        put_again: Events that were put more than once, since nobody had answered.
        acknowledged: Events acknowledged.
        trimmed: Events that were dropped from the log, since nobody needed them.
        filled: Queues that were filled with the past.
        replays: Replays that were begun.
        delivered: Deliveries.
        retried: Of these, such as a consumer had asked for once more.
        duplicates: Of the killed bus's deliveries, such as came again unasked, by their cause.
        lost: Deliveries of acknowledged events that never came, or were not there any more.
        again: Deliveries that came although their settlement was durable.
        wrong: Everything else that may not be.
        failures: What was wrong, and how to run just that again.
    """

    kills: int = 0
    squeezes: int = 0
    cuts: dict[str, int] = {}
    killed: int = 0
    acts: dict[str, int] = {}
    faults_told: int = 0
    put_again: int = 0
    acknowledged: int = 0
    trimmed: int = 0
    filled: int = 0
    replays: int = 0
    delivered: int = 0
    retried: int = 0
    duplicates: dict[str, int] = {}
    lost: int = 0
    again: int = 0
    wrong: int = 0
    failures: list[str] = []

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    def add_cuts(self, cuts: Iterable[Cut], again: str) -> None:
        """Add a history.

        Args:
            cuts: Its cuts.
            again: How to run it again.
        """
        known, dropped, filled = self.acknowledged, self.trimmed, self.filled
        for cut in cuts:
            if cut.kill:
                self.killed += 1
            else:
                self.cuts[cut.when] = self.cuts.get(cut.when, 0) + 1
            if cut.act:
                self.acts[cut.act] = self.acts.get(cut.act, 0) + 1
            self.faults_told += cut.failures
            self.acknowledged = known + cut.answered
            self.trimmed, self.filled = dropped + cut.trimmed, filled + cut.filled
            self.delivered += cut.delivered
            self.lost += cut.lost
            self.again += cut.again
            self.wrong += bool(cut.problems) and not (cut.lost or cut.again)
            if cut.problems:
                told = "; ".join(cut.problems[:3])
                self.failures.append(
                    f"seed {cut.seed}, cut {cut.number} ({cut.when}): {len(cut.problems)} problems: "
                    f"{told}\n  again: {again}"
                )

    def add_kills(self, verdict: Verdict, again: str) -> None:
        """Add a killed bus.

        Args:
            verdict: What its journal says.
            again: How to run it again.
        """
        self.kills += verdict.kills
        self.squeezes += verdict.squeezes
        self.put_again += verdict.put_again
        self.acknowledged += verdict.acknowledged
        self.delivered += verdict.delivered
        self.replays += verdict.replays
        self.filled += verdict.filled
        self.retried += verdict.retried
        for cause, count in verdict.duplicates.items():
            self.duplicates[cause] = self.duplicates.get(cause, 0) + count
        self.lost += verdict.lost
        self.wrong += verdict.wrong
        if verdict.problems:
            told = "\n  ".join(verdict.problems[:10])
            self.failures.append(f"the killed bus: {told}\n  again: {again}")

    def table(self) -> Iterator[str]:
        """Lines for people."""
        rows = [
            ("kill -9 of keybus dev", f"{self.kills:,}"),
            ("  full disks in between", f"{self.squeezes:,}"),
            ("power cuts", f"{sum(self.cuts.values()):,}"),
            *_parts(self.cuts),
            ("processes killed on a simulated disk", f"{self.killed:,}"),
            ("both of these, in the middle of", f"{sum(self.acts.values()):,}"),
            *_parts(self.acts),
            ("faults told to callers", f"{self.faults_told:,}"),
            ("events put again, since nobody had answered", f"{self.put_again:,}"),
            ("events acknowledged", f"{self.acknowledged:,}"),
            ("events dropped, since nobody needed them", f"{self.trimmed:,}"),
            ("queues filled with the past", f"{self.filled:,}"),
            ("replays", f"{self.replays:,}"),
            ("delivered", f"{self.delivered:,}"),
            ("asked for once more", f"{self.retried:,}"),
            ("duplicates", f"{sum(self.duplicates.values()):,}"),
            *_parts(self.duplicates),
            ("acknowledged, and lost", f"{self.lost:,}"),
            ("settled, and came again", f"{self.again:,}"),
            ("anything else wrong", f"{self.wrong:,}"),
        ]
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            yield f"{name:<{width}}  {value}"
        for failure in self.failures:
            yield f"FAILED {failure}"


def _parts(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Lines that say what a number is made of."""
    for name, count in sorted(counts.items()):
        yield f"  {name}", f"{count:,}"
