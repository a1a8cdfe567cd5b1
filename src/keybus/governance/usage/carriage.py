"""What a reader of another major gets of a contract's events: what migrations carry to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from keybus.contracts.contract import Contract
from keybus.contracts.migrations import Migration
from keybus.contracts.pointers import pointer_of
from keybus.contracts.releases.report import Finding
from keybus.governance.usage.crossing import Crossing
from keybus.governance.usage.effects import Effect
from keybus.governance.usage.named import Named
from keybus.governance.usage.origins import Origin, made_up
from keybus.governance.usage.outcome import of_effect
from keybus.governance.usage.reading import Reading
from keybus.governance.usage.removal import WORDS
from keybus.governance.usage.trying import Trying
from keybus.governance.usage.verdicts import Reason, Verdict
from keybus.topology.model import Platform, Subscription

_SAID: Final = frozenset({"migration-gives-nothing", "migration-idle"})
"""What was told of a trial and breaks nobody: events are refused for it, or it does nothing."""


class Carriage:
    """The events of a contract on their way to readers of other majors.

    Args:
        platform: Who publishes them.
        contract: The contract.
        crossing: Its ways.
        tried: What came out when migrations were tried, by their files.
    """

    def __init__(
        self,
        platform: Platform,
        contract: Contract,
        crossing: Crossing,
        tried: Mapping[str, Sequence[Finding]],
    ) -> None:
        self._platform, self._contract = platform, contract
        self._crossing, self._tried = crossing, tried
        self._trying: dict[int, Trying] = {}

    def reasons(self, declared: Subscription, major: int) -> list[Reason]:
        """What becomes of all that a subscription asks for.

        Args:
            declared: A subscription to another major.
            major: That, to which migrations lead.
        """
        target, lost = self._crossing.target(major), self._crossing.lost(major)
        path = self._crossing.path(major) or ()
        troubles = list(self.troubles(path))
        way = f"it gets @{self._contract.major} as @{major}, by migration"
        if target is None or lost is None:
            message = f"{way}, whose expression is not looked into"
            hint = "see with `keybus contracts migrate` what it makes of an event"
            return [Reason("unknown", "translated", message, hint=hint), *troubles]
        reading = Reading(declared, target)
        found = [Reason("safe", "translated", way), *troubles]
        for value in lost:
            message = f"{value.pointer} is not made of @{self._contract.major} by the migration"
            effect = Effect("gone", value.steps, value.pointer, message)
            found.append(of_effect(effect, reading, reading))
        trying = self._tried_to(major, target, path)
        found += self._made_up(trying, reading)
        return found + (trying.of_filter(declared.filter) if declared.filter is not None else [])

    def troubles(self, path: Sequence[Migration]) -> Iterator[Reason]:
        """What came out when the migrations were tried: such events become dead letters."""
        for migration in path:
            for each in self._tried.get(migration.file, ()):
                if each.rule in _SAID:
                    continue
                verdict: Verdict = "breaks" if each.severity == "error" else "unknown"
                yield Reason(verdict, each.rule, f"{migration.name}: {each.message}", "", each.hint)

    def _made_up(self, trying: Trying, reading: Reading) -> Iterator[Reason]:
        """The fields of which the migration says something that the event does not."""
        for named in reading.named:
            origin = trying.origin(named.steps)
            if origin.makers:
                yield self._of_named(named, origin)
        for steps in made_up(trying.moves):
            if trying.origin(steps).is_constant and not reading.names(steps):
                pointer = pointer_of(*steps)
                message = f"{pointer} is the same in every event, as the migration makes it up"
                yield of_effect(Effect("value", steps, pointer, message), reading, reading)

    def _of_named(self, named: Named, origin: Origin) -> Reason:
        by, who = " and ".join(origin.makers), f"{WORDS[named.how]} {named.pointer}"
        hint = f"carry {named.pointer} over, or ask for @{self._contract.major}"
        if origin.is_constant:
            message = f"{who}, which says the same of every event: the migration makes it up ({by})"
            return Reason("breaks", f"made-up-{named.how}", message, named.pointer, hint)
        message = f"{who}, of which the migration may make something else ({by})"
        ordered = named.how == "order" and origin.makers != ("map",)
        verdict: Verdict = "breaks" if ordered else "unknown"
        return Reason(verdict, f"made-up-{named.how}", message, named.pointer, hint)

    def _tried_to(self, major: int, target: Contract, path: Sequence[Migration]) -> Trying:
        if major not in self._trying:
            self._trying[major] = Trying(self._contract, target, path, self._heads())
        return self._trying[major]

    def _heads(self) -> list[dict[str, str]]:
        """What envelopes of the type may say of who sent them."""
        accounts = self._platform.accounts
        return [
            {"source": source, "account": accounts[each.account].id}
            for name, each in self._platform.publishers.items()
            if self._contract.type in each.events and each.account in accounts
            for source in each.sources or [name]
        ] or [{}]
