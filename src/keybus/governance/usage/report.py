"""Who writes and who reads which version and which fields of an event type."""

import msgspec
from msgspec.structs import replace

from keybus.contracts import ContractRepository
from keybus.contracts.contract import Contract
from keybus.governance.sprawl import UsageSnapshot
from keybus.governance.usage.named import How
from keybus.governance.usage.observed import Observations, Observed
from keybus.governance.usage.reading import Reading
from keybus.governance.usage.steps import Steps, is_within
from keybus.governance.usage.users import SubscriptionTo, users_of
from keybus.governance.usage.values import Values
from keybus.topology.model import Platform


class Read(msgspec.Struct, frozen=True):
    """A field that a subscription reads for sure.

    Attributes:
        pointer: The field.
        by: How that is known.
    """

    pointer: str
    by: tuple[How, ...]


class Reader(msgspec.Struct, frozen=True):
    """A subscription, beside the contract of one major.

    Attributes:
        name: Its name.
        account: Its account's.
        major: The major that it reads.
        version: That major's contract; empty where there is none.
        pinned: Whether it asks for this major; else it takes every one.
        reads: What it reads for sure.
        gets: What it is given beside that, of which nobody knows whether it is read. Of what is given
            whole, only the outermost is named.
        never: What it is never given, the same.
        whole: Whether it is given all of an event.
        expression: Whether a JSONata expression, which is not looked into, makes its input.
        observed: What it was sent; None where no bus was asked.
    """

    name: str
    account: str
    major: int
    version: str
    pinned: bool
    reads: tuple[Read, ...] = ()
    gets: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    whole: bool = False
    expression: bool = False
    observed: Observed | None = None


class Writer(msgspec.Struct, frozen=True):
    """A publisher.

    Attributes:
        name: Its name.
        account: Its account's.
        sources: The envelope sources that it uses.
        observed: What its account published, by all its publishers; None where no bus was asked.
    """

    name: str
    account: str
    sources: tuple[str, ...]
    observed: Observed | None = None


class UsageReport(msgspec.Struct, frozen=True):
    """All of it.

    Attributes:
        type: The event type.
        versions: The contracts that there are, by major, the lowest first.
        writers: Who may publish it.
        readers: Who reads it; once for each major.
        since_us: When the bus began to count, in microseconds since the Unix epoch; 0 where none was
            asked.
        undeclared: Accounts that published it and have no publisher of it, and how much.
    """

    type: str
    versions: tuple[str, ...]
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]
    since_us: int = 0
    undeclared: dict[str, Observed] = {}


def usage_of(
    platform: Platform,
    contracts: ContractRepository,
    event_type: str,
    snapshot: UsageSnapshot | None = None,
) -> UsageReport:
    """Who writes and who reads an event type.

    Args:
        platform: What is declared.
        contracts: All contracts.
        event_type: The type.
        snapshot: What a bus has counted; None: none was asked.

    Raises:
        UnknownEventType: There is no contract of the type.
    """
    contract = contracts[event_type]
    users = users_of(platform, event_type)
    counted = None if snapshot is None else Observations(snapshot, event_type)
    writers = tuple(
        Writer(
            each.name,
            each.account,
            each.sources,
            None if counted is None else counted.published(each.account),
        )
        for each in users.publishers
    )
    readers = [
        _reader(platform, each, major, contracts.at(event_type, major))
        for each in users.subscriptions
        for major in each.majors or (contract.major,)
    ]
    if counted is not None:
        readers = [replace(each, observed=counted.delivered(each.name)) for each in readers]
    said = {each.account for each in users.publishers}
    others = {} if counted is None else counted.others
    return UsageReport(
        event_type,
        tuple(each.contract.version for each in contracts.editions[event_type].values()),
        writers,
        tuple(readers),
        0 if counted is None else counted.since_us,
        {account: found for account, found in others.items() if account not in said},
    )


def _reader(
    platform: Platform, one: SubscriptionTo, major: int, contract: Contract | None
) -> Reader:
    found = Reader(one.name, one.account, major, "", not one.by_filter)
    if contract is None:
        return found
    reading = Reading(platform.subscriptions[one.name], contract)
    gets, never = _parted(reading, contract)
    return replace(
        found,
        version=contract.version,
        reads=_reads(reading),
        gets=gets,
        never=never,
        whole=reading.is_whole,
        expression=reading.has_expression,
    )


def _reads(reading: Reading) -> tuple[Read, ...]:
    by: dict[str, tuple[How, ...]] = {}
    for each in reading.named:
        by[each.pointer] = (*by.get(each.pointer, ()), each.how)
    return tuple(Read(pointer, how) for pointer, how in by.items())


def _parted(reading: Reading, contract: Contract) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is given and not known to be read, and what is not given; outermost fields."""
    named = [each.steps for each in reading.named if each.how != "order"]
    pointers: dict[Steps, str] = {}
    states: dict[Steps, set[str]] = {}  # of a value, and of all within it
    for value in Values(contract).all:
        state = "gets" if reading.gets(value.steps) else "never"
        if state == "gets" and any(is_within(value.steps, each) for each in named):
            state = "reads"
        pointers.setdefault(value.steps, value.pointer)
        for length in range(1, len(value.steps) + 1):
            states.setdefault(value.steps[:length], set()).add(state)
    found: dict[str, list[str]] = {"gets": [], "never": [], "reads": []}
    for steps, pointer in pointers.items():
        above = (states[steps[:length]] for length in range(1, len(steps)))
        if len(states[steps]) == 1 and all(len(each) > 1 for each in above):
            found[min(states[steps])].append(pointer)
    return tuple(found["gets"]), tuple(found["never"])
