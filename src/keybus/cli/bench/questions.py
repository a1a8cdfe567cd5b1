"""What the authorizer is asked on the hot path, in batches, beside the same loop without it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Generic, TypeAlias, TypeVar

import msgspec

from keybus.bus.control.permission import Permission
from keybus.bus.delivery.gatekeeper import Gatekeeper
from keybus.bus.engine import Delivery
from keybus.cli.bench.tenants import Tenants, asked_by
from keybus.errors import EnvelopeError
from keybus.governance import Principal
from keybus.governance.authorizer import Authorizer, Refusal

BATCH = 100
"""Events that are put, or delivered, together."""

Work = TypeVar("Work")
Offered: TypeAlias = Sequence[tuple[Principal, Sequence[tuple[str, str]]]]
"""Batches of sources and event types, and who puts them."""
Due: TypeAlias = Sequence[tuple[Gatekeeper, Sequence[Delivery]]]
"""Batches of deliveries to a subscription each."""


@dataclass(frozen=True)
class Question(Generic[Work]):
    """One way of asking.

    Attributes:
        name: What is asked.
        events: How many a round goes over.
        fresh: What a round goes over, as new to the interpreter as it is on the bus.
        loop: The baseline: goes over it and asks nothing.
        ask: Goes over it and asks; answers how many events were refused.
    """

    name: str
    events: int
    fresh: Callable[[], Work]
    loop: Callable[[Work], None]
    ask: Callable[[Work], int]


def puts(made: Tenants, authorizer: Authorizer, batches: int) -> Iterator[Question[Offered]]:
    """Puts of the accounts in turn, each event its own: the decision, and as ingest asks for it."""
    principals = list(islice(cycle(made.principals), batches))
    text = msgspec.json.encode([_own(made, number) for number in range(batches)])
    read = msgspec.json.Decoder(list[list[tuple[str, str]]]).decode
    permission = Permission("enforce", _unheard)

    def fresh() -> Offered:
        """Texts as they come out of requests, whose hashes are not known yet."""
        return list(zip(principals, read(text), strict=True))

    def decided(work: Offered) -> int:
        refused = 0
        for principal, batch in work:
            refusal = authorizer.puts(principal).refusal
            for source, event_type in batch:
                if refusal(source, event_type) is not None:
                    refused += 1
        return refused

    def ingested(work: Offered) -> int:
        refused = 0
        for principal, batch in work:
            check = permission.puts(authorizer, principal).check
            for source, event_type in batch:
                try:
                    check(source, event_type)
                except EnvelopeError:
                    refused += 1
        return refused

    events = batches * BATCH
    yield Question("put, the decision", events, fresh, _over_offered, decided)
    yield Question("put, as ingest asks", events, fresh, _over_offered, ingested)


def deliveries(made: Tenants, authorizer: Authorizer, batches: int) -> Iterator[Question[Due]]:
    """Deliveries as the dispatcher asks: through gates that are open, and through others."""
    now = time.time_ns() // 1000
    gates = {name: authorizer.gate(name) for name in made.platform.subscriptions}
    kinds = {
        "delivery, gate open": [name for name in gates if now < gates[name].open_until],
        "delivery, each looked at": [name for name in gates if now >= gates[name].open_until],
    }

    def sorted_out(work: Due) -> int:
        refused = 0
        for gatekeeper, batch in work:
            permitted, _held = gatekeeper.sort(batch, now)
            refused += len(batch) - len(permitted)
            for _delivery in permitted:
                pass
        return refused

    for kind, names in kinds.items():
        work: Due = [
            (Gatekeeper(gates[name], enforce=True, observed=_unobserved), _coming(made, name))
            for name in islice(cycle(names), batches)
        ]
        if work:
            yield Question(kind, len(work) * BATCH, partial(_again, work), _over_due, sorted_out)


def _own(made: Tenants, number: int) -> list[tuple[str, str]]:
    """A batch of an account's own events."""
    return list(islice(cycle(made.own(number % len(made.principals))), BATCH))


def _coming(made: Tenants, name: str) -> list[Delivery]:
    """A batch of what a subscription may receive."""
    coming = list(asked_by(made.platform.subscriptions[name], made))
    encode = msgspec.json.encode
    return [
        Delivery(position, 0, encode({"version": "0", "detail-type": kind, "source": source}), 1)
        for position, (kind, source) in enumerate(islice(cycle(coming), BATCH))
    ]


def _again(work: Due) -> Due:
    """The same: what is new to the interpreter is decoded on the way."""
    return work


def _over_offered(work: Offered) -> None:
    for _principal, batch in work:
        for _source, _event_type in batch:
            pass


def _over_due(work: Due) -> None:
    for _gatekeeper, batch in work:
        for _delivery in batch:
            pass


def _unheard(_principal: Principal, _what: str, _refusal: Refusal) -> None:
    """Nobody keeps book of a benchmark."""


def _unobserved(_refusal: Refusal) -> None:
    """Nobody looks."""
