"""Forms: in which major version an event came, which one somebody asks for, and the way between."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from keybus.contracts import Contract, ContractRepository
from keybus.contracts.migrations import Translation
from keybus.contracts.model.plain import received_number
from keybus.contracts.versions import major_of
from keybus.errors import ContractError, KeybusError
from keybus.topology import EventRef

_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_FAULTS: Final = 3
_members = msgspec.json.Decoder(dict[str, Raw]).decode
_exact = msgspec.json.Decoder(dict[str, Any], float_hook=received_number).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class _Version(msgspec.Struct):
    schema_version: Any = None


class _Head(msgspec.Struct):
    detail: _Version
    detail_type: str = msgspec.field(name="detail-type")


_head = msgspec.json.Decoder(_Head).decode


class Untranslatable(KeybusError):
    """An event that a migration cannot bring into the form that is asked for."""

    code = "untranslatable"


class _Way(msgspec.Struct, frozen=True):
    """From one major of a type to another; what comes out is held to what its readers hold it to."""

    translate: Translation
    contract: Contract

    def of(self, envelope: bytes) -> bytes:
        members = _members(envelope)
        detail = self.translate(_exact(members["detail"]))
        if not self.contract.reads(detail):
            faults = "; ".join(map(str, self.contract.faults_of_reading(detail)[:_MOST_FAULTS]))
            raise ContractError(f"the outcome does not fit {self.contract.version}: {faults}")
        members["detail"] = Raw(_encode(detail))
        return _encode(members)


class Forms:
    """The majors of every type, and what leads from one to another. Belongs to one event loop.

    What was translated last is kept, up to 16 MiB: an event goes out to many subscriptions at
    nearly the same time, and is worked out once for each major.

    Args:
        contracts: What events look like, and the migrations between.
    """

    def __init__(self, contracts: ContractRepository) -> None:
        self._contracts = contracts
        self._ways: dict[tuple[EventRef, int], _Way | None] = {}
        self._done: OrderedDict[tuple[int, bytes], bytes | Untranslatable] = OrderedDict()
        self._bytes = 0

    def ref_of(self, event_type: str, detail: Mapping[str, Any]) -> EventRef:
        """An event's type and major; the only active major where the event does not say.

        Its major is -1 where nobody can tell.
        """
        version = detail.get("schema_version")
        if isinstance(version, str):
            return EventRef(event_type, major_of(version))
        return EventRef(event_type, self._contracts.editions.meant(event_type))

    def ref_in(self, envelope: bytes) -> EventRef:
        """The same, by an envelope's JSON."""
        head = _head(envelope)
        return self.ref_of(head.detail_type, {"schema_version": head.detail.schema_version})

    def chosen(self, found: EventRef, asked: Collection[int]) -> int | None:
        """The major in which an event is had by somebody who asks for some.

        Args:
            found: What the event is.
            asked: The majors of its type that are asked for.

        Returns:
            Its own where that is asked for, else the highest into which it can be translated; None
            where it cannot be had.
        """
        if found.major in asked:
            return found.major
        ways = (major for major in sorted(asked, reverse=True) if self._way(found, major))
        return next(ways, None)

    def sources(self, asked: EventRef) -> list[int]:
        """The majors of events that can be had in one, its own first."""
        majors = self._contracts.editions.get(asked.type, {})
        others = [each for each in majors if each != asked.major]
        ways = [each for each in others if self._way(EventRef(asked.type, each), asked.major)]
        return [asked.major, *ways]

    def translated(self, envelope: bytes, found: EventRef, major: int) -> bytes:
        """An event in another major's form.

        Args:
            envelope: Its envelope's JSON, as the bus keeps it.
            found: What it is.
            major: The form; one that `chosen` gave.

        Raises:
            Untranslatable: The migration fails, or its outcome does not fit its contract.
        """
        if major == found.major:
            return envelope
        key = (major, envelope)
        done = self._done.get(key)
        if done is None:
            done = self._translate(envelope, found, major)
            self._keep(key, done)
        if isinstance(done, Untranslatable):
            raise Untranslatable(str(done))
        return done

    def _translate(self, envelope: bytes, found: EventRef, major: int) -> bytes | Untranslatable:
        way = self._way(found, major)
        name = f"{found} cannot be translated to {found.type}@{major}"
        if way is None:
            return Untranslatable(f"{name}: no migration leads there")
        try:
            return way.of(envelope)
        except Exception as error:  # noqa: BLE001 - whatever an event was made to do to us
            return Untranslatable(f"{name}: {error}")

    def _keep(self, key: tuple[int, bytes], done: bytes | Untranslatable) -> None:
        self._done[key] = done
        self._bytes += _size(key, done)
        while self._bytes > _MOST_BYTES:
            self._bytes -= _size(*self._done.popitem(last=False))

    def _way(self, found: EventRef, major: int) -> _Way | None:
        key = (found, major)
        if key not in self._ways:
            if self._contracts.editions.at(found.type, found.major) is None:
                return None  # a version that somebody made up; nothing is remembered of it
            self._ways[key] = self._find(found, major)
        return self._ways[key]

    def _find(self, found: EventRef, major: int) -> _Way | None:
        target = self._contracts.at(found.type, major)
        if target is None:
            return None
        migrations = self._contracts.migrations
        translate = migrations.translation(found.type, found.major, major, target.version)
        return None if translate is None else _Way(translate, target)


def _size(key: tuple[int, bytes], done: bytes | Untranslatable) -> int:
    """Bytes that an event keeps, about; a sentence counts as much as the event did."""
    return 2 * len(key[1]) if isinstance(done, Untranslatable) else len(key[1]) + len(done)
