"""What a change of the platform is to the audit log."""

from collections.abc import Iterator, Mapping

from keybus.bus.control.versions import Applied, Declared
from keybus.governance import Principal
from keybus.governance.audit import Act, Actor
from keybus.topology.difference import difference


def acts_of(
    before: Declared | None, after: Declared, applied: Applied, by: Principal
) -> Iterator[Act]:
    """The acts that making a version hold consists of: the version itself, then each change.

    Args:
        before: What held.
        after: What is to hold.
        applied: The version that was prepared for it.
        by: Who applies it.
    """
    actor = Actor.of(by)
    version = {
        "version": applied.version,
        "contracts": applied.contracts,
        "note": applied.note,
    }
    yield Act(actor, "platform.applied", "", version)
    changes = difference(before.platform if before else None, after.platform)
    for change in changes.changes:
        data = {"version": applied.version, "old": change.old, "new": change.new}
        yield Act(actor, f"{_part(change.pointer)}.{change.kind}", change.pointer, data)
    yield from _contract_acts(before, after, applied, actor)


def _contract_acts(
    before: Declared | None, after: Declared, applied: Applied, actor: Actor
) -> Iterator[Act]:
    old = _digests(before)
    new = _digests(after)
    for event_type in sorted(old.keys() | new.keys()):
        was, now = old.get(event_type), new.get(event_type)
        if was != now:
            kind = "added" if was is None else "removed" if now is None else "changed"
            data = {"version": applied.version, "old": was, "new": now}
            yield Act(actor, f"contract.{kind}", event_type, data)


def _digests(declared: Declared | None) -> Mapping[str, str]:
    contracts = declared.contracts if declared else {}
    return {event_type: contract.digest for event_type, contract in contracts.items()}


_PARTS = {
    "accounts": "account",
    "publishers": "publisher",
    "grants": "grant",
    "subscriptions": "subscription",
    "exceptions": "exception",
}


def _part(pointer: str) -> str:
    """What a pointer into the platform is about."""
    return _PARTS.get(pointer.split("/")[1], "platform")
