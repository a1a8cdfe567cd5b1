"""One round: a bus, a publisher and a consumer, for some seconds."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import Board, now_us
from keybus.cli.bench.pipeline.children import Child, Spent, child, spent
from keybus.cli.bench.pipeline.consumer import Consumed, Consuming
from keybus.cli.bench.pipeline.figures import Figures, Processors
from keybus.cli.bench.pipeline.plan import LAG, Case
from keybus.cli.bench.pipeline.publisher import Published, Publishing
from keybus.cli.bench.pipeline.stage import Stage, stage

WARM_SECONDS: Final = 1.0
_AHEAD_US: Final = 300_000
_DRAIN_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 60.0


class Sample(msgspec.Struct, frozen=True):
    """How far everybody was at one moment."""

    at_us: int
    taken: int
    delivered: int
    bus: Spent | None
    clients: float


def run_round(case: Case, seconds: float, within: Path | None) -> Figures:
    """Measure a case once.

    Args:
        case: What.
        seconds: For how long, after a second that does not count.
        within: The folder whose disk is measured.
    """
    with stage(case.setup, within) as on:
        return drive(on, case, seconds)


def drive(
    on: Stage,
    case: Case,
    seconds: float,
    *,
    run: int = 1,
    failing: bool = False,
    before: Callable[[], object] = lambda: None,
) -> Figures:
    """Put a load to a bus that runs, and consume.

    Args:
        on: The bus.
        case: The load.
        seconds: For how long, after a second that does not count.
        run: Tells its events from others'.
        failing: Events of the blocked key fail.
        before: Called when the clients are connected, before the load begins.
    """
    whole = seconds + WARM_SECONDS
    publishing = Publishing(
        url=on.url,
        token=on.tokens.publisher,
        board=str(on.board_file),
        subscriptions=len(on.subscriptions),
        load=case.load,
        seconds=whole,
        warm=WARM_SECONDS,
        lag=LAG,
        run=run,
    )
    consuming = Consuming(
        url=on.url,
        token=on.tokens.consumer,
        board=str(on.board_file),
        subscriptions=list(on.subscriptions),
        seconds=whole,
        warm=WARM_SECONDS,
        failing=failing,
    )
    with (
        child("consumer", consuming, on.folder) as consumer,
        child("publisher", publishing, on.folder) as publisher,
    ):
        before()
        first, last = measure_window(on.board, on.bus, (publisher, consumer), seconds)
        published = publisher.result(Published, ANSWER_SECONDS)
        wait_until(lambda: on.board.lag <= 0, _DRAIN_SECONDS)
        on.board.stop()
        consumed = consumer.result(Consumed, ANSWER_SECONDS)
    return _figures(first, last, published, consumed)


def measure_window(
    board: Board, bus: Child, clients: tuple[Child, ...], seconds: float
) -> tuple[Sample, Sample]:
    """Let the load begin, and look once it is warm, and once more after so many seconds."""
    begin = now_us() + _AHEAD_US
    board.begin(begin)
    time.sleep(_AHEAD_US / 1e6 + WARM_SECONDS)
    first = sample(board, bus, clients)
    time.sleep(seconds)
    return first, sample(board, bus, clients)


def sample(board: Board, bus: Child, clients: tuple[Child, ...]) -> Sample:
    """How far everybody is."""
    found = [spent(each.pid) for each in clients]
    return Sample(
        now_us(),
        board.taken,
        sum(board.delivered),
        spent(bus.pid),
        sum(each.first + each.others for each in found if each),
    )


def processors(first: Sample, last: Sample) -> Processors | None:
    """How busy they were in between."""
    if first.bus is None or last.bus is None:
        return None
    seconds = (last.at_us - first.at_us) / 1e6
    return Processors(
        (last.bus.first - first.bus.first) / seconds,
        (last.bus.others - first.bus.others) / seconds,
        (last.clients - first.clients) / seconds,
    )


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is so, or the time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _figures(first: Sample, last: Sample, published: Published, consumed: Consumed) -> Figures:
    seconds = (last.at_us - first.at_us) / 1e6
    return Figures(
        taken=(last.taken - first.taken) / seconds,
        delivered=(last.delivered - first.delivered) / seconds,
        processors=processors(first, last),
        answered=published.answered,
        handled=consumed.handled,
        late_ms=published.late_us / 1000,
        again=consumed.again,
        missing=sum(max(0, published.taken - each) for each in consumed.delivered),
        refused=published.refused,
    )
