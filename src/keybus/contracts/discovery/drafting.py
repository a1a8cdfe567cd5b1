"""A draft of a contract, from what was seen of an event type."""

import unicodedata
from collections.abc import Collection
from typing import Any, Final

import msgspec

from keybus.contracts.discovery.rendering import schema_of
from keybus.contracts.discovery.sightings import Sightings
from keybus.contracts.marks import Mark, marked
from keybus.contracts.naming import title_of_type, words_of
from keybus.contracts.rules_events import CORE_FIELDS, TYPE
from keybus.contracts.validation import DRAFT_04
from keybus.contracts.view import METADATA

UNSAID: Final = "0.1.0"
"""A draft's version, where events say none."""
_ASCII_DIGITS: Final = "0123456789"


class Metadata(msgspec.Struct, frozen=True):
    """What a draft says of itself.

    Attributes:
        type: The event type.
        owner: The account that answers for it.
        classification: What kind of data it carries.
        is_classified: Whether somebody has said so.
        version: Its version.
    """

    type: str
    owner: str
    classification: str = "internal"
    is_classified: bool = False
    version: str = UNSAID

    def document(self, description: str) -> dict[str, Any]:
        """The head of a contract."""
        return {
            "$schema": DRAFT_04,
            "title": title_of_type(self.type),
            "description": description,
            METADATA: {
                "type": self.type,
                "owner": self.owner,
                "version": self.version,
                "classification": self.classification,
            },
        }

    @property
    def marks(self) -> list[Mark]:
        """What of it is a guess."""
        if self.is_classified:
            return []
        told = f"Nobody has said what kind of data it carries; {self.classification} is assumed."
        return [Mark("classification", told)]


def draft_of(
    seen: Sightings, metadata: Metadata, core: str, inherited: Collection[str]
) -> dict[str, Any]:
    """A contract that takes every event that was seen, once it has what every event carries.

    Args:
        seen: What was seen.
        metadata: What it says of itself.
        core: The reference to the schema of what every event carries.
        inherited: The names of what that declares.

    Returns:
        The contract; a place where something is uncertain says so.
    """
    sources = f" of {', '.join(sorted(seen.sources)[:3])}" if seen.sources else ""
    events = f"{seen.count} event{'' if seen.count == 1 else 's'}"
    words = f"TODO: what happened, in a sentence. Drafted from {events}{sources}."
    head = metadata.document(words)
    marks = [*metadata.marks, *_of_type(seen, metadata), *_of_heads(seen)]
    own = {name: place for name, place in (seen.root.names or {}).items() if name not in inherited}
    known = None if seen.root.names is None else own
    body = schema_of(msgspec.structs.replace(seen.root, names=known), root=True)
    if seen.is_coarse:
        told = "Events vary so much that only their first level was looked at."
        body = marked(body, Mark("properties", told, seen.count, seen.count))
    return {**marked(head, *marks), "allOf": [{"$ref": core}, body]}


def version_of(seen: Sightings) -> str:
    """The version of a draft: the first of the highest major that events say, or else 0.1.0."""
    major = max((*seen.majors, 0))
    return f"{major}.0.0" if major else UNSAID


def type_for(told: str, source: str = "") -> str:
    """An event type for what events call themselves, such as ``order.placed`` for "Order Placed".

    Args:
        told: What they say.
        source: Where they come from: its first word goes before a single one.

    Returns:
        The type; empty where no word of it can be one.
    """
    if TYPE.fullmatch(told):
        return told
    words = _words(told)
    if len(words) == 1:
        words = [*(_words(source)[-1:] or ["events"]), *words]
    joined = ".".join(words)
    return joined if TYPE.fullmatch(joined) else ""


def _words(text: str) -> list[str]:
    """The words of a name as types have them: ASCII letters and digits, in lower case."""
    # "Rückgabe" is u and its dots, then, of which the letter stays.
    spelt = [unicodedata.normalize("NFKD", each.casefold()) for each in words_of(text)]
    plain = ["".join(c for c in each if c.isascii() and c.isalnum()) for each in spelt]
    return [each.lstrip(_ASCII_DIGITS) for each in plain if each.lstrip(_ASCII_DIGITS)]


def _of_type(seen: Sightings, metadata: Metadata) -> list[Mark]:
    marks = []
    if seen.type != metadata.type:
        told = (
            f"Events say {seen.type[:100]!r}, which is no type of a contract: on a bus, the contract"
            f" holds for events that say {metadata.type!r}."
        )
        marks.append(Mark("type", told, 0, seen.count))
    if len(seen.majors) > 1:
        told = f"Events say versions of several majors: {', '.join(map(str, sorted(seen.majors)))}."
        marks.append(Mark("version", told))
    return marks


def _of_heads(seen: Sightings) -> list[Mark]:
    """What events have not, or have otherwise than every event."""
    marks, count = [], seen.count
    given = {name: head.given for name, head in seen.heads.items()}
    missing = [each for each in CORE_FIELDS if given.get(each, 0) < count]
    if missing:
        least = min(given.get(each, 0) for each in missing)
        told = (
            f"Not all events have {', '.join(missing)}: the contract refuses them until their"
            " publisher sends these; Keybus's own clients fill them in."
        )
        marks.append(Mark("required", told, least, count))
    for name, head in sorted(seen.heads.items()):
        if head.wrong:
            told = f"{name!r} was something else than every event has under that name."
            marks.append(Mark(name, told, head.given - head.wrong, head.given))
    return marks
