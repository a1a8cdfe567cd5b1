"""Reads `platform.yaml` and says everything that is wrong with it, with file, line and pointer."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import jsonschema_rs
import msgspec

from keybus.contracts import ContractRepository
from keybus.errors import Fault, PatternError, TopologyError
from keybus.patterns import validate
from keybus.topology.document import Document, escaped, read
from keybus.topology.model import EventRef, Platform

FILE = "platform.yaml"


def load_platform(folder: Path) -> tuple[Platform, ContractRepository]:
    """Load a folder's `platform.yaml` and the contracts it names.

    Args:
        folder: The folder, or the file itself.

    Raises:
        TopologyError: The file has faults; all of them are listed.
        BrokenContracts: The contracts have.
    """
    path = folder if folder.is_file() else folder / FILE
    document, faults = read(path)
    if not faults:
        faults = list(_shape_faults(document, path.name))
    if faults:
        raise TopologyError(str(path), faults)
    platform = msgspec.convert(document.data, Platform)
    contracts = ContractRepository.load(path.parent / platform.contracts)
    faults = [
        Fault(code, message, pointer, path.name, document.line(pointer), hint)
        for code, message, pointer, hint in _meaning_faults(platform, contracts)
    ]
    if faults:
        raise TopologyError(str(path), sorted(faults, key=lambda fault: fault.line))
    return platform, contracts


def _shape_faults(document: Document, file: str) -> Iterator[Fault]:
    """What the model's own JSON Schema refuses."""
    validator = jsonschema_rs.Draft202012Validator(msgspec.json.schema(Platform))
    for error in validator.iter_errors(document.data):
        pointer = "".join(f"/{escaped(str(part))}" for part in error.instance_path)
        yield Fault("shape", error.message, pointer, file, document.line(pointer))


_Found = tuple[str, str, str, str]
"""Code, message, pointer, hint."""


def _meaning_faults(platform: Platform, contracts: ContractRepository) -> Iterator[_Found]:
    """What the shape cannot see: names that lead nowhere, patterns that are none."""
    for kind, members in (
        ("publishers", platform.publishers),
        ("subscriptions", platform.subscriptions),
    ):
        for name, member in members.items():
            if member.account not in platform.accounts:
                pointer = f"/{kind}/{escaped(name)}/account"
                hint = _nearest(member.account, list(platform.accounts))
                yield "unknown-account", f"no account is named {member.account!r}", pointer, hint
    yield from _publisher_faults(platform, contracts)
    yield from _subscription_faults(platform, contracts)


def _publisher_faults(platform: Platform, contracts: ContractRepository) -> Iterator[_Found]:
    for name, publisher in platform.publishers.items():
        for index, event_type in enumerate(publisher.events):
            pointer = f"/publishers/{escaped(name)}/events/{index}"
            contract = contracts.get(event_type)
            if contract is None:
                hint = _nearest(event_type, contracts.types)
                yield "unknown-event", f"no contract has the type {event_type!r}", pointer, hint
            elif contract.owner != publisher.account:
                message = f"{event_type!r} is owned by {contract.owner!r}"
                hint = "a publisher emits only what its own account owns"
                yield "not-owner", message, pointer, hint


def _subscription_faults(platform: Platform, contracts: ContractRepository) -> Iterator[_Found]:
    for name, subscription in platform.subscriptions.items():
        pointer = f"/subscriptions/{escaped(name)}"
        if not subscription.events and subscription.filter is None:
            hint = "name events, a filter, or both"
            yield "no-events", "the subscription asks for nothing", pointer, hint
        for index, ref in enumerate(subscription.event_refs):
            yield from _event_faults(ref, contracts, f"{pointer}/events/{index}")
        if subscription.filter is not None:
            try:
                validate(subscription.filter)
            except PatternError as error:
                yield "bad-filter", str(error), f"{pointer}/filter", ""


def _event_faults(ref: EventRef, contracts: ContractRepository, pointer: str) -> Iterator[_Found]:
    contract = contracts.get(ref.type)
    if contract is None:
        hint = _nearest(ref.type, contracts.types)
        yield "unknown-event", f"no contract has the type {ref.type!r}", pointer, hint
    elif contract.major != ref.major:
        message = f"{ref.type!r} has no major version {ref.major}"
        yield "unknown-major", message, pointer, f"its contract is at {contract.version}"


def _nearest(name: str, known: "list[str] | tuple[str, ...]") -> str:
    close = get_close_matches(name, list(known), n=1)
    return (
        f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"
    )
