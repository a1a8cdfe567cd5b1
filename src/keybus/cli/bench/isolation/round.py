"""One round: five subscriptions under a steady load, three of which are measured."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.isolation.disturber import Disturbing
from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.children import child, resident_bytes
from keybus.cli.bench.pipeline.consumer import Consuming
from keybus.cli.bench.pipeline.figures import Figures
from keybus.cli.bench.pipeline.moving import Say, drain, put
from keybus.cli.bench.pipeline.plan import Case, Load, Setup
from keybus.cli.bench.pipeline.round import drive
from keybus.cli.bench.pipeline.stage import Stage, stage

SUBSCRIPTIONS: Final = 5
MEASURED: Final = 3


class Asked(msgspec.Struct, frozen=True):
    """What a round is like.

    Attributes:
        rate: Events a second.
        per_request: Events of one request.
        seconds: For how long, after a second that does not count.
        backlog: Events that wait for the slow and the dead consumer when it begins; without them
            both would be served from memory.
        slow_rate: Deliveries a second that the slow one handles.
        within: The folder whose disk is measured; None: the system's for temporary files.
    """

    rate: int
    per_request: int
    seconds: float
    backlog: int
    slow_rate: float
    within: Path | None = None


class Round(msgspec.Struct, frozen=True):
    """What was measured.

    Attributes:
        figures: Of the three.
        resident: Bytes of memory that the bus had in the end.
    """

    figures: Figures
    resident: int


def run_round(asked: Asked, say: Say, *, disturbed: bool) -> Round:
    """Measure the three once.

    Args:
        asked: What the round is like.
        say: Told how it goes.
        disturbed: The fourth is consumed slowly, and the fifth is never read; else both are
            consumed as the three are.
    """
    case = Case(
        f"{asked.rate:,}/s", Load(asked.per_request, asked.rate), Setup("on", SUBSCRIPTIONS)
    )
    with stage(case.setup, asked.within) as on:
        three, others = on.subscriptions[:MEASURED], on.subscriptions[MEASURED:]
        if asked.backlog:
            with _part(on, "before", on.subscriptions) as before:
                put(before, asked.backlog, say)
            with _part(on, "drained", three if disturbed else on.subscriptions) as drained:
                drain(drained, asked.backlog, say)
        with _part(on, "measured", three) as measured:
            company = _disturbed(on, others, asked) if disturbed else _calm(on, others)
            with company:
                figures = drive(measured, case, asked.seconds)
                return Round(figures, resident_bytes(on.bus.pid))


@contextmanager
def _part(on: Stage, name: str, subscriptions: Sequence[str]) -> Generator[Stage]:
    """Some of the subscriptions, on a board of their own."""
    file = on.folder / f"board-{name}"
    board = Board(file, len(subscriptions), make=True)
    yield msgspec.structs.replace(on, subscriptions=subscriptions, board=board, board_file=file)
    board.close()


@contextmanager
def _calm(on: Stage, subscriptions: Sequence[str]) -> Generator[None]:
    """The others are consumed as the three are, by another process."""
    with _part(on, "others", subscriptions) as others:
        asked = Consuming(
            url=on.url,
            token=on.tokens.consumer,
            board=str(others.board_file),
            subscriptions=list(subscriptions),
            seconds=0.0,
        )
        with child("consumer", asked, on.folder):
            yield
            others.board.stop()


@contextmanager
def _disturbed(on: Stage, subscriptions: Sequence[str], asked: Asked) -> Generator[None]:
    slow, dead = subscriptions
    disturbing = Disturbing(
        url=on.url, token=on.tokens.consumer, slow=slow, rate=asked.slow_rate, dead=dead
    )
    with child("disturber", disturbing, on.folder):
        yield
