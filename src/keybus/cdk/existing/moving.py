"""What stands on AWS as a platform that says the same, and a list of what that cannot say."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from keybus.cdk.existing.asking import asks_for_these_alone, certain_in
from keybus.cdk.existing.granting import Granting
from keybus.cdk.existing.inventory import Bus, NotCarried, Part
from keybus.cdk.existing.named import Names
from keybus.cdk.existing.publishing import Publishing
from keybus.cdk.existing.routes import End, Routes, routes
from keybus.cdk.existing.senders import permitted
from keybus.cdk.existing.subscribing import Subscribing
from keybus.cdk.existing.wishes import Wishes, check_id
from keybus.contracts import ContractRepository
from keybus.errors import SettingsError
from keybus.topology import Account, Platform, Publisher
from keybus.topology.model import Admission, Archive

_DAY: Final = 86_400  # seconds
_MOST_DAYS: Final = 36_525  # which a platform's archive takes; more is as good as for ever

_OBSERVES: Final = NotCarried(
    "admission",
    "it observes, as contracts are drafts, or rules match events without one, which is DX00",
    "settle the contracts and ask for their events; then leave `admission` out",
)


class Moved(msgspec.Struct, frozen=True):
    """A platform that was made of what stands on AWS.

    Attributes:
        platform: It; it is sound beside its contracts.
        not_carried: What of AWS it does not have, or not as it was.
    """

    platform: Platform
    not_carried: tuple[NotCarried, ...]


class Moving:
    """A bus on AWS on its way to a platform.

    Args:
        parts: What was read; the first is of the bus's account.
        wishes: What AWS does not know.

    Raises:
        SettingsError: Which bus is meant is not known.
    """

    def __init__(self, parts: Sequence[Part], wishes: Wishes | None = None) -> None:
        if not parts:
            raise SettingsError("no account was read", hint="the first is that of the bus")
        self._parts = parts
        self._wishes = wishes or Wishes()
        self._bus = _chosen(parts[0], self._wishes.bus)
        called = {**self._wishes.accounts}  # these first: of two of one name, the first has it
        for part in parts:
            called.setdefault(part.id, part.name)
        self._names = Names(called)
        self._permitted = permitted(self._bus)
        found = routes(self._bus, parts)
        told = {source: self._names.digits(w) for source, w in self._wishes.publishers.items()}
        for digits in told.values():
            check_id(digits)
        patterns = [end.pattern for end in found.ends]
        senders = self._permitted.senders
        self._publishing = Publishing(senders, patterns, self._central.id, told)
        self._routes = self._without_services(found)

    def owner(self, source: str, event_type: str) -> str:
        """The name of the account that events come from, as far as it is known.

        Args:
            source: Their source; empty where nobody knows.
            event_type: Their type.
        """
        return self._names.of(self._publishing.account_of(source, event_type))

    def platform(
        self, contracts: ContractRepository, sources: Mapping[str, str] | None = None
    ) -> Moved:
        """The platform beside its contracts.

        Args:
            contracts: Its contracts.
            sources: Where the events of types come from, as their schemas say it.
        """
        published = self._publishing.publishers(self._names, contracts, sources or {})
        certain = certain_in(contracts)
        is_settled = len(certain) == len(contracts) and self._is_among(certain)
        bare, lost = self._bare(published.made), self._lost_of_archives()
        if not is_settled:  # or a bus that enforces would refuse what rules match today
            bare = replace(bare, admission=Admission(default="observe"))
        known = published.sources if is_settled else {}  # who observes lets others put it as well
        subscribing = Subscribing(bare, contracts, certain, self._names, known)
        subscriptions = dict(subscribing.all(self._routes.ends))
        whole = replace(bare, subscriptions=subscriptions)
        granting = Granting(whole, contracts, self._wishes, self._bus.arn)
        whole = replace(whole, grants=dict(granting.all()))
        lost += [each for part in self._parts for each in part.unread]
        lost += [*self._permitted.not_carried, *published.not_carried, *self._routes.not_carried]
        lost += [*subscribing.lost, *granting.lost, *([] if is_settled else [_OBSERVES])]
        return Moved(_without_idle(whole), tuple(dict.fromkeys(lost)))

    @property
    def _central(self) -> Part:
        return self._parts[0]

    def _is_among(self, types: frozenset[str]) -> bool:
        """Whether all that may be put and all that rules match is of these types, where it is said."""
        put = (types.issuperset(each.types) for each in self._permitted.senders)
        return all(put) and all(
            asks_for_these_alone(each.pattern, types) for each in self._routes.ends
        )

    def _without_services(self, found: Routes) -> Routes:
        """Without what AWS's own services publish: nothing of that comes to a bus elsewhere."""
        kept: list[End] = []
        lost = list(found.not_carried)
        for end in found.ends:
            if self._publishing.are_of_services(end.pattern.get("source")):
                why = "AWS's own services put these events, on buses of AWS alone"
                lost.append(NotCarried(end.rule, why, "leave the rule where it is"))
            else:
                kept.append(end)
        return Routes(tuple(kept), tuple(lost))

    def _bare(self, publishers: Mapping[str, Publisher]) -> Platform:
        """The platform without subscriptions and grants."""
        central = self._names.of(self._central.id)
        ids = {self._names.digits(each.account) for each in publishers.values()}
        ids |= {self._central.id, *(end.account for end in self._routes.ends)}
        accounts = {self._names.of(each): Account(each) for each in sorted(ids)}
        if self._wishes.approver:
            accounts[central] = replace(accounts[central], owners=[self._wishes.approver])
        for end in self._routes.ends:
            if end.destination is not None:
                name = self._names.of(end.account)
                hosts = [*accounts[name].destinations, urlsplit(end.destination.url).netloc]
                accounts[name] = replace(accounts[name], destinations=list(dict.fromkeys(hosts)))
        return Platform(
            self._bus.name,
            organization=self._permitted.organization or None,
            central=central,
            accounts=accounts,
            publishers=dict(publishers),
            archive=self._archive(),
            region=self._central.region,
        )

    def _archive(self) -> Archive:
        days = [each.days for each in self._bus.archives if each.is_whole]
        ends = days and all(days) and max(days) <= _MOST_DAYS
        return Archive(max_age=max(days) * _DAY) if ends else Archive()

    def _lost_of_archives(self) -> list[NotCarried]:
        why = "it keeps what a pattern matches"
        hint = "here all that comes is kept; a replay may be of what a pattern matches"
        return [
            NotCarried(f"the archive {each.name}", why, hint)
            for each in self._bus.archives
            if not each.is_whole
        ]


def _chosen(part: Part, name: str) -> Bus:
    own = {bus.name: bus for bus in part.buses.values()}
    if name:
        if name in own:
            return own[name]
        hint = f"it has {', '.join(sorted(own))}; the first profile is that of the bus's account"
        raise SettingsError(
            f"the account {part.id} has no bus {name!r} in {part.region}", hint=hint
        )
    used = [bus for bus in own.values() if bus.name != "default" and (bus.rules or bus.policy)]
    if len(used) == 1:
        return used[0]
    hint = f"say it with --bus: {', '.join(sorted(own))}"
    raise SettingsError(f"which bus of the account {part.id} is meant is not known", hint=hint)


def _without_idle(platform: Platform) -> Platform:
    """Without accounts that neither publish nor subscribe nor own the bus."""
    used = {each.account for each in platform.publishers.values()}
    used |= {each.account for each in platform.subscriptions.values()} | {platform.central or ""}
    accounts = {name: each for name, each in platform.accounts.items() if name in used}
    return replace(platform, accounts=accounts)
