"""Examples of a contract's events, as its keyword ``examples`` has them: filled in, and judged.

Draft-04 ignores the keyword; it stands at the top of a contract and lists details of events. What
clients fill (``id``, ``type``, ``time``, ``publisher``, ``schema_version``) may be left out.
"""

from collections.abc import Iterator
from typing import Any, Final

from keybus.contracts.contract import Contract
from keybus.contracts.locations import Location
from keybus.contracts.model.bundle import Bundle
from keybus.contracts.model.publishers import Publishers, is_of_publisher
from keybus.contracts.sentences import show
from keybus.contracts.versions import major_of
from keybus.errors import Fault

EXAMPLES: Final = "examples"
"""The keyword."""

_ID: Final = "3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a"
_TIME: Final = "2026-01-31T08:00:00.000Z"


def examples_of(contract: Contract) -> tuple[dict[str, Any], ...]:
    """Whole details of events, as the contract's examples give them, with what clients fill."""
    written = contract.schema.get(EXAMPLES)
    found = written if isinstance(written, list) else ()
    return tuple(_filled(contract, each) for each in found if isinstance(each, dict))


def faults_of_example(contract: Contract, example: Any) -> list[Fault]:
    """All that is wrong with one example, as it is written; empty where it is a good one."""
    if not isinstance(example, dict):
        return [Fault("type", f"Expected an event's detail and found {show(example)}.")]
    faults = contract.faults(_filled(contract, example))
    if "publisher" not in example:
        faults = [fault for fault in faults if not is_of_publisher(fault)]
    return [*_of_another(contract, example), *faults]


def _filled(contract: Contract, example: dict[str, Any]) -> dict[str, Any]:
    """An example with what clients fill, in the order of an event."""
    head = {"id": _ID, "type": contract.type, "time": _TIME, "schema_version": contract.version}
    if "publisher" in example:
        return {**head, **example}
    publishers = Publishers(Bundle("", contract.closure), (Location(contract.file),))
    tried = [{**head, "publisher": each, **example} for each in publishers.stand_ins]
    return next(filter(contract.accepts, tried), tried[0])


def _of_another(contract: Contract, example: dict[str, Any]) -> Iterator[Fault]:
    """An example that says that it is of another type or major, which schemas need not refuse."""
    found = example.get("type", contract.type)
    if found != contract.type:
        message = f"Expected the type {contract.type!r} and found {show(found)}."
        yield Fault("other-type", message, pointer="/type")
    version = example.get("schema_version", contract.version)
    if not isinstance(version, str) or version.partition(".")[0] != str(contract.major):
        message = f"Expected a version {major_of(contract.version)}.x and found {show(version)}."
        yield Fault("other-major", message, pointer="/schema_version")
