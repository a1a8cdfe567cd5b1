"""One contract beside what it was: what that does to each of its users."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from keybus.contracts import ContractRepository
from keybus.contracts.compatibility import check
from keybus.contracts.contract import Contract
from keybus.contracts.pattern_lint import PatternFinding, lint_pattern
from keybus.contracts.releases.report import Finding
from keybus.governance.usage.carriage import Carriage
from keybus.governance.usage.crossing import Crossing
from keybus.governance.usage.effects import Effect
from keybus.governance.usage.outcome import of_effect
from keybus.governance.usage.reading import Reading
from keybus.governance.usage.users import PublisherOf, SubscriptionTo
from keybus.governance.usage.verdicts import Reason
from keybus.topology.model import CLASSIFICATIONS, Platform, Subscription

_MOST: Final = 5  # reasons of one kind that are told


class Revision:
    """A contract, and what it follows on.

    Args:
        platform: Who uses it.
        contracts: All contracts.
        old: What readers and writers know; None where it is new.
        new: What is to be released.
        strictness: As `check` takes it.
        effects: What readers meet that they did not before.
        majors: The majors that somebody may rely on already.
        crossing: The ways between the new contract's events and other majors.
        tried: What came out when migrations were tried, by their files.
    """

    def __init__(
        self,
        platform: Platform,
        contracts: ContractRepository,
        old: Contract | None,
        new: Contract,
        *,
        strictness: str,
        effects: Sequence[Effect],
        majors: frozenset[int],
        crossing: Crossing,
        tried: Mapping[str, Sequence[Finding]],
    ) -> None:
        self._platform, self._contracts = platform, contracts
        self._old, self._new = old, new
        self._strictness, self._effects = strictness, effects
        self._majors, self._crossing = majors, crossing
        self._carriage = Carriage(platform, new, crossing, tried)

    @property
    def major(self) -> int:
        """The new contract's."""
        return self._new.major

    def of_publisher(self, publisher: PublisherOf) -> list[Reason]:
        """Whether the events that it writes by the old contract are still taken."""
        old, new = self._old, self._new
        if old is None:
            return [Reason("safe", "new", "it is new: nobody writes it yet")]
        if publisher.account == old.owner != new.owner:
            message = f"the owner is {new.owner} from then on, and only an owner's events are taken"
            return [Reason("breaks", "not-owner", message, hint="move the publisher, too")]
        if old.major != new.major:
            return [self._of_old_major(old)]
        refused = check(old, new, "BACKWARD", self._strictness)
        if not refused:
            return [Reason("safe", "taken", f"its events by {old.version} are taken")]
        return [
            Reason(
                "breaks" if each.proven else "unknown",
                "refused",
                f"events by {old.version} may be refused: {each.message}",
                each.field,
                each.hint,
            )
            for each in refused[:_MOST]
        ]

    def of_subscription(self, one: SubscriptionTo) -> list[Reason]:
        """Whether it still gets what it asks for, and can read it."""
        reasons = list(self._cleared(one))
        as_they_come = one.by_filter or self._new.major in one.majors
        declared = self._platform.subscriptions[one.name]
        for major in one.majors or (self._new.major,):
            if major == self._new.major:
                reasons += list(self._read(one, declared))
            else:
                reasons += self._of_other_major(declared, major, alone=not as_they_come)
        return reasons

    def _of_old_major(self, old: Contract) -> Reason:
        edition = self._contracts.editions.at(old.type, old.major)
        if edition is None:
            message = f"{old.type}@{old.major} is not among the releases: its events are refused"
            hint = f"release {old.version} before the contract becomes {self._new.version}"
            return Reason("breaks", "major-gone", message, hint=hint)
        if edition.is_retired:
            return Reason("breaks", "retired", edition.warning)
        message = f"its events of @{old.major} are still taken, beside @{self._new.major}"
        return Reason("safe", "other-major", message)

    def _of_other_major(self, declared: Subscription, major: int, *, alone: bool) -> list[Reason]:
        """What it is to a reader of another major.

        Args:
            declared: The subscription.
            major: One that it asks for.
            alone: Whether it does not ask for the new contract's own as well, and so would get its
                events in that.
        """
        new = self._new
        name = f"{new.type}@{major}"
        if self._contracts.at(new.type, major) is None:
            message = f"it takes {name}, of which there is no contract from then on"
            hint = "release the contract of that major before it is changed to another"
            return [Reason("breaks", "major-gone", message, hint=hint)]
        if not alone:
            return []
        if self._crossing.path(major) is not None:
            return self._carriage.reasons(declared, major)
        if new.major in self._majors:
            return [Reason("safe", "other-major", f"it takes {name}, and nothing of that changes")]
        message = f"it takes {name}: what is published as @{new.major} does not reach it"
        hint = f"declare a migration from {new.major} to {major}"
        return [Reason("breaks", "no-migration", message, hint=hint)]

    def _read(self, one: SubscriptionTo, declared: Subscription) -> Iterator[Reason]:
        yield from self._filtered(declared)
        for major in () if one.by_filter else self._crossing.others:
            yield from self._carriage.troubles(self._crossing.path_from(major) or ())
        old = self._old
        if old is None or (old.major != self._new.major and not one.by_filter):
            yield Reason("safe", "new", f"there was no {self._new.type}@{self._new.major} before")
            return
        yield from self._ordered(declared, old)
        if not self._effects:
            yield Reason("safe", "compatible", f"whoever reads {old.version} reads it as well")
        before, after = Reading(declared, old), Reading(declared, self._new)
        for effect in self._effects:
            yield of_effect(effect, before, after)

    def _cleared(self, one: SubscriptionTo) -> Iterator[Reason]:
        """Deliveries of what is classified above the account's clearance are held."""
        old, new = self._old, self._new
        account = self._platform.accounts.get(one.account)
        if old is None or account is None or one.account == new.owner:
            return
        cleared = CLASSIFICATIONS.index(account.clearance)
        before, after = (_rank(each.classification) for each in (old, new))
        if before <= cleared < after:
            message = (
                f"the event is {new.classification} from then on, and {one.account} is cleared up to"
                f" {account.clearance}: its deliveries are held"
            )
            yield Reason("breaks", "clearance", message, hint="the central account clears accounts")

    def _filtered(self, declared: Subscription) -> Iterator[Reason]:
        """What of its filter can never match any more."""
        before = self._dead(declared, self._old) if self._old is not None else {}
        for pointer, found in self._dead(declared, self._new).items():
            if pointer not in before:
                message = f"its filter asks for what can never come: {found.message}"
                yield Reason("breaks", f"filter-{found.rule}", message, "", found.hint)

    def _dead(self, declared: Subscription, contract: Contract) -> dict[str, PatternFinding]:
        if declared.filter is None:
            return {}
        sources = {
            source
            for name, publisher in self._platform.publishers.items()
            if contract.type in publisher.events
            for source in publisher.sources or [name]
        }
        found = lint_pattern(
            declared.filter,
            {contract.type: contract},
            sources={contract.type: sources},
            allow=declared.allow_undeclared,
        )
        return {each.pointer: each for each in found if each.severity == "error"}

    def _ordered(self, declared: Subscription, old: Contract) -> Iterator[Reason]:
        """A key that it left to the contract."""
        if declared.order is None or declared.order.key is not None or old.key == self._new.key:
            return
        if self._new.key is None:
            message = f"it is ordered by the contract's key, {old.key}, and there is none any more"
            yield Reason("breaks", "no-order-key", message, old.key or "")
        else:
            message = f"it is ordered by {self._new.key} in place of {old.key}"
            yield Reason("unknown", "order-key", message, self._new.key)


def _rank(classification: str) -> int:
    return [str(each) for each in CLASSIFICATIONS].index(classification)
