"""What one round measured, and the medians of some."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from keybus.cli.bench.pipeline.latency import Percentiles
from keybus.cli.bench.pipeline.plan import Case


class Processors(msgspec.Struct, frozen=True):
    """How many processors were busy with what, on average.

    Attributes:
        loop: With the bus's event loop.
        threads: With its other threads: commits, reads, checkpoints.
        clients: With publisher and consumer.
    """

    loop: float
    threads: float
    clients: float

    @property
    def bus(self) -> float:
        """With the bus."""
        return self.loop + self.threads


class Figures(msgspec.Struct, frozen=True):
    """One round.

    Attributes:
        taken: Events a second that were acknowledged as durable.
        delivered: Deliveries a second, of all subscriptions together.
        processors: How busy the processors were; None where the system does not tell.
        answered: From when a request was due to its answer; None: none counted.
        handled: From when an event was due to when its consumer had it, decoded.
        late_ms: By how much the publisher sent later than was due, at most.
        again: Deliveries that were not a first attempt.
        missing: Events that were acknowledged and did not come to each subscription.
        refused: Why an event was not taken; empty where all were.
    """

    taken: float
    delivered: float
    processors: Processors | None
    answered: Percentiles | None
    handled: Percentiles | None
    late_ms: float
    again: int
    missing: int
    refused: str

    @property
    def bus_us(self) -> float | None:
        """Microseconds that the bus's threads took for an event, its deliveries included."""
        if self.processors is None or not self.taken:
            return None
        return 1e6 * self.processors.bus / self.taken


class Row(msgspec.Struct, frozen=True):
    """A case.

    Attributes:
        scenario: Its scenario.
        case: What was measured.
        rounds: Every round.
        median: Number by number, the median of all rounds.
        bus_us: Microseconds of processor time that the bus took for an event, the median.
        spread: The slowest and the fastest round's events a second.
    """

    scenario: str
    case: Case
    rounds: Sequence[Figures]
    median: Figures
    bus_us: float | None
    spread: tuple[float, float]


def row(scenario: str, case: Case, rounds: Sequence[Figures]) -> Row:
    """A case's rounds, put together."""
    costs = [each.bus_us for each in rounds if each.bus_us is not None]
    taken = [each.taken for each in rounds]
    return Row(
        scenario,
        case,
        rounds,
        medians(rounds),
        median(costs) if costs else None,
        (min(taken), max(taken)),
    )


def medians(rounds: Sequence[Figures]) -> Figures:
    """Number by number; what must not happen is summed up."""
    busy = [each.processors for each in rounds if each.processors]
    return Figures(
        taken=median(each.taken for each in rounds),
        delivered=median(each.delivered for each in rounds),
        processors=_processors(busy) if busy else None,
        answered=_times(rounds, lambda each: each.answered),
        handled=_times(rounds, lambda each: each.handled),
        late_ms=median(each.late_ms for each in rounds),
        again=sum(each.again for each in rounds),
        missing=sum(each.missing for each in rounds),
        refused=next((each.refused for each in rounds if each.refused), ""),
    )


def _processors(busy: Sequence[Processors]) -> Processors:
    return Processors(
        median(each.loop for each in busy),
        median(each.threads for each in busy),
        median(each.clients for each in busy),
    )


def _times(
    rounds: Sequence[Figures], of: Callable[[Figures], Percentiles | None]
) -> Percentiles | None:
    found = [times for each in rounds if (times := of(each)) is not None]
    if not found:
        return None
    return Percentiles(
        median(each.p50 for each in found),
        median(each.p90 for each in found),
        median(each.p99 for each in found),
        median(each.most for each in found),
    )
