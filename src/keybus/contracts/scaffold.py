"""A new contract that has no faults, and a new repository around it where there is none."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from keybus.contracts.examples import EXAMPLES
from keybus.contracts.folder import SETTINGS_FILE
from keybus.contracts.locations import target_of
from keybus.contracts.naming import title_of_type
from keybus.contracts.repository import ContractRepository
from keybus.contracts.rules_events import CLASSIFICATIONS, CORE_FIELDS, TYPE
from keybus.contracts.validation import DRAFT_04
from keybus.contracts.view import METADATA
from keybus.errors import BrokenContracts, ContractError

FIRST_VERSION: Final = "1.0.0"
_CORE: Final = "core/Event.json"
CORE: Final[Mapping[str, Mapping[str, Any]]] = {
    _CORE: {
        "$schema": DRAFT_04,
        "title": "Event",
        "description": "What every event carries.",
        "type": "object",
        "required": list(CORE_FIELDS),
        "properties": {
            "id": {
                "type": "string",
                "description": "The event's own id, the same however often it is delivered.",
                "format": "uuid",
            },
            "type": {"$ref": "EventType.json"},
            "time": {
                "type": "string",
                "description": "When it was created.",
                "format": "date-time",
            },
            "publisher": {"$ref": "Publisher.json"},
            "schema_version": {
                "type": "string",
                "description": "The contract's version that it was written by.",
                "maxLength": 64,
            },
            "trace": {
                "type": "string",
                "description": "Its W3C traceparent.",
                "maxLength": 64,
            },
            "correlation_id": {
                "type": "string",
                "description": "The id of the first event of the whole story.",
                "maxLength": 128,
            },
            "causation_id": {
                "type": "string",
                "description": "The id of the event that this one answers.",
                "maxLength": 128,
            },
        },
    },
    "core/EventType.json": {
        "$schema": DRAFT_04,
        "title": "EventType",
        "description": "An event's type: dotted words in lower case.",
        "type": "string",
        "pattern": "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+$",
    },
    "core/Publisher.json": {
        "$schema": DRAFT_04,
        "title": "Publisher",
        "description": "Who emitted it.",
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {
                "type": "string",
                "description": "The publisher's name on the platform.",
                "minLength": 1,
                "maxLength": 128,
            }
        },
    },
}
"""The shared schemas of a new repository, by their files."""


def scaffold(
    folder: Path, event_type: str, *, owner: str = "", classification: str = "internal"
) -> list[Path]:
    """Write a contract for a new event type, to be filled in; it passes as it is.

    Args:
        folder: The repository; made where it is not there yet.
        event_type: The type, such as ``delivery.noted``.
        owner: The account that answers for it; empty: the one that owns all types of the same first
            word.
        classification: What kind of data it carries.

    Returns:
        The files that were written, the contract's own the last.

    Raises:
        ContractError: There is such a contract, the type is none, or no owner is known.
        BrokenContracts: The repository has faults, which come first, or would have some.
    """
    if not TYPE.fullmatch(event_type):
        raise ContractError(
            f"{event_type!r} is no event type",
            hint="at least two words in lower case, joined by dots, such as delivery.noted",
        )
    if classification not in CLASSIFICATIONS:
        raise ContractError(
            f"{classification!r} is no classification", hint=f"one of {', '.join(CLASSIFICATIONS)}"
        )
    files: dict[str, Mapping[str, Any] | str] = {}
    if (folder / SETTINGS_FILE).exists():
        repository = ContractRepository.load(folder)
        core = core_of(repository)
        owner = owner or owner_of(repository, event_type)
    else:
        name = folder.resolve().parent.name or "events"
        files[SETTINGS_FILE] = settings_of(name)
        files.update(CORE)
        core = _CORE
    if not owner:
        raise ContractError(f"nobody is known to own {event_type}", hint="say who: --owner ACCOUNT")
    place = f"{event_type.partition('.')[0]}/{title_of_type(event_type)}.json"
    files[place] = _contract(event_type, owner, classification, core)
    written = [_write(folder / file, content) for file, content in files.items()]
    if faults := ContractRepository.lint(folder):  # such as two types with one title
        for file in written:
            file.unlink()
        raise BrokenContracts(f"a contract of {event_type} beside the others", faults)
    return written


def settings_of(name: str) -> str:
    """The settings of a new repository, as TOML.

    Args:
        name: What it is called; a folder's name may have what is no character.
    """
    told = name.encode("utf-8", "replace").decode()
    return f"[repository]\nname = {json.dumps(told, ensure_ascii=False)}\n"


def core_of(repository: ContractRepository) -> str:
    """The file from which the repository's contracts take what every event carries.

    Raises:
        ContractError: There is none.
    """
    for contract in repository.values():
        for part in contract.schema.get("allOf", ()):
            if "$ref" not in part:
                continue
            file = target_of(contract.file, part["$ref"]).file
            required = repository.documents.get(file, {}).get("required", ())
            if set(CORE_FIELDS) <= set(required):
                return file
    if _CORE in repository.documents:
        return _CORE
    raise ContractError(
        "the repository has no schema of what every event carries",
        hint=f"write {_CORE}, as docs/contracts.md shows it",
    )


def owner_of(repository: ContractRepository, event_type: str) -> str:
    """The account that owns every type of the same first word; empty where several or none do."""
    word = event_type.partition(".")[0]
    owners = {each.owner for each in repository.values() if each.type.partition(".")[0] == word}
    return owners.pop() if len(owners) == 1 else ""


def _contract(event_type: str, owner: str, classification: str, core: str) -> dict[str, Any]:
    subject = event_type.partition(".")[0]
    return {
        "$schema": DRAFT_04,
        "title": title_of_type(event_type),
        "description": "TODO: what happened, in a sentence.",
        METADATA: {
            "type": event_type,
            "owner": owner,
            "version": FIRST_VERSION,
            "classification": classification,
            "key": f"/{subject}_id",
        },
        EXAMPLES: [{f"{subject}_id": f"{subject}-1"}],
        "allOf": [
            {"$ref": f"../{core}"},
            {
                "type": "object",
                "required": [f"{subject}_id"],
                "properties": {
                    f"{subject}_id": {
                        "type": "string",
                        "description": f"Which {subject} it happened to.",
                        "minLength": 1,
                        "maxLength": 128,
                    }
                },
            },
        ],
    }


def _write(place: Path, content: Mapping[str, Any] | str) -> Path:
    text = content if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ContractError(f"{place} is there already", hint="choose another type") from None
    except OSError as error:
        raise ContractError(f"{place} cannot be written: {error.strerror}") from error
    return place
