"""Who publishes what: as the bus's policy says it, and what rules and schemas give away."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from keybus.cdk.existing.inventory import NotCarried
from keybus.cdk.existing.named import Names, is_name
from keybus.cdk.existing.senders import Sender
from keybus.cdk.patterns import ways_through
from keybus.contracts import ContractRepository
from keybus.topology import Publisher

_OF_AWS: Final = "aws."
_Group = tuple[tuple[str, ...], tuple[str, ...]]  # sources, and types
_WHOSE: Final = "--publisher SOURCE=ACCOUNT says whose it is"


class Publishers(msgspec.Struct, frozen=True):
    """The publishers of a platform.

    Attributes:
        made: By name.
        sources: Where each type's events come from.
        not_carried: What is not sure, or is not there.
    """

    made: dict[str, Publisher]
    sources: Mapping[str, Sequence[str]]
    not_carried: Sequence[NotCarried]


class Publishing:
    """Who publishes what.

    Args:
        senders: Who may put.
        patterns: What rules match.
        central: The 12 digits of the bus's account, which needs no permission for its own bus.
        told: The account of a source, by the source.
    """

    def __init__(
        self,
        senders: Sequence[Sender],
        patterns: Iterable[Mapping[str, Any]],
        central: str,
        told: Mapping[str, str],
    ) -> None:
        self._senders, self._central, self._told = senders, central, told
        self._lost: list[NotCarried] = []
        self._owners = self._owners_of_sources()
        # What rules match says which types come from a source, where they name one alone.
        self._seen: dict[str, set[str]] = {}
        for pattern in patterns:
            for source, types in _matched(pattern):
                self._seen.setdefault(source, set()).update(types)

    def account_of(self, source: str, event_type: str) -> str:
        """The 12 digits of the account that events come from."""
        if source:
            return self._owners.get(source) or self._otherwise
        putting = [each.account for each in self._senders if event_type in each.types]
        return putting[0] if putting else self._otherwise

    def are_of_services(self, sources: Any) -> bool:
        """Whether events of these sources are put by AWS's own services alone."""
        named = sources if isinstance(sources, list) else []
        return bool(named) and all(
            isinstance(each, str) and each.startswith(_OF_AWS) and each not in self._owners
            for each in named
        )

    def publishers(
        self, names: Names, contracts: ContractRepository, said: Mapping[str, str]
    ) -> Publishers:
        """The publishers, each with the types that have contracts and are its account's.

        Args:
            names: What accounts are called.
            contracts: The contracts.
            said: The source of types, as their schemas say it.
        """
        lost = list(self._lost)
        groups = self._groups()
        for source in self._unassigned(groups, said):
            groups.append(((source,), ()))
            if source not in self._owners:
                name = names.of(self._otherwise)
                why = f"no policy says who publishes from it; it is taken for {name}'s"
                lost.append(NotCarried(f"the source {source}", why, _WHOSE))
        made: dict[str, Publisher] = {}
        of_types: dict[str, list[str]] = {}
        accounts = [names.of(self.account_of(sources[0], "")) for sources, _ in groups]
        for account, (sources, types) in zip(accounts, groups, strict=True):
            lost += _nameless(sources)
            named = [each for each in sources if is_name(each)]
            if not named:
                continue
            known = [*types, *sorted(self._given_away(sources, said))]
            if not types and accounts.count(account) == 1:  # nobody else may put what it owns
                known += [each.type for each in contracts.values() if each.owner == account]
            known = [each for each in dict.fromkeys(known) if each in contracts]
            events = [each for each in known if contracts[each].owner == account]
            for each in events:
                of_types.setdefault(each, []).extend(named)
            made[named[0]] = Publisher(account, events, [] if len(named) == 1 else named)
            lost += _not_owned(known, account, contracts)
            lost += _without_contract(types, contracts)
        lost += self._without_source(names, {each.account for each in made.values()})
        return Publishers(made, of_types, list(dict.fromkeys(lost)))

    def _without_source(self, names: Names, publishing: set[str]) -> Iterator[NotCarried]:
        """Accounts that may put from any source, and of which no source is known."""
        free = {names.of(each.account) for each in self._senders if not each.sources}
        for name in sorted(free - publishing):
            why = "it may put from any source, and nobody says from which it does"
            yield NotCarried(f"the account {name}", why, f"--publisher SOURCE={name}")

    def _unassigned(self, groups: Sequence[_Group], said: Mapping[str, str]) -> list[str]:
        """Sources of which rules or schemas speak, and no policy."""
        named = {source for sources, _ in groups for source in sources}
        spoken = {*self._seen, *said.values()} - named - {""}
        return sorted(each for each in spoken if not each.startswith(_OF_AWS))

    def _given_away(self, sources: Sequence[str], said: Mapping[str, str]) -> set[str]:
        """The types that rules or schemas say to come from these sources."""
        seen = {each for source in sources for each in self._seen.get(source, ())}
        return seen | {each for each, source in said.items() if source in sources}

    @property
    def _otherwise(self) -> str:
        """Who publishes from a source of which nobody says so."""
        free = {each.account for each in self._senders if not each.sources}
        return free.pop() if len(free) == 1 else self._central

    def _owners_of_sources(self) -> dict[str, str]:
        owners = dict(self._told)
        for each in self._senders:
            for source in each.sources:
                first = owners.setdefault(source, each.account)
                if first != each.account:
                    why = f"{first} and {each.account} may put from it, and it can be one's alone"
                    self._lost.append(NotCarried(f"the source {source}", why, _WHOSE))
        return owners

    def _groups(self) -> list[_Group]:
        """Sources that are permitted together, with their types; each source once."""
        taken: set[str] = set()
        groups: list[_Group] = []
        for each in self._senders:
            own = [s for s in each.sources if self._owners[s] == each.account]
            fresh = tuple(dict.fromkeys(s for s in own if s not in taken))
            taken.update(fresh)
            for index, (sources, types) in enumerate(groups):
                if set(sources) & set(own):
                    both = (*types, *each.types) if types and each.types else ()  # none is any
                    groups[index] = (sources, tuple(dict.fromkeys(both)))
            if fresh:
                groups.append((fresh, each.types))
        return groups + [((each,), ()) for each in self._told if each not in taken]


def _matched(pattern: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Each source that a pattern names, with the types that are known to come from it."""
    for way in ways_through(pattern):
        sources, types = _texts(way.get("source")), set(_texts(way.get("detail-type")))
        for source in sources:
            yield source, types if len(sources) == 1 else set()


def _texts(said: Any) -> list[str]:
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


def _nameless(sources: Iterable[str]) -> Iterator[NotCarried]:
    for each in sources:
        if not is_name(each):
            why = "it is no name of Keybus: 128 letters, digits and . _ / - at most"
            yield NotCarried(f"the source {each}", why, "publish from another")


def _not_owned(
    events: Iterable[str], account: str, contracts: ContractRepository
) -> Iterator[NotCarried]:
    for each in events:
        owner = contracts[each].owner
        if owner != account:
            why = f"{account} publishes it, and its contract is {owner}'s"
            hint = "--account NAME=ID calls an account by its name in contracts"
            yield NotCarried(f"the event type {each}", why, hint)


def _without_contract(types: Iterable[str], contracts: ContractRepository) -> Iterator[NotCarried]:
    for each in types:
        if each not in contracts:
            why = "it is published, and has no contract"
            hint = "keybus contracts discover drafts one from events"
            yield NotCarried(f"the event type {each}", why, hint)
