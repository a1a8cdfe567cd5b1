"""Where events go from a bus: rules followed over other buses to where they end."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from keybus.arns import Arn
from keybus.cdk.existing.inventory import (
    Bus,
    Destination,
    NotCarried,
    Part,
    Queue,
    Rule,
    Target,
)
from keybus.cdk.existing.narrowing import Unsayable, both
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology.model import Host, Url

_HOPS: Final = 3  # EventBridge forwards to no third account, and within one nobody goes further


class End(msgspec.Struct, frozen=True):
    """Where events end.

    Attributes:
        rule: The ARN of the last rule that is known.
        name: What it is called there: the queue's name, or the rule's.
        account: The account's 12 digits.
        pattern: Which events get there.
        target: How they are handed over.
        queue: The queue, where it was read.
        destination: The address, where it is one.
    """

    rule: str
    name: str
    account: str
    pattern: Mapping[str, Any]
    target: Target
    queue: Queue | None = None
    destination: Destination | None = None

    @property
    def is_queue(self) -> bool:
        """Whether it is a queue that is there, read or not."""
        arn = Arn.parse(self.target.arn)
        return arn is not None and arn.service == "sqs"


class Routes(msgspec.Struct, frozen=True):
    """All ends of a bus's events.

    Attributes:
        ends: Those that can be carried.
        not_carried: Rules and targets that cannot, and what is not known of ends.
    """

    ends: tuple[End, ...]
    not_carried: tuple[NotCarried, ...]


def routes(bus: Bus, parts: Sequence[Part]) -> Routes:
    """Follow a bus's rules.

    Args:
        bus: The bus.
        parts: What was read of all accounts.
    """
    walk = _Walk(parts)
    ends = tuple(walk.ends(bus, {}, (bus.arn,)))
    walk.lose_silent(bus)
    return Routes(ends, tuple(dict.fromkeys(walk.lost)))


class _Walk:
    def __init__(self, parts: Sequence[Part]) -> None:
        self._buses = {arn: bus for part in parts for arn, bus in part.buses.items()}
        self._queues = {arn: each for part in parts for arn, each in part.queues.items()}
        self._destinations = {
            arn: each for part in parts for arn, each in part.destinations.items()
        }
        self._reached: set[str] = set()
        self.lost: list[NotCarried] = []

    def lose_silent(self, bus: Bus) -> None:
        """Tell of the buses to which none of a bus's events come."""
        for arn in sorted(self._buses.keys() - self._reached):
            if count := len(self._buses[arn].rules):
                why = f"no event of {bus.name} gets to its rules, of which there are {count}"
                self._lose(arn, why, "a bus is brought over by itself: --bus NAME")

    def ends(self, bus: Bus, above: Mapping[str, Any], way: tuple[str, ...]) -> Iterator[End]:
        """The ends of a bus's events that match a pattern; ``way`` has the buses on the way."""
        self._reached.add(bus.arn)
        for rule in bus.rules:
            if rule.pattern is None:
                why = "it goes by the clock, and a bus of Keybus has no schedules"
                self._lose(rule.arn, why, "have a scheduler publish an event")
                continue
            if rule.schedule:
                why = f"it goes by the clock as well, {rule.schedule}"
                self._lose(rule.arn, why, "have a scheduler publish an event")
            if not rule.is_enabled:
                self._lose(rule.arn, "it is disabled", "enable it first if it is meant")
                continue
            try:
                _check(rule.pattern)
                pattern = both(above, rule.pattern)
            except (PatternError, Unsayable) as error:
                hint = "write the subscription's filter by hand"
                self._lose(rule.arn, str(error), hint)
                continue
            if not rule.targets:
                self._lose(rule.arn, "it has no target")
            for target in rule.targets:
                yield from self._of_target(rule, target, pattern, way)

    def _of_target(
        self, rule: Rule, target: Target, pattern: Mapping[str, Any], way: tuple[str, ...]
    ) -> Iterator[End]:
        arn = Arn.parse(target.arn)
        if arn is None or not arn.account:
            self._lose(rule.arn, f"its target {target.arn!r} is no ARN of an account")
            return
        kind = f"{arn.service}:{arn.resource.partition('/')[0]}"
        if kind == "events:event-bus":
            yield from self._over(rule, target, arn, pattern, way)
        elif arn.service == "sqs":
            yield self._of_queue(rule, target, arn, pattern)
        elif kind == "events:api-destination":
            yield from self._of_address(rule, target, arn, pattern)
        elif arn.service == "lambda":
            why = f"{target.arn} is called directly; here it reads a queue"
            hint = f"make the queue {rule.name} the function's event source"
            self._lose(rule.arn, why, hint)
            yield End(rule.arn, rule.name, arn.account, pattern, target)
        else:
            why = f"{target.arn} is a target of {arn.service}, which a bus of Keybus has not"
            hint = "have a service subscribe and pass events on"
            self._lose(rule.arn, why, hint)

    def _over(
        self, rule: Rule, target: Target, arn: Arn, pattern: Mapping[str, Any], way: tuple[str, ...]
    ) -> Iterator[End]:
        """The ends beyond another bus."""
        if target.arn in way or len(way) > _HOPS:
            self._lose(rule.arn, f"it leads back, or too far, to {target.arn}")
            return
        hub, here = (each and each.account for each in map(Arn.parse, (way[0], way[-1])))
        if hub != here != arn.account:
            why = f"EventBridge passes nothing on to {target.arn}, a third account's"
            self._lose(rule.arn, why, "have that account subscribe to the bus itself")
            return
        found = self._buses.get(target.arn)
        if found is not None:
            if not found.rules:
                self._lose(target.arn, "events get there, and no rule takes them further")
            yield from self.ends(found, pattern, (*way, target.arn))
            return
        why = f"{target.arn} was not read: which of its rules goes on where is not known"
        hint = f"name a profile of {arn.account}; until then, all that gets there is subscribed to"
        self._lose(rule.arn, why, hint)
        yield End(rule.arn, rule.name, arn.account, pattern, Target(target.id, target.arn))

    def _of_queue(self, rule: Rule, target: Target, arn: Arn, pattern: Mapping[str, Any]) -> End:
        if arn.resource.endswith(".fifo"):
            why = f"the order of {arn.resource} is that of its message group"
            self._lose(rule.arn, why, "declare `order` by a key of the event")
        queue = self._queues.get(target.arn)
        return End(rule.arn, arn.resource, arn.account, pattern, target, queue)

    def _of_address(
        self, rule: Rule, target: Target, arn: Arn, pattern: Mapping[str, Any]
    ) -> Iterator[End]:
        found = self._destinations.get(target.arn)
        if found is None or found.method != "POST" or not _is_address(found.url):
            what = "was not read" if found is None else f"is called by {found.method} {found.url}"
            why = f"{target.arn} {what}; a webhook is a POST to one address, in ASCII"
            self._lose(rule.arn, why, "declare the webhook by hand")
            return
        why = (
            f"what authorizes calls of {found.url} cannot be read, and a webhook is signed instead"
        )
        self._lose(rule.arn, why, "see docs/webhooks.md: keybus webhooks issue")
        if target.has_parameters:
            why = f"{found.url} is called with headers, a query or a path of the rule's own"
            self._lose(rule.arn, why, "have the receiver do without, or subscribe by a service")
        yield End(rule.arn, rule.name, arn.account, pattern, target, destination=found)

    def _lose(self, subject: str, why: str, hint: str = "") -> None:
        self.lost.append(NotCarried(subject, why, hint))


def _is_address(url: str) -> bool:
    """Whether a webhook can have it."""
    try:
        _ = msgspec.convert(url, Url)
        _ = msgspec.convert(urlsplit(url).netloc, Host)
    except (msgspec.ValidationError, ValueError):
        return False
    return "*" not in url


def _check(pattern: Mapping[str, Any]) -> None:
    """Whether a rule's pattern can be written down, and read again.

    Raises:
        PatternError: It cannot.
        Unsayable: It holds half a character.
    """
    _ = Pattern.parse(pattern)
    try:
        _ = msgspec.json.encode(pattern)
    except UnicodeEncodeError as error:
        raise Unsayable("it looks for a text that is none of Unicode") from error
