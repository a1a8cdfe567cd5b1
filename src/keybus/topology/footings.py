"""What each footing can do, as data, and what a platform asks of its own that it cannot."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from keybus.contracts.pointers import pointer_of
from keybus.topology.model import Footing, Platform, Retry, Subscription

FOOTINGS: tuple[Footing, ...] = ("embedded", "nats", "aws")
_DAY = 86_400  # seconds: the most that EventBridge retries
_NOT_BUILT = "nothing runs on NATS yet"


class Standing(msgspec.Struct, frozen=True):
    """Whether a footing has a capability.

    Attributes:
        has: Whether it does.
        note: How, or why not.
    """

    has: bool
    note: str = ""


class Capability(msgspec.Struct, frozen=True):
    """Something that a platform may ask of what it runs on.

    Attributes:
        id: Its stable name.
        words: What it is.
        used: JSON pointers of the parts of a platform that ask for it.
        standings: How each footing stands to it.
    """

    id: str
    words: str
    used: Callable[[Platform], Iterator[str]]
    standings: Mapping[Footing, Standing]


class Lack(msgspec.Struct, frozen=True):
    """Something that a platform asks for, and that its footing lacks.

    Attributes:
        capability: The capability's id.
        footing: The platform's footing.
        pointer: JSON pointer to the part that asks.
        message: What is lacking.
        hint: What to do next.
    """

    capability: str
    footing: Footing
    pointer: str
    message: str
    hint: str


def capability_matrix() -> tuple[Capability, ...]:
    """All capabilities, in the order of the documentation."""
    return _CAPABILITIES


def lacking(platform: Platform) -> list[Lack]:
    """Every part of a platform that asks for what its footing lacks."""
    footing = platform.footing
    if not _RUNS.standings[footing].has and footing == "nats":
        return [_lack(_RUNS, footing, "/footing")]
    found: dict[str, set[str]] = {}  # where it is lacking, by the capability
    lacks = []
    for capability in _CAPABILITIES:
        if capability.standings[footing].has:
            continue
        pointers = list(capability.used(platform))
        found[capability.id] = set(pointers)
        above = found.get(capability.id.rpartition(".")[0], set())  # order.block says no more
        lacks += [_lack(capability, footing, each) for each in pointers if each not in above]
    return lacks


def _lack(capability: Capability, footing: Footing, pointer: str) -> Lack:
    message = f"the footing {footing!r} lacks {capability.id}: {capability.words}"
    having = [name for name in FOOTINGS if capability.standings[name].has]
    note = capability.standings[footing].note
    hint = (
        f"leave it out, or take another footing: {', '.join(having)}" if having else "leave it out"
    )
    return Lack(capability.id, footing, pointer, message, f"{note}; {hint}" if note else hint)


def _of_subscriptions(
    key: str, asks: Callable[[Subscription], bool]
) -> Callable[[Platform], Iterator[str]]:
    """The subscriptions' key, where they ask."""

    def used(platform: Platform) -> Iterator[str]:
        for name, subscription in platform.subscriptions.items():
            if asks(subscription):
                yield pointer_of("subscriptions", name) + key

    return used


def _quotas(platform: Platform) -> Iterator[str]:
    for name, account in platform.accounts.items():
        if account.quota.is_declared:
            yield pointer_of("accounts", name) + "/quota"


def _footing(_: Platform) -> Iterator[str]:
    yield "/footing"


def _nothing(_: Platform) -> Iterator[str]:
    """Nothing that is declared asks for it."""
    yield from ()


def _standings(embedded: Standing, aws: Standing) -> Mapping[Footing, Standing]:
    return {"embedded": embedded, "nats": Standing(has=False, note=_NOT_BUILT), "aws": aws}


def _yes(note: str = "") -> Standing:
    return Standing(has=True, note=note)


def _no(note: str = "not yet") -> Standing:
    return Standing(has=False, note=note)


_RUNS = Capability(
    "bus",
    "a bus to run on",
    _footing,
    _standings(
        _yes("one process, SQLite"),
        _no("its bus is EventBridge: keybus.cdk and platform export put it there"),
    ),
)

