"""Contracts that were made out of others' schemas, changed until they pass."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import msgspec

from keybus.contracts.exchange_formats.foreign import NoSchema
from keybus.contracts.exchange_formats.losses import Loss
from keybus.contracts.folder import RepositorySettings
from keybus.contracts.locations import Documents
from keybus.contracts.packed import PackedContracts
from keybus.contracts.pointers import PointerError, follow, pointer_of, tokens_of
from keybus.contracts.repository import ContractRepository
from keybus.errors import BrokenContracts, Fault

_ROUNDS: Final = 20
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Mended(NamedTuple):
    """A contract that passes.

    Attributes:
        document: It.
        losses: What was changed.
    """

    document: dict[str, Any]
    losses: tuple[Loss, ...]


def mended(document: Mapping[str, Any], file: str, beside: Documents) -> Mended:
    """A contract, changed until it passes.

    Args:
        document: It.
        file: The file that it is for.
        beside: The files of the repository that it refers to.

    Raises:
        NoSchema: It has faults that only people can mend.
    """
    made: dict[str, Any] = _copied(document)
    losses: list[Loss] = []
    for _ in range(_ROUNDS):
        faults = _faults(made, file, beside)
        if not faults:
            return Mended(made, tuple(losses))
        changed = [loss for each in faults if (loss := _mend(made, each, file)) is not None]
        if not changed:
            break
        losses += [each for each in changed if each.why]
    raise NoSchema(
        "; ".join(f"{each.pointer}: {each.message} [{each.code}]" for each in faults[:5])
    )


def _faults(document: Mapping[str, Any], file: str, beside: Documents) -> list[Fault]:
    files = {name: _encode(each).decode() for name, each in {**beside, file: document}.items()}
    try:
        ContractRepository.unpack(PackedContracts(RepositorySettings("imported"), files))
    except BrokenContracts as error:
        return list(error.faults)
    return []


def _mend(document: dict[str, Any], fault: Fault, file: str) -> Loss | None:
    """Change what a fault is about; None where nobody knows how."""
    tokens = tokens_of(fault.pointer)
    if fault.code == "bad-head":
        return _of_head(document, fault, tokens, own=fault.file == file)
    if fault.file != file:
        return None
    if fault.code == "closed-all-of":
        _schema(document, tokens[:-1]).pop("additionalProperties", None)
        why = "It is open now: contracts are, or it would refuse what every event carries."
        return Loss(fault.pointer.rpartition("/")[0], "additionalProperties", why)
    if fault.code == "undeclared-required":
        schema = _schema(document, tokens[:-2])
        name = schema["required"][int(tokens[-1])]
        schema.setdefault("properties", {})[name] = _undeclared(schema, name)
        return Loss(fault.pointer, "required", "")  # it means what it meant
    return None


def _undeclared(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What a schema says of a property that it does not declare."""
    others = schema.get("additionalProperties", True)
    if others is True or any(_fits(name, each) for each in schema.get("patternProperties", ())):
        return {}
    return {"not": {}} if others is False else _copied(others)


def _fits(name: str, pattern: str) -> bool:
    """Whether a pattern is one of a name's; where Python cannot read it, it is taken for one."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def _of_head(
    document: dict[str, Any], fault: Fault, tokens: list[str], *, own: bool
) -> Loss | None:
    """Leave out what contradicts what clients fill in."""
    last = tokens[-1] if tokens else ""
    if own and last in ("not", "maxProperties"):
        _schema(document, tokens[:-1]).pop(last, None)
        return Loss(fault.pointer, last, f"It is left out. {fault.message}")
    if "properties" not in tokens[:-1]:
        return None
    name = tokens[len(tokens) - tokens[::-1].index("properties")]
    dropped = [
        each["properties"].pop(name)
        for each in _applied(document)
        if name in each.get("properties", {})
    ]
    if not dropped:
        return None
    return Loss(fault.pointer, name, f"What is said of it is left out. {fault.message}")


def _applied(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of a document that always apply to an event."""
    waiting, seen = [document], list[int]()
    while waiting:
        schema = waiting.pop()
        if id(schema) in seen:
            continue
        seen.append(id(schema))
        yield schema
        waiting += [each for each in schema.get("allOf", ()) if isinstance(each, dict)]
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            waiting.append(_schema(document, tokens_of(unquote(reference[1:]))))


def _schema(document: dict[str, Any], tokens: list[str]) -> dict[str, Any]:
    try:
        found = follow(document, pointer_of(*tokens))
    except PointerError:
        return {}
    return found if isinstance(found, dict) else {}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
