"""The demo's verdict: a row a subscription, and whether the outage stayed where it was."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from rich.table import Table

from keybus.cli.demo.worker import Tally
from keybus.protocol import SubscriptionInfo

IN_TIME_US = 1_000_000
"""An event counts as a success where it is handled within a second of ingest."""
_HELD = 0.9
OBJECTIVE = 0.9999
"""The share of successes that a subscription without an outage has to reach."""


class Row(msgspec.Struct, frozen=True):
    """One subscription.

    Attributes:
        subscription: Its name.
        broken: Its vendor was broken on purpose.
        matched: Acknowledged events that it should get.
        handled: How many of them it has handled.
        in_time: How many within a second of ingest.
        p50: Milliseconds from ingest to the end of the handler, of those handled; null if none.
        p90: The same.
        p99: The same.
        waiting: Deliveries that are still waiting or in flight.
        dead: Dead letters.
        lost: Matched events that are nowhere: neither handled nor waiting nor dead letters.
        duplicates: Events handled more than once.
        failed_attempts: Attempts that failed.
    """

    subscription: str
    broken: bool
    matched: int
    handled: int
    in_time: int
    p50: float | None
    p90: float | None
    p99: float | None
    waiting: int
    dead: int
    lost: int
    duplicates: int
    failed_attempts: int

    @property
    def success(self) -> float:
        """The share of matched events handled in time; 1 where none matched."""
        return self.in_time / self.matched if self.matched else 1.0


class Run(msgspec.Struct, frozen=True):
    """What was published, and how.

    Attributes:
        acknowledged: Events that the bus acknowledged.
        refused: Events that it did not take.
        seconds: From the first event until the last was acknowledged.
        asked_rate: Events a second that were asked for.
        outage_seconds: How long the vendor was broken; 0 for not at all.
    """

    acknowledged: int
    refused: int
    seconds: float
    asked_rate: float
    outage_seconds: float

    @property
    def rate(self) -> float:
        """Events acknowledged a second."""
        return self.acknowledged / self.seconds if self.seconds else 0.0

    @property
    def too_slow(self) -> bool:
        """The machine could not hold the rate that was asked for."""
        return self.rate < _HELD * self.asked_rate


class Report(msgspec.Struct, frozen=True):
    """The whole run.

    Attributes:
        acknowledged: Events that the bus acknowledged.
        refused: Events that it did not take.
        seconds: For how long events were published.
        rate: Events acknowledged a second.
        outage_seconds: How long the vendor was broken; 0 for not at all.
        success: The share of successes over all subscriptions without an outage.
        p50: Milliseconds over all of them.
        p90: The same.
        p99: The same.
        lost: Acknowledged events lost, over all subscriptions.
        ok: Nothing was lost or refused, and the outage touched no other subscription.
        verdict: The same in a sentence.
        rows: The subscriptions.
    """

    acknowledged: int
    refused: int
    seconds: float
    rate: float
    outage_seconds: float
    success: float
    p50: float | None
    p90: float | None
    p99: float | None
    lost: int
    ok: bool
    verdict: str
    rows: list[Row]


def row(
    info: SubscriptionInfo, tally: Tally, dead: set[str], expected: set[str], *, broken: bool
) -> Row:
    """Compare what a subscription should have got with what its service handled.

    Args:
        info: How the bus says it stands.
        tally: What its service handled, by event.
        dead: The events among its dead letters.
        expected: The acknowledged events that it should get.
        broken: It was broken on purpose.
    """
    missing = expected - tally.latency_us.keys()
    latencies = sorted(tally.latency_us.values())
    waiting = info.waiting + info.in_flight
    return Row(
        subscription=info.name,
        broken=broken,
        matched=len(expected),
        handled=len(expected) - len(missing),
        in_time=sum(1 for e in expected if tally.latency_us.get(e, IN_TIME_US + 1) <= IN_TIME_US),
        p50=percentile(latencies, 50),
        p90=percentile(latencies, 90),
        p99=percentile(latencies, 99),
        waiting=waiting,
        dead=info.dead,
        lost=max(0, len(missing - dead) - waiting),
        duplicates=tally.duplicates,
        failed_attempts=tally.failed,
    )


def percentile(latencies: Sequence[int], percent: int) -> float | None:
    """Of sorted microseconds, in milliseconds, by the nearest rank; None where there are none."""
    if not latencies:
        return None
    rank = -(-len(latencies) * percent // 100)
    return round(latencies[rank - 1] / 1000, 2)


def judge(
    rows: Sequence[Row],
    tallies: Mapping[str, Tally],
    *,
    run: Run,
) -> Report:
    """Put the rows together and say whether it went as it should."""
    sound = [row for row in rows if not row.broken]
    matched = sum(row.matched for row in sound)
    in_time = sum(row.in_time for row in sound)
    latencies = sorted(
        latency for row in sound for latency in tallies[row.subscription].latency_us.values()
    )
    lost = sum(row.lost for row in rows)
    behind = [row for row in rows if row.broken and row.handled + row.dead < row.matched]
    touched = [row for row in sound if row.success < OBJECTIVE or row.waiting or row.dead]
    return Report(
        acknowledged=run.acknowledged,
        refused=run.refused,
        seconds=round(run.seconds, 2),
        rate=round(run.rate, 1),
        outage_seconds=round(run.outage_seconds, 2),
        success=in_time / matched if matched else 1.0,
        p50=percentile(latencies, 50),
        p90=percentile(latencies, 90),
        p99=percentile(latencies, 99),
        lost=lost,
        ok=not (lost or touched or behind or run.refused or run.too_slow),
        verdict=_verdict(rows, touched, behind, lost, run),
        rows=list(rows),
    )


def _verdict(
    rows: Sequence[Row], touched: Sequence[Row], behind: Sequence[Row], lost: int, run: Run
) -> str:
    broken = _names(row for row in rows if row.broken)
    parts = []
    if run.too_slow:
        parts.append(
            f"This machine took {run.rate:,.0f} events/s of the {run.asked_rate:,.0f} asked for, so"
            " the run says nothing about the outage: ask for less with --rate."
        )
    elif broken and touched:
        parts.append(f"While {broken} was broken, others suffered too: {_names(touched)}.")
    elif broken:
        parts.append(
            f"The outage of {run.outage_seconds:.1f} s touched only {broken}: "
            f"the other {len(rows) - 1} subscriptions went on as before."
        )
    elif touched:
        parts.append(f"Below the objective: {_names(touched)}.")
    else:
        parts.append("Every subscription met the objective.")
    if behind:
        parts.append(f"It was mended, but has not caught up: {_names(behind)}.")
    parts.append(f"Acknowledged events lost: {lost}.")
    if run.refused:
        parts.append(f"Events not taken: {run.refused}.")
    return " ".join(parts)


def _names(rows: Iterable[Row]) -> str:
    return ", ".join(row.subscription for row in rows)


def table(rows: Iterable[Row]) -> Table:
    """The rows as a table that fits a terminal of 80 columns."""
    result = Table(
        title="From ingest to the end of the handler, in milliseconds",
        box=None,
        padding=(0, 1, 0, 0),
        caption_justify="left",
    )
    result.add_column("subscription", no_wrap=True)
    for name in (
        "matched", "handled", "success", "p50", "p90", "p99", "waiting", "dead letters",
    ):  # fmt: skip
        result.add_column(name, justify="right", min_width=len(name.split()[-1]))
    for row in sorted(rows, key=lambda row: row.broken):
        if row.broken:
            result.caption = f"{row.subscription} was broken on purpose."
        result.add_row(
            row.subscription,
            f"{row.matched:,}",
            f"{row.handled:,}",
            f"{100 * row.success:.3f}%",
            *(milliseconds(value) for value in (row.p50, row.p90, row.p99)),
            f"{row.waiting:,}",
            f"{row.dead:,}",
            style="yellow" if row.broken else None,
        )
    return result


def milliseconds(value: float | None) -> str:
    """As short as it can be read: tenths below a second."""
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 1000 else f"{value:.0f}"  # noqa: PLR2004 - a second
