"""Migrations that are not what was released, and whom that reaches."""

from collections.abc import Iterator, Mapping, Sequence

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.contracts.releases.migrating import is_known, newest_of_pairs
from keybus.contracts.releases.report import Baseline, Finding, Released, Standing
from keybus.contracts.versions import major_of
from keybus.governance.usage.carriage import Carriage
from keybus.governance.usage.crossing import Crossing
from keybus.governance.usage.users import SubscriptionTo
from keybus.governance.usage.verdicts import Reason
from keybus.topology.model import Platform

_Pair = tuple[int, int]


class Rerouting:
    """The migrations of a type beside what they were.

    A registry is not asked: what it has of migrations is judged when they are published.

    Args:
        platform: Who gets events by them.
        contracts: All contracts, with their migrations.
        baseline: What was there before.
        event_type: The type.
        tried: What came out when migrations were tried, by their files.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        baseline: Baseline,
        event_type: str,
        tried: Mapping[str, Sequence[Finding]],
    ) -> None:
        self._platform, self._contracts, self._type = platform, contracts, event_type
        self._tried = tried
        self._carriages: dict[int, Carriage] = {}
        there = {(each.source, each.target): each for each in contracts.migrations.of(event_type)}
        self._known = {each.contract.major for each in baseline.before(event_type)}
        before, same = _before(contracts, baseline, event_type)
        self._known |= {target for _, target in before}
        self._changed = {pair for pair in there if pair not in same}
        self._removed = [pair for pair in before if pair not in there]
        self.files = sorted(f"{source}-to-{target}" for source, target in self._all)
        """The migrations that changed, came or went, as their files are named."""

    @property
    def _all(self) -> set[_Pair]:
        return {*self._changed, *self._removed}

    def reasons(self, one: SubscriptionTo, known: int = -1) -> Iterator[Reason]:
        """What that is to a subscription.

        Args:
            one: The subscription.
            known: A major whose events were looked at already. Nobody reads a major yet that there
                was not before.
        """
        for target in one.majors:
            yield from self._lost(one, target)
            for source, contract in self._sources():
                looked_at = source in (known, *one.majors) or target not in self._known
                if not looked_at and self._leads(source, target):
                    declared = self._platform.subscriptions[one.name]
                    yield from self._carriage(source, contract).reasons(declared, target)

    def _sources(self) -> Iterator[tuple[int, Contract]]:
        for major in self._contracts.editions[self._type]:
            contract = self._contracts.at(self._type, major)
            if contract is not None:
                yield major, contract

    def _leads(self, source: int, target: int) -> bool:
        """Whether a major's events come to another's readers by something that changed."""
        path = self._contracts.migrations.path(self._type, source, target) or ()
        return any((each.source, each.target) in self._changed for each in path)

    def _lost(self, one: SubscriptionTo, target: int) -> Iterator[Reason]:
        """Events of other majors that do not come any more."""
        path = self._contracts.migrations.path
        for source, over in self._removed:
            away = path(self._type, source, target) is None
            if source in one.majors or not away or path(self._type, over, target) is None:
                continue
            message = (
                f"it takes {self._type}@{target}, and the migration {source}-to-{over} is gone:"
                f" what is published as @{source} does not reach it any more"
            )
            yield Reason("breaks", "migration-removed", message, hint="take it back")

    def _carriage(self, major: int, contract: Contract) -> Carriage:
        if major not in self._carriages:
            crossing = Crossing(self._contracts, contract)
            self._carriages[major] = Carriage(self._platform, contract, crossing, self._tried)
        return self._carriages[major]


def _before(
    contracts: ContractRepository, baseline: Baseline, event_type: str
) -> tuple[list[_Pair], set[_Pair]]:
    """The migrations that somebody may rely on, and those that are as they were."""
    now = contracts.migrations.of(event_type)
    if isinstance(baseline, Released) and event_type in baseline.releases:
        ledger = baseline.releases[event_type]
        promised = {major_of(each.version) for each in ledger.promises}
        before = [pair for pair in newest_of_pairs(ledger) if promised.issuperset(pair)]
        return before, {(each.source, each.target) for each in now if is_known(each, ledger)}
    if isinstance(baseline, Standing):
        old = baseline.migrations.of(event_type)
        return (
            [(each.source, each.target) for each in old],
            {(each.source, each.target) for each in now if each in old},
        )
    return [], {(each.source, each.target) for each in now}
