"""How long the authorizer's decisions take, on a platform of many accounts."""

import gc
import tracemalloc
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import TypeVar

import msgspec

from keybus.cli.bench.questions import BATCH, Question, deliveries, puts
from keybus.cli.bench.report import Setting, setting
from keybus.cli.bench.tenants import Tenants, tenants
from keybus.governance.authorizer import Authorizer, Gate

_WARM = 2  # rounds that do not count
_Work = TypeVar("_Work")


class Decision(msgspec.Struct, frozen=True):
    """One way of asking; nanoseconds an event on one thread, medians over the rounds.

    Attributes:
        name: What is asked.
        loop: The baseline: the same loop over the same events, without the question.
        asked: The loop with it.
        added: What the question adds.
        refused: Events of a round that were refused; 0, or the figures are of something else.
    """

    name: str
    loop: float
    asked: float
    added: float
    refused: int


class Decisions(msgspec.Struct, frozen=True):
    """The whole run.

    Attributes:
        accounts: How many the platform declares, with a publisher each.
        subscriptions: How many, with a grant each.
        event_types: How many have a contract.
        events: How many a round goes over, in batches of 100.
        rounds: How many counted.
        compile_seconds: To compile the authorizer from platform and contracts.
        gates_seconds: To make the gates of all subscriptions.
        memory_bytes: What both hold beside platform and contracts.
        setting: On what it ran.
        decisions: What was asked.
    """

    accounts: int
    subscriptions: int
    event_types: int
    events: int
    rounds: int
    compile_seconds: float
    gates_seconds: float
    memory_bytes: int
    setting: Setting
    decisions: Sequence[Decision]

    @property
    def ok(self) -> bool:
        """Whether nothing was refused, as nothing may be."""
        return not any(each.refused for each in self.decisions)


def decide(accounts: int, subscriptions: int, events: int, rounds: int) -> Decisions:
    """Measure on a platform of this size.

    Args:
        accounts: How many.
        subscriptions: How many.
        events: How many a round goes over.
        rounds: How many the medians are of.
    """
    made = tenants(accounts, subscriptions)
    memory = _memory(made)
    gc.collect()
    began = perf_counter()
    authorizer = Authorizer(made.platform, made.contracts)
    compiled = perf_counter()
    _gates(authorizer, made)
    gated = perf_counter()
    batches = max(1, events // BATCH)
    return Decisions(
        accounts=accounts,
        subscriptions=subscriptions,
        event_types=len(made.contracts),
        events=batches * BATCH,
        rounds=rounds,
        compile_seconds=compiled - began,
        gates_seconds=gated - compiled,
        memory_bytes=memory,
        setting=setting(None),
        decisions=[
            *(_decision(each, rounds) for each in puts(made, authorizer, batches)),
            *(_decision(each, rounds) for each in deliveries(made, authorizer, batches)),
        ],
    )


def _memory(made: Tenants) -> int:
    """Bytes of an authorizer and its gates; counting slows down, so it is not the one timed."""
    tracemalloc.start()
    authorizer = Authorizer(made.platform, made.contracts)
    kept = authorizer, _gates(authorizer, made)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return held


def _gates(authorizer: Authorizer, made: Tenants) -> list[Gate]:
    return [authorizer.gate(name) for name in made.platform.subscriptions]


def _decision(question: Question[_Work], rounds: int) -> Decision:
    """Both in turn, so that whatever else the machine does falls on both."""
    loops, asks, refused = [], [], 0
    for _ in range(rounds + _WARM):
        work = question.fresh()
        gc.collect()
        began = perf_counter()
        question.loop(work)
        looped = perf_counter()
        refused = question.ask(work)
        asks.append(perf_counter() - looped)
        loops.append(looped - began)
    loop, asked = (1e9 * median(each[_WARM:]) / question.events for each in (loops, asks))
    return Decision(question.name, loop, asked, asked - loop, refused)
