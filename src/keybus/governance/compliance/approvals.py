"""Who approved, and whether it was for themselves: four eyes are meant to see what is allowed."""

from collections.abc import Iterator, Mapping

from keybus.contracts import Contract
from keybus.contracts.pointers import tokens_of
from keybus.topology.model import Grant, Platform, Waiver


def is_own_grant(grant: Grant, platform: Platform, contracts: Mapping[str, Contract]) -> bool:
    """Whether an owner of the account that receives has approved, where somebody else could have.

    Args:
        grant: A sound one.
        platform: What it is of.
        contracts: By event type.
    """
    theirs = _owners(platform, grant.account)
    if grant.approver not in theirs:
        return False
    others = _owners(platform, platform.central or "")
    for account in _granted_by(grant, platform, contracts):
        others |= _owners(platform, account)
    return not others <= theirs


def is_own_waiver(waiver: Waiver, platform: Platform) -> bool:
    """Whether an owner of the account that an exception spares has approved it.

    Not so where that is the central account, whose owners alone approve exceptions, or where no
    other of them could have.
    """
    spared = spared_account(waiver.subject, platform)
    theirs = _owners(platform, spared)
    others = _owners(platform, platform.central or "")
    return spared != platform.central and waiver.approver in theirs and not others <= theirs


def spared_account(subject: str, platform: Platform) -> str:
    """The account whose part a pointer names; empty where it is no one account's."""
    section, name, *_ = (*tokens_of(subject), "", "")
    if section == "accounts":
        return name
    if section not in ("publishers", "grants", "subscriptions"):
        return ""
    part = getattr(platform, section).get(name)
    return part.account if part is not None else ""


def _granted_by(
    grant: Grant, platform: Platform, contracts: Mapping[str, Contract]
) -> Iterator[str]:
    """The accounts that own what is granted."""
    yield from (contracts[each].owner for each in grant.events if each in contracts)
    for name, publisher in platform.publishers.items():
        if not set(grant.sources).isdisjoint(publisher.sources or [name]):
            yield publisher.account


def _owners(platform: Platform, account: str) -> set[str]:
    declared = platform.accounts.get(account)
    return set(declared.owners) if declared is not None else set()
