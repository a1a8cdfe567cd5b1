"""What accounts receive of others today, as grants."""

from collections.abc import Iterator

from keybus.cdk.existing.inventory import NotCarried
from keybus.cdk.existing.named import is_name
from keybus.cdk.existing.wishes import Wishes
from keybus.contracts import ContractRepository
from keybus.governance.compliance.reach import reach_of
from keybus.topology import Grant, Platform, Subscription


class Granting:
    """Makes grants.

    Args:
        platform: The platform without them.
        contracts: Its contracts.
        wishes: Who approves, and until when.
        arn: The bus's ARN.

    Attributes:
        lost: What got none.
    """

    def __init__(
        self, platform: Platform, contracts: ContractRepository, wishes: Wishes, arn: str
    ) -> None:
        self._platform, self._contracts = platform, contracts
        self._wishes, self._arn = wishes, arn
        self.lost: list[NotCarried] = []

    def all(self) -> Iterator[tuple[str, Grant]]:
        """A grant for each account; none where nobody approves."""
        wanted: dict[str, tuple[set[str], set[str]]] = {}
        for name, each in self._platform.subscriptions.items():
            events, sources = wanted.setdefault(each.account, (set(), set()))
            found = self._received(name, each)
            events |= found[0]
            sources |= found[1]
        wanted = {name: each for name, each in wanted.items() if any(each)}
        if wanted and not self._wishes.approver:
            why = f"nobody has approved what they receive of others: {', '.join(sorted(wanted))}"
            hint = "the events' owners write them, or --approver NAME --expires DATE does"
            self.lost.append(NotCarried("grants", why, hint))
            return
        reason = f"received them before, from {self._arn}"
        approver, expires = self._wishes.approver, self._wishes.expires
        for name, (events, sources) in sorted(wanted.items()):
            yield name, Grant(name, reason, approver, expires, sorted(events), sorted(sources))

    def _received(self, name: str, one: Subscription) -> tuple[set[str], set[str]]:
        """The types and sources of others that a subscription asks for."""
        reach = reach_of(one, self._contracts, self._platform.publishers)
        if reach.is_open:
            why = "it takes events from any source, and grants name sources"
            self.lost.append(
                NotCarried(f"the subscription {name}", why, "pin `source` in its filter")
            )
        events = {each for each in reach.types if self._contracts[each].owner != one.account}
        digits = self._platform.accounts[one.account].id
        of = self._platform.account_of_source
        sources = {each for each in reach.sources if of(each) != digits}
        for each in sorted(sources):
            if not is_name(each):
                why = f"it takes events from {each}, which is no name for a grant"
                hint = "publish from another source"
                self.lost.append(NotCarried(f"the subscription {name}", why, hint))
        return events, set(filter(is_name, sources))
