"""What is measured, as data: loads, buses, and the scenarios that put them together."""

from typing import Final, Literal

import msgspec

Guard = Literal["on", "off"]
"""``on``: `keybus serve`: a token for each request, the authorizer and admission enforce, contract
events are de-duplicated. ``off``: `keybus dev` with admission off: nobody is asked, nothing is checked
but size and form, and nothing is de-duplicated."""

CONNECTIONS: Final = 32
"""Of one publisher, each with one request on its way."""
WINDOW: Final = 2_000
"""Deliveries that a consumer may have unsettled."""
LAG: Final = 10_000
"""Events by which the slowest subscription may be behind before a saturating publisher pauses."""


class Load(msgspec.Struct, frozen=True):
    """What is put.

    Attributes:
        per_request: Events of one request.
        rate: Events a second, at moments that are settled beforehand; 0: as many as are taken.
        connections: How many there are, each with one request on its way.
    """

    per_request: int = 10
    rate: int = 0
    connections: int = CONNECTIONS


class Setup(msgspec.Struct, frozen=True):
    """What it is put to.

    Attributes:
        guard: Whether anybody is asked and anything is checked.
        subscriptions: How many; each gets every event, and has a consumer of its own.
        sync_ms: Milliseconds that are added to each sync of the disk, through a file system of the
            benchmark's own; None: without that file system.
        signed: Whether the consumer has an access key, and signs its requests, instead of a token.
    """

    guard: Guard = "on"
    subscriptions: int = 1
    sync_ms: float | None = None
    signed: bool = False


class Case(msgspec.Struct, frozen=True):
    """One measurement: a load, put to a bus or to what it is compared with.

    Attributes:
        name: In words.
        load: What is put; of group commits, the events of one transaction.
        setup: How the bus, or the disk, is set up.
        to: A bus; ``http``: uvicorn, uvloop and httptools, and an application that reads the body
            and answers; ``at-once``: what answers finished bytes, or sends finished frames, so that
            the client itself is measured; ``commit``: SQLite alone, synced at each commit.
    """

    name: str
    load: Load
    setup: Setup
    to: Literal["bus", "http", "at-once", "commit"] = "bus"


def _saturation() -> list[Case]:
    return [
        Case(
            f"{subscriptions} subscription{'s' * (subscriptions > 1)}, "
            f"{size} a request, all {guard}",
            Load(size),
            Setup(guard, subscriptions),
        )
        for subscriptions in (1, 5)
        for size in (10, 1)
        for guard in _GUARDS
    ]


def _steady(rate: int, sizes: tuple[int, ...]) -> list[Case]:
    return [
        Case(
            f"{rate:,}/s, {subscriptions} subscription{'s' * (subscriptions > 1)}, "
            f"{size} a request",
            Load(size, rate),
            Setup("on", subscriptions),
        )
        for subscriptions in (1, 5)
        for size in sizes
    ]


def _slow_disk() -> list[Case]:
    cases = []
    for name, sync_ms in (("as it is", None), ("+0 ms", 0.0), ("+2 ms", 2.0)):
        setup = Setup("on", 1, sync_ms)
        cases += [
            Case(f"saturation, sync {name}", Load(10), setup),
            Case(f"2,000/s, sync {name}", Load(1, 2_000), setup),
        ]
    return cases


def _baselines() -> list[Case]:
    alone = Setup("off", 0)
    commits = [
        Case(f"group commit of {size:,}", Load(size), alone, "commit") for size in (10, 100, 1_000)
    ]
    return [
        *commits,
        Case("bare HTTP, 10 a request", Load(10), alone, "http"),
        Case("bare HTTP, 1 a request", Load(1), alone, "http"),
        Case("publisher, answered at once, 10 a request", Load(10), alone, "at-once"),
        Case("publisher, answered at once, 1 a request", Load(1), alone, "at-once"),
        Case("consumer, 5 subscriptions, finished frames", Load(100), Setup("off", 5), "at-once"),
    ]


def _slow_commits() -> list[Case]:
    return [Case("group commit of 100, sync +2 ms", Load(100), Setup("off", 0, 2.0), "commit")]


_GUARDS: Final[tuple[Guard, ...]] = ("on", "off")
CASES: Final[dict[str, list[Case]]] = {
    "baselines": _baselines(),
    "saturation": _saturation(),
    "steady-2000": _steady(2_000, (1, 10)),
    "steady-20000": _steady(20_000, (10,)),
    "slow-disk": [*_slow_commits(), *_slow_disk()],
}
"""The scenarios that are rounds of load, each a few cases whose rounds alternate."""
BACKLOG, BLOCKED_KEY = "backlog", "blocked-key"
SCENARIOS: Final = (*CASES, BACKLOG, BLOCKED_KEY)
"""The names of all scenarios, in the order in which they run."""
