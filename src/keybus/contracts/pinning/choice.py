"""Choosing of what a source has: what is asked for, by major or version, or what a lock pins."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from keybus.contracts.contract import Contract
from keybus.contracts.documents import canonical_json
from keybus.contracts.editions import Edition
from keybus.contracts.pinning.lock import LockedPackage
from keybus.contracts.pinning.sources import ContractSource, Offer, newest
from keybus.contracts.releases.reference import Reference
from keybus.errors import ContractError, UnknownEventType


class Choice(msgspec.Struct, frozen=True):
    """The contracts of one package, one major a type.

    Attributes:
        editions: Each with how it stands, by event type.
        warnings: What has to be said of those that are to be left, by event type.
        left_out: Types that the source has and that are not among them, each with the reason.
    """

    editions: Mapping[str, Edition]
    warnings: Mapping[str, str]
    left_out: Mapping[str, str]

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The contracts alone, by event type."""
        return {event_type: each.contract for event_type, each in self.editions.items()}


def choose(
    source: ContractSource, asked: Sequence[Reference] = (), *, include_retired: bool = False
) -> Choice:
    """What a package is generated from.

    Args:
        source: Where from.
        asked: What somebody wants: types, majors or versions; nothing: of each type what is meant.
        include_retired: Whether what is retired may be among it.

    Raises:
        UnknownEventType: The source has no such type.
        ContractError: It has no such major or version, what is asked for is retired, or the
            contracts do not go together into one package.
    """
    left_out: dict[str, str] = {}
    offers: list[Offer] = []
    for reference in asked or map(Reference, source.types):
        offer = _offer(source, reference, include_retired=include_retired)
        if offer is not None:
            offers.append(offer)
        elif asked:
            raise _nothing(source, reference)
        else:
            left_out[reference.type] = _why_not(source.offers(reference.type))
    editions = _editions(source, offers, include_retired=include_retired)
    return Choice(editions, _warnings(source, editions), left_out)


def choose_locked(
    source: ContractSource, locked: LockedPackage, *, include_retired: bool = False
) -> Choice:
    """Exactly what a lock pins.

    Args:
        source: Where from.
        locked: The package's part of the lock.
        include_retired: Whether what is retired meanwhile may be among it.

    Raises:
        ContractError: The source does not have all of it, or something of it is retired.
    """
    offers, missing = [], []
    for event_type, pin in locked.events.items():
        found = [each for each in source.offers(event_type) if each.digest == pin.digest]
        offers += found[:1]
        if not found:
            missing.append(f"{event_type} {pin.version} ({pin.digest})")
    if missing:
        raise ContractError(
            f"{source.name}: not there is what the lock pins: {', '.join(missing)}",
            hint="generate without --locked to pin what is there",
        )
    editions = _editions(source, offers, include_retired=include_retired)
    return Choice(editions, _warnings(source, editions), {})


def _offer(source: ContractSource, reference: Reference, *, include_retired: bool) -> Offer | None:
    """What a reference means; None where nothing that it means may be used."""
    offers = source.offers(reference.type)
    if not offers:
        unknown = UnknownEventType(reference.type, source.types)
        if not unknown.nearest:
            unknown.hint = f"{source.name} has none like it"
        raise unknown
    if reference.version:
        return next((each for each in offers if each.version == reference.version), None)
    found: Offer | None
    if reference.major is None:
        found = source.meant(reference.type)
    else:
        offers = [each for each in offers if each.major == reference.major]
        found = newest(offers)
    retired = [each for each in offers if each.status == "retired"]
    return retired[-1] if found is None and retired and include_retired else found


def _nothing(source: ContractSource, reference: Reference) -> ContractError:
    offers = source.offers(reference.type)
    retired = [each for each in offers if each.status == "retired"]
    if reference.major in {None, *(each.major for each in retired)} and not reference.version:
        of_major = [each for each in retired if reference.major in (None, each.major)]
        if of_major:
            return _retired([of_major[-1]])
    there = ", ".join(f"{each.version} ({each.status})" for each in offers)
    return ContractError(
        f"{source.name}: nothing that is promised is {reference}", hint=f"there is {there}"
    )


def _why_not(offers: Sequence[Offer]) -> str:
    """Why nothing of a type is meant."""
    if any(each.status == "retired" for each in offers):
        return "it is retired"
    return "there are drafts of it alone"


def _editions(
    source: ContractSource, offers: Sequence[Offer], *, include_retired: bool
) -> Mapping[str, Edition]:
    """Editions of what was chosen, if it makes a package.

    Raises:
        ContractError: It does not.
    """
    retired = [each for each in offers if each.status == "retired"]
    if retired and not include_retired:
        raise _retired(retired)
    found: dict[str, Edition] = {}
    for each in offers:
        if each.type in found:
            raise ContractError(
                f"{each.type} is asked for twice: a package has one major of a type",
                hint="generate a package for each major: --event and --out, once for each",
            )
        contract = source.contract(each)
        found[each.type] = Edition(contract, each.status, each.replaced_by, each.sunset)
    for fault in _clashes([each.contract for each in found.values()]):
        raise ContractError(
            fault,
            hint="release what shares it, or generate packages of their own: --event and --out,"
            " once for each",
        )
    return dict(sorted(found.items()))


def _warnings(source: ContractSource, editions: Mapping[str, Edition]) -> Mapping[str, str]:
    """A sentence for each that is to be left; of the version alone where its major goes on."""
    found = {}
    for event_type, edition in editions.items():
        contract = edition.contract
        last = newest(each for each in source.offers(event_type) if each.major == contract.major)
        warning = edition.warning
        if last is not None and last.status == "active":
            warning = warning.replace(f"@{contract.major} ", f" {contract.version} ", 1)
        if warning:
            found[event_type] = warning
    return found


def _retired(offers: Sequence[Offer]) -> ContractError:
    names = ", ".join(
        f"{each.type} {each.version}{f' (use {each.replaced_by})' if each.replaced_by else ''}"
        for each in offers
    )
    return ContractError(
        f"retired, so that nothing may be published by it: {names}",
        hint="leave it out, or say --include-retired to read what is kept of it",
    )


def _clashes(contracts: Sequence[Contract]) -> Iterator[str]:
    """Files that two contracts have in different forms; a package has one form of each file."""
    known: dict[str, Contract] = {}
    for contract in contracts:
        for file, document in contract.closure.items():
            other = known.setdefault(file, contract)
            before = other.closure[file]
            if document is not before and canonical_json(document) != canonical_json(before):
                yield (
                    f"{file} is not the same in {other.type} {other.version}"
                    f" and in {contract.type} {contract.version}"
                )
