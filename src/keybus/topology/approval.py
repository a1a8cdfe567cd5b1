"""What is wrong with grants and exceptions: who may approve them, for what, and until when."""

from collections.abc import Iterator
from typing import Any

from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.topology.findings import Finding, known_names, no_contract, quoted, repeated
from keybus.topology.model import Grant, Publisher, Waiver, moment_us
from keybus.topology.parts import Parts
from keybus.topology.schema import editor_schema

_SCHEMA = editor_schema()


def grant_findings(parts: Parts, contracts: ContractRepository | None) -> Iterator[Finding]:
    """All that is wrong with the grants of a platform.

    Args:
        parts: Its parts that have the right shape.
        contracts: None where they cannot be used; events are not looked up then.
    """
    publishers = {
        source: publisher
        for name, publisher in parts.publishers.items()
        for source in publisher.sources or [name]
    }
    for name, grant in parts.grants.items():
        pointer = pointer_of("grants", name)
        team = parts.document.teams.get(pointer)
        yield from _date(grant, pointer)
        yield from repeated(grant.events, f"{pointer}/events")
        yield from repeated(grant.sources, f"{pointer}/sources", "duplicate-source")
        if not grant.events and not grant.sources:
            hint = "name events, sources of events without a contract, or both"
            yield Finding("no-events", "the grant allows nothing", pointer, hint)
        for place, what, owner in _granted(grant, pointer, publishers, contracts):
            if isinstance(owner, Finding):
                yield owner
            elif owner == grant.account:
                message = f"{quoted(what)} is the account {owner!r}'s own, which needs no grant"
                yield Finding("needless-grant", message, place, "remove it")
            elif team is not None and owner != team:
                message = f"this file is the account {team!r}'s, and {quoted(what)} is not"
                hint = (
                    f"it is {owner!r}'s to grant" if owner else "the platform's own file grants it"
                )
                yield Finding("not-yours", message, place, hint)
            else:
                yield from _approved(grant.approver, parts, pointer, what, owner)


def waiver_findings(parts: Parts) -> Iterator[Finding]:
    """All that is wrong with the exceptions of a platform."""
    for name, waiver in parts.exceptions.items():
        pointer = pointer_of("exceptions", name)
        yield from _date(waiver, pointer)
        yield from _approved(waiver.approver, parts, pointer, "an exception", "")
        if not _is_declared(waiver.subject, parts.document.data):
            message = f"the platform declares nothing at {quoted(waiver.subject)}"
            hint = "write the pointer that the finding names, such as /grants/orders"
            yield Finding("unknown-subject", message, f"{pointer}/subject", hint)


def _granted(
    grant: Grant,
    pointer: str,
    publishers: dict[str, Publisher],
    contracts: ContractRepository | None,
) -> Iterator[tuple[str, str, str | Finding]]:
    """Each event type and source, where it stands, and the account that owns it, if any does."""
    for index, event_type in enumerate(grant.events if contracts is not None else ()):
        place = f"{pointer}/events/{index}"
        contract = contracts.get(event_type) if contracts is not None else None
        if contract is None:
            known = contracts.types if contracts is not None else ()
            yield place, event_type, no_contract(event_type, known, place)
        else:
            yield place, event_type, contract.owner
    for index, source in enumerate(grant.sources):
        owner = publishers[source].account if source in publishers else ""
        yield f"{pointer}/sources/{index}", source, owner


def _approved(
    approver: str, parts: Parts, pointer: str, what: str, owner: str
) -> Iterator[Finding]:
    """Whether one of the owners of an account, or of the central one, has approved."""
    names = [name for name in dict.fromkeys((owner, parts.central or "")) if name]
    if any(name not in parts.accounts for name in names if name in (parts.names or ())):
        return  # who owns that one cannot be known
    owners = [
        who for name in names if name in parts.accounts for who in parts.accounts[name].owners
    ]
    if approver in owners:
        return
    accounts = " and ".join(repr(name) for name in names) or "the central account, which is not set"
    message = f"{quoted(approver)} may not approve {quoted(what)}: no owner of {accounts}"
    hint = known_names(approver, owners) if owners else "declare owners: of the account"
    yield Finding("not-approver", message, f"{pointer}/approver", hint)


def _date(grant: Grant | Waiver, pointer: str) -> Iterator[Finding]:
    try:
        moment_us(grant.expires)
    except ValueError:
        message = f"the calendar has no {quoted(grant.expires)}"
        yield Finding("bad-date", message, f"{pointer}/expires", "a date such as 2027-06-30")


def _is_declared(pointer: str, data: Any) -> bool:
    """Whether a pointer names a part of the platform, or a key of one that could be set."""
    schema = _SCHEMA
    rule: dict[str, Any] = schema
    for token in tokens_of(pointer):
        rule = schema["$defs"][rule["$ref"].rpartition("/")[2]] if "$ref" in rule else rule
        if "properties" in rule:
            if token not in rule["properties"]:
                return False
            rule = rule["properties"][token]
            data = data.get(token) if isinstance(data, dict) else None
        elif isinstance(data, dict):
            if token not in data:
                return False
            below = rule.get("additionalProperties")
            rule, data = below if isinstance(below, dict) else {}, data[token]
        elif isinstance(data, list) and token.isdecimal() and int(token[:9]) < len(data):
            rule, data = {}, data[int(token[:9])]
        else:
            return False
    return True
