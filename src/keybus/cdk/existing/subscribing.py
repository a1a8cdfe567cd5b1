"""Subscriptions that get what ends of a bus's events get today."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

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
_MOST_TRIES: Final = 185
_AGES: Final = range(60, 1_209_601)


class Subscribing:
    """Makes subscriptions that load.

    Args:
        platform: Who is there, and who publishes what.
        contracts: The contracts.
        names: What accounts are called.
        sources: Where each type's events come from.

    Attributes:
        lost: What got no subscription.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        names: Names,
        sources: Mapping[str, Collection[str]],
    ) -> None:
        self._platform, self._contracts = platform, contracts
        self._names, self._sources = names, sources
        self.lost: list[NotCarried] = []

    def all(self, ends: Collection[End]) -> Iterator[tuple[str, Subscription]]:
        """A subscription, with its name, for all ends that are one queue."""
        taken: set[str] = set()
        for together in _together(ends):
            name = fitting(together[0].name, taken)
            found = self._one(name, together)
            if found is not None:
                taken.add(name)
                yield name, found

    def _one(self, name: str, ends: Sequence[End]) -> Subscription | None:
        """One that loads beside the contracts; None where there is none."""
        end = ends[0]
        account = self._names.of(end.account)
        base = Subscription(account, retry=_retry(end), target=_target(end))
        faults: list[Fault] = []
        for asked in ways_to_ask([e.pattern for e in ends], self._contracts, self._sources):
            one = replace(base, events=asked.events, filter=asked.filter)
            one, faults = self._allowed(name, one)
            if not faults:
                return one
        why = f"a subscription to what it matches would not load: {faults[0].message}"
        hint = "mend the contract, or write the subscription by hand"
        self.lost.append(NotCarried(end.rule, why, hint))
        return None

    def _allowed(self, name: str, one: Subscription) -> tuple[Subscription, list[Fault]]:
        """The subscription, and what is wrong with it once its undeclared fields are allowed."""
        faults = self._faults(name, one)
        fields = {_field(each.pointer) for each in faults if each.code == "undeclared-field"}
        if not fields or "" in fields:
            return one, faults
        allowed = replace(one, allow_undeclared=sorted(fields))
        return allowed, self._faults(name, allowed)

    def _faults(self, name: str, one: Subscription) -> list[Fault]:
        return faults_of(replace(self._platform, subscriptions={name: one}), self._contracts)


def _together(ends: Collection[End]) -> list[list[End]]:
    """Ends that are one queue, handed the same form of each event."""
    groups: dict[object, list[End]] = {}
    for each in ends:
        form = msgspec.json.encode(replace(each.target, id="", max_age=None))
        where = each.target.arn if each.queue is not None else each.rule
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
    return ".".join(steps) if steps and steps[0] == "detail" else ""


def _retry(end: End) -> Retry:
    queue, made = end.queue, Retry()
    if queue is not None and queue.receives:
        made = replace(made, attempts=min(queue.receives - 1, _MOST_TRIES))
    if queue is not None and queue.keep_dead_letters in _AGES:
        made = replace(made, keep_dead_letters=queue.keep_dead_letters)
    age = end.target.max_age
    return replace(made, max_age=age) if age in _AGES and age != _DAY else made


def _target(end: End) -> Target:
    told: dict[str, Any] = {"input": end.target.input, "input_path": end.target.input_path}
    if end.target.template is not None:
        told["input_transformer"] = InputTransformer(end.target.template, dict(end.target.paths))
    if end.destination is not None:
        told["webhook"] = Webhook(end.destination.url)
    return Target(**told)
