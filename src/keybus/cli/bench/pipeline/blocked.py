"""Many events behind one that fails: what the other keys notice of it."""

import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.bodies import BLOCKED
from keybus.cli.bench.pipeline.children import child
from keybus.cli.bench.pipeline.consumer import Consuming
from keybus.cli.bench.pipeline.figures import Figures
from keybus.cli.bench.pipeline.moving import Moved, Say, drain, put
from keybus.cli.bench.pipeline.plan import Case, Load, Setup
from keybus.cli.bench.pipeline.round import drive, wait_until
from keybus.cli.bench.pipeline.stage import Stage, stage
from keybus.protocol import API, SubscriptionInfo
from keybus.topology.footings import capability_matrix

_NEEDED: Final = "order.block"
_ASIDE_SECONDS: Final = 120.0
_NEARLY: Final = 0.99


class Blocked(msgspec.Struct, frozen=True):
    """Events of other keys, while many wait behind one that fails.

    Attributes:
        calm: 2,000 events a second, before.
        put: The events behind the one that fails.
        aside_seconds: From when they were put until the bus had put all of them aside.
        blocked: 2,000 events a second of other keys, with those waiting.
        drained: Those, once the first of them was handled.
        missing: Events that did not come.
    """

    calm: Figures
    put: Moved
    aside_seconds: float
    blocked: Figures
    drained: Moved
    missing: int


def why_not_blocked() -> str:
    """Why there can be no blocked key here; empty where there can be one."""
    for capability in capability_matrix():
        if capability.id == _NEEDED:
            standing = capability.standings["embedded"]
            return "" if standing.has else f"the embedded footing lacks {_NEEDED}: {standing.note}"
    return f"no footing knows {_NEEDED}"


def run_blocked(events: int, seconds: float, within: Path | None, say: Say) -> Blocked:
    """Let one event of a key fail, put so many behind it, and measure the other keys.

    Args:
        events: How many wait behind it.
        seconds: For how long the other keys are measured, before and then.
        within: The folder whose disk is measured.
        say: Told how it goes.
    """
    case = Case("2,000/s, other keys", Load(10, 2_000), Setup("on", 1))
    with stage(case.setup, within, order="block") as on:
        calm = drive(on, case, seconds)
        with _anew(on, "waiting") as waiting, _failing(waiting):
            behind = put(waiting, events, say, key=BLOCKED)
            aside = _wait_aside(waiting, behind.events)
        with _anew(on, "blocked") as others:
            blocked = drive(
                others,
                case,
                seconds,
                run=3,
                failing=True,
                before=lambda: _wait_aside(others, behind.events),
            )
        with _anew(on, "drained") as last:
            drained = drain(last, behind.events, say)
    missing = calm.missing + blocked.missing + max(0, behind.events - drained.events)
    return Blocked(calm, behind, aside, blocked, drained, missing)


def _wait_aside(on: Stage, events: int) -> float:
    """Wait until (nearly) all of them wait behind the one that fails; the seconds that took."""
    request = urllib.request.Request(  # noqa: S310 - the bus's own address
        f"{on.url}{API}/subscriptions", headers={"authorization": f"Bearer {on.tokens.consumer}"}
    )

    def aside() -> bool:
        with urllib.request.urlopen(request, timeout=_ASIDE_SECONDS) as answer:  # noqa: S310 - the bus's own address
            found = msgspec.json.decode(answer.read(), type=list[SubscriptionInfo])
        return all(each.ordered >= _NEARLY * events for each in found)

    began = time.monotonic()
    wait_until(aside, _ASIDE_SECONDS)
    return time.monotonic() - began


@contextmanager
def _anew(on: Stage, name: str) -> Generator[Stage]:
    """The same bus, with a board on which nothing has happened yet."""
    file = on.folder / f"board-{name}"
    board = Board(file, len(on.subscriptions), make=True)
    yield msgspec.structs.replace(on, board=board, board_file=file)
    board.close()


@contextmanager
def _failing(on: Stage) -> Generator[None]:
    """A consumer to which the blocked key's events fail."""
    asked = Consuming(
        url=on.url,
        token=on.tokens.consumer,
        board=str(on.board_file),
        subscriptions=list(on.subscriptions),
        seconds=0.0,
        failing=True,
    )
    with child("consumer", asked, on.folder):
        yield
        on.board.stop()