_CAPABILITIES = (
    _RUNS,
    Capability(
        "quota",
        "how much an account may publish",
        _quotas,
        _standings(_yes("429 with Retry-After"), _no("AWS sets quotas for a region, not by whom")),
    ),
    Capability(
        "filter",
        "a pattern that an event must match",
        _of_subscriptions("/filter", lambda s: s.filter is not None),
        _standings(_yes(), _yes("the rule's event pattern")),
    ),
    Capability(
        "fields",
        "a projection: delivery of chosen fields only",
        _of_subscriptions("/fields", lambda s: bool(s.fields)),
        _standings(_yes("cut at delivery"), _no("a transformer fills a template, it cuts nothing")),
    ),
    Capability(
        "order",
        "delivery in the order of each key",
        _of_subscriptions("/order", lambda s: s.order is not None),
        _standings(_yes("one batch of a key at a time"), _no("a classic bus promises no order")),
    ),
    Capability(
        "order.block",
        "what follows a failed event of its key waits",
        _of_subscriptions(
            "/order", lambda s: s.order is not None and s.order.on_failure == "block"
        ),
        _standings(_yes(), _no("a classic bus promises no order")),
    ),
    Capability(
        "order.skip",
        "what follows a failed event of its key goes ahead",
        _of_subscriptions("/order", lambda s: s.order is not None and s.order.on_failure == "skip"),
        _standings(_yes(), _no("a classic bus promises no order")),
    ),
    Capability(
        "archive",
        "events are kept for a time, or up to a size",
        lambda platform: iter(["/archive"] if msgspec.to_builtins(platform.archive) else []),
        _standings(_yes("and for ever where nothing is said"), _yes("by age, in whole days")),
    ),
    Capability(
        "start",
        "a new queue begins with events of the past",
        _of_subscriptions("/start", lambda s: s.start != "latest"),
        _standings(_yes("filled from the log"), _no("a queue begins empty; replay an archive")),
    ),
    Capability(
        "retry.attempts",
        "a number of retries",
        _of_subscriptions("/retry/attempts", lambda s: s.retry.attempts != Retry().attempts),
        _standings(_yes("0 to 185"), _yes("0 to 185")),
    ),
    Capability(
        "retry.max_age",
        "an age after which a delivery gives up",
        _of_subscriptions("/retry/max_age", lambda s: s.retry.max_age is not None),
        _standings(_yes("60 s to 14 days"), _yes("60 s to 1 day")),
    ),
    Capability(
        "retry.max_age.days",
        "such an age of more than a day",
        _of_subscriptions("/retry/max_age", lambda s: (s.retry.max_age or 0) > _DAY),
        _standings(_yes(), _no("EventBridge retries for at most 86400 seconds")),
    ),
    Capability(
        "retry.keep_dead_letters",
        "an age after which dead letters are deleted",
        _of_subscriptions(
            "/retry/keep_dead_letters",
            lambda s: s.retry.keep_dead_letters != Retry().keep_dead_letters,
        ),
        _standings(_yes("60 s to 14 days"), _yes("the queue's retention, 60 s to 14 days")),
    ),
    Capability(
        "webhook",
        "deliveries posted to an address",
        _of_subscriptions("/target/webhook", lambda s: s.target.webhook is not None),
        _standings(
            _yes("HTTPS, signed"),
            _no("an API destination is a carrier that compliance cannot judge"),
        ),
    ),
    Capability(
        "input",
        "a constant, a path or a template in place of the event",
        _of_subscriptions("/target", lambda s: s.target.has_plain_input),
        _standings(_yes(), _yes("the target's Input, InputPath or InputTransformer")),
    ),
    Capability(
        "input.jsonata",
        "a JSONata expression over the event",
        _of_subscriptions("/target/jsonata", lambda s: s.target.jsonata is not None),
        _standings(_yes("in a process of its own"), _no("a rule's target has no expressions")),
    ),
    Capability(
        "alarms",
        "somebody is told of dead letters, delay and failures",
        _of_subscriptions("/alarms", lambda s: bool(msgspec.to_builtins(s.alarms))),
        _standings(_no(), _yes("CloudWatch, on EventBridge's and SQS's metrics")),
    ),
    Capability(
        "translation",
        "an event of another major version is translated at delivery",
        _nothing,
        _standings(_yes("where a migration leads there"), _no("the bus translates nothing")),
    ),
    Capability(
        "hold",
        "deliveries are kept while a grant has expired",
        _nothing,
        _standings(
            _yes(), _no("what comes then is kept as undelivered; an archive can be replayed")
        ),
    ),
    Capability(
        "admission",
        "events are checked against their contract on the bus",
        lambda platform: iter(["/admission"] if platform.admission.is_declared else []),
        _standings(_yes(), _no("the bus validates nothing; clients do")),
    ),
    Capability(
        "deduplication",
        "an event that was published twice is delivered once",
        _nothing,
        _standings(
            _yes("contract events, within 5 minutes"), _no("a classic bus delivers at least once")
        ),
    ),
    Capability(
        "dead-letters",
        "a delivery that gave up is kept, with the reason",
        _nothing,
        _standings(_yes(), _yes("an SQS queue")),
    ),
)


def matrix_rows() -> list[tuple[str, ...]]:
    """The matrix as texts: id, words, and how each footing stands to it."""
    return [
        (each.id, each.words, *(_standing(each.standings[footing]) for footing in FOOTINGS))
        for each in _CAPABILITIES
    ]


def _standing(standing: Standing) -> str:
    said = "yes" if standing.has else "no"
    return f"{said}: {standing.note}" if standing.note else said
