"""Subscriptions that get what ends of a bus's events get today."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from keybus.arns import Arn
from keybus.cdk.existing.asking import ways_to_ask
from keybus.cdk.existing.inventory import NotCarried
from keybus.cdk.existing.named import Names, fitting
from keybus.cdk.existing.routes import End
from keybus.contracts import ContractRepository
from keybus.errors import Fault
from keybus.topology import Platform, Retry, Subscription
from keybus.topology.judging import faults_of
from keybus.topology.model import InputTransformer, Target, Webhook

_DAY: Final = 86_400  # seconds: what EventBridge tries for where nothing is said
_MEANT: Final = ("undeclared-field", "no-such-event-type")  # as rules ask for it
_MOST_TRIES: Final = 185
_AGES: Final = range(60, 1_209_601)


class Subscribing:
    """Makes subscriptions that load.

    Args:
        platform: Who is there, and who publishes what.
        contracts: The contracts.
        certain: The types whose contracts are sure to hold.
        names: What accounts are called.
        sources: The only sources of each type; of those that are not here, none is known.

    Attributes:
        lost: What got no subscription.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        certain: frozenset[str],
        names: Names,
        sources: Mapping[str, Collection[str]],
    ) -> None:
        self._platform, self._contracts, self._certain = platform, contracts, certain
        self._names, self._sources = names, sources
        self._judged: dict[bytes, list[Fault]] = {}
        self.lost: list[NotCarried] = []

    def all(self, ends: Collection[End]) -> Iterator[tuple[str, Subscription]]:
        """A subscription, with its name, for all ends that are one queue."""
        taken: set[str] = set()
        # A function's new queue is called after what is free; one that is there has its name.
        for together in sorted(_together(ends), key=lambda each: not each[0].is_queue):
            name = fitting(together[0].name, taken)
            found = self._one(name, together)
            if found is not None:
                taken.add(name)
                self._tell(name, together[0])
                yield name, found

    def _one(self, name: str, ends: Sequence[End]) -> Subscription | None:
        """One for all ends for which one loads; the others are told, and None where there is none."""
        found, faults = self._tried(name, ends)
        if not faults:
            return found
        alone = {index: self._tried(name, [each])[1] for index, each in enumerate(ends)}
        sound = [each for index, each in enumerate(ends) if not alone[index]]
        are_together = len(sound) < len(ends)  # else they load alone, and not at once
        for index, end in enumerate(ends):
            if fault := next(iter(alone[index] if are_together else faults), None):
                why = f"a subscription to what it matches would not load: {fault.message}"
                hint = "mend the contract, or write the subscription by hand"
                self.lost.append(NotCarried(end.rule, why, hint))
        return self._one(name, sound) if sound and are_together else None

    def _tried(self, name: str, ends: Sequence[End]) -> tuple[Subscription, list[Fault]]:
        """The best for some ends, and what is wrong with it beside the contracts."""
        end = ends[0]
        account = self._names.of(end.account)
        one = Subscription(account, retry=_retry(end), target=_target(end))
        faults: list[Fault] = []
        patterns = [each.pattern for each in ends]
        for asked in ways_to_ask(patterns, self._contracts, self._certain, self._sources):
            tried = replace(one, events=asked.events, filter=asked.filter)
            tried, faults = self._allowed(name, tried)
            if not faults:
                return tried, faults
        return one, faults

    def _tell(self, name: str, end: End) -> None:
        """What is not as it was with a queue that has a subscription now."""
        if end.is_queue and end.queue is None:
            why = f"{end.target.arn} was not read: how often it tries is as by default here"
            hint = f"name a profile of {end.account}, in its region"
            self.lost.append(NotCarried(end.rule, why, hint))
        arn = Arn.parse(end.target.arn)
        if arn is not None and arn.region != self._platform.region:
            why = f"{end.target.arn} is in another region; here it is in {self._platform.region}"
            self.lost.append(NotCarried(end.rule, why, "have its consumers read there"))
        if name != end.name:
            why = f"its queue here is {name}, as {end.name} is taken, or is no name"
            self.lost.append(NotCarried(end.rule, why, "have its consumers read that"))

    def _allowed(self, name: str, one: Subscription) -> tuple[Subscription, list[Fault]]:
        """The subscription, and what is wrong with it once its undeclared fields are allowed."""
        faults = self._faults(name, one)
        fields = {_field(each.pointer) for each in faults if each.code in _MEANT}
        if not fields or "" in fields:
            return one, faults
        allowed = replace(one, allow_undeclared=sorted(fields))
        return allowed, self._faults(name, allowed)

    def _faults(self, name: str, one: Subscription) -> list[Fault]:
        """What is wrong with one; a rule's targets mostly differ in nothing that is."""
        key = msgspec.json.encode(replace(one, account="", retry=Retry()))
        if key not in self._judged:
            whole = replace(self._platform, subscriptions={name: one})
            self._judged[key] = faults_of(whole, self._contracts)
        return self._judged[key]


def _together(ends: Collection[End]) -> list[list[End]]:
    """Ends that are one queue, handed the same form of each event."""
    groups: dict[object, list[End]] = {}
    for each in ends:
        form = msgspec.json.encode(replace(each.target, id="", max_age=None))
        where = each.target.arn if each.is_queue else each.rule
        groups.setdefault((where, form), []).append(each)
    return list(groups.values())


def _field(pointer: str) -> str:
    """The field that a pointer into a filter is to, as ``detail.colour``; empty where it is none."""
    steps: list[str] = []
    previous = ""
    for each in pointer.partition("/filter/")[2].split("/"):
        if "$or" not in (each, previous):  # after it comes a branch's number
            steps.append(each.replace("~1", "/").replace("~0", "~"))
        previous = each
    if steps[:1] == ["detail-type"]:  # its pointer goes on to the value
        return steps[0]
    return ".".join(steps) if steps[:1] == ["detail"] else ""


def _retry(end: End) -> Retry:
    queue, made = end.queue, Retry()
    if queue is not None and queue.receives:
        made = replace(made, attempts=min(queue.receives - 1, _MOST_TRIES))
    if queue is not None and queue.keep_dead_letters in _AGES:
        made = replace(made, keep_dead_letters=queue.keep_dead_letters)
    age = end.target.max_age
    kept = age is not None and age in _AGES and age != _DAY
    return replace(made, max_age=age) if kept else made


def _target(end: End) -> Target:
    told: dict[str, Any] = {"input": end.target.input, "input_path": end.target.input_path}
    if end.target.template is not None:
        told["input_transformer"] = InputTransformer(end.target.template, dict(end.target.paths))
    if end.destination is not None:
        told["webhook"] = Webhook(end.destination.url)
    return Target(**told)
