"""The lock: which release each event of a generated package is of, pinned by its digest.

::

    {"version": 1, "packages": {"my_events": {"language": "python", "events": {
        "delivery.failed": {"version": "1.2.0", "digest": "sha256:…"}}}}}

It stands beside the packages that it is about, and is committed with what uses them. Nothing in it
depends on the machine or the day.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from keybus.contracts.editions import Edition
from keybus.contracts.releases.entry import Digest
from keybus.contracts.versions import VERSION
from keybus.errors import ContractError

LOCK_FILE: Final = "keybus.lock"
"""Its name."""


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release.

    Attributes:
        version: Its version.
        digest: ``sha256:…`` over its whole closure.
    """

    version: Annotated[str, msgspec.Meta(pattern=rf"^(?:{VERSION.pattern})$")]
    digest: Digest


class LockedPackage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package.

    Attributes:
        language: What it is written in.
        events: The release of each event type.
    """

    language: str
    events: dict[str, Pin]

    @classmethod
    def of(cls, language: str, editions: Mapping[str, Edition]) -> "LockedPackage":
        """What was generated."""
        contracts = (each.contract for each in editions.values())
        return cls(language, {each.type: Pin(each.version, each.digest) for each in contracts})


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a lock file says.

    Attributes:
        version: Of its form.
        packages: Each package beside it, by name.
    """

    version: Literal[1] = 1
    packages: dict[str, LockedPackage] = {}

    @classmethod
    def read(cls, place: Path) -> "Lock":
        """A lock from its file; one that says nothing where there is none.

        Raises:
            ContractError: It cannot be read.
        """
        try:
            return _decoder.decode(place.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ContractError(
                f"{place} cannot be read: {error}",
                hint="take it as it was from version control, or remove it and generate again",
            ) from error

    def with_package(self, name: str, package: LockedPackage) -> "Lock":
        """The same, with another package or another form of it."""
        return Lock(self.version, {**self.packages, name: package})

    def write(self, place: Path) -> None:
        """Write it, as a whole or not at all.

        Raises:
            ContractError: It cannot be written.
        """
        text = msgspec.json.format(_encode(self), indent=2) + b"\n"
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            draft.write_bytes(text)
            draft.replace(place)
        except OSError as error:
            raise ContractError(f"{place} cannot be written: {error}") from error
        finally:
            draft.unlink(missing_ok=True)


_decoder = msgspec.json.Decoder(Lock)
_encode = msgspec.json.Encoder(order="deterministic").encode


def differences(before: LockedPackage | None, after: LockedPackage) -> Iterator[str]:
    """What is pinned otherwise, a line each: ``delivery.failed 1.0.0 → 1.1.0``.

    Args:
        before: What was pinned; None where nothing was.
        after: What is.
    """
    old = {} if before is None else before.events
    for event_type in sorted(old.keys() | after.events.keys()):
        was, now = old.get(event_type), after.events.get(event_type)
        if was is None and now is not None and before is not None:
            yield f"{event_type} {now.version}: added"
        elif was is not None and now is None:
            yield f"{event_type} {was.version}: removed"
        elif was is not None and now is not None and was.version != now.version:
            yield f"{event_type} {was.version} → {now.version}"
        elif was is not None and now is not None and was != now:
            yield f"{event_type} {now.version}: another form of it"
