"""A round against a server that stands in for a bus."""

import tempfile
from pathlib import Path

from keybus.cli.bench.pipeline.bare_server import Standing
from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.children import Child, child
from keybus.cli.bench.pipeline.consumer import Consumed, Consuming
from keybus.cli.bench.pipeline.figures import Figures
from keybus.cli.bench.pipeline.plan import Case
from keybus.cli.bench.pipeline.publisher import Published, Publishing
from keybus.cli.bench.pipeline.round import (
    ANSWER_SECONDS,
    WARM_SECONDS,
    Sample,
    measure_window,
    processors,
)


def run_stand_in(case: Case, seconds: float, within: Path | None) -> Figures:
    """Measure publisher, or consumer, against what answers without doing anything.

    Args:
        case: Which; with subscriptions it is the consumer.
        seconds: For how long, after a second that does not count.
        within: For what the processes say.
    """
    assert case.to in ("http", "at-once")
    with tempfile.TemporaryDirectory(prefix="keybus-bench-", dir=within) as name:
        folder = Path(name)
        subscriptions = case.setup.subscriptions
        board = Board(folder / "board", subscriptions, make=True)
        with child("bare_server", Standing(case.to, case.load.per_request), folder) as server:
            measured = _consume if subscriptions else _publish
            found = measured(case, seconds, folder, board, server)
        board.close()
        return found


def _publish(case: Case, seconds: float, folder: Path, board: Board, server: Child) -> Figures:
    asked = Publishing(
        url=server.told,
        board=str(folder / "board"),
        subscriptions=0,
        load=case.load,
        seconds=seconds + WARM_SECONDS,
        warm=WARM_SECONDS,
    )
    with child("publisher", asked, folder) as publisher:
        first, last = measure_window(board, server, (publisher,), seconds)
        published = publisher.result(Published, ANSWER_SECONDS)
    return _figures(first, last, published)


def _consume(case: Case, seconds: float, folder: Path, board: Board, server: Child) -> Figures:
    asked = Consuming(
        url=server.told,
        board=str(folder / "board"),
        subscriptions=[f"desk-{n}" for n in range(case.setup.subscriptions)],
        seconds=0.0,
    )
    with child("consumer", asked, folder) as consumer:
        first, last = measure_window(board, server, (consumer,), seconds)
        board.stop()
        consumer.result(Consumed, ANSWER_SECONDS)
    return _figures(first, last, None)


def _figures(first: Sample, last: Sample, published: Published | None) -> Figures:
    seconds = (last.at_us - first.at_us) / 1e6
    return Figures(
        taken=(last.taken - first.taken) / seconds,
        delivered=(last.delivered - first.delivered) / seconds,
        processors=processors(first, last),
        answered=published.answered if published else None,
        handled=None,
        late_ms=0.0,
        again=0,
        missing=0,
        refused=published.refused if published else "",
    )
