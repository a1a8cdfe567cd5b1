"""Released contracts as they are listed, searched and shown."""

from collections.abc import Iterable, Sequence

import msgspec

from keybus.bus.registry.errors import NoSuchMigration, NoSuchRelease
from keybus.contracts import Contract
from keybus.contracts.releases import LedgerEntry, Release
from keybus.contracts.releases.exchange import ContractInfo, MigrationInfo, ReleaseInfo
from keybus.errors import UnknownEventType


class Wanted(msgspec.Struct, frozen=True):
    """Which types are looked for.

    Attributes:
        words: All of them occur in its type, title, description or names of properties.
        owner: The account that owns it; empty: any.
        status: Its current release's; empty: any.
    """

    words: tuple[str, ...] = ()
    owner: str = ""
    status: str = ""

    def takes(self, info: ContractInfo, text: str) -> bool:
        """Whether a type is one of them, by its current release.

        Args:
            info: The type.
            text: What is searched of it.
        """
        if (self.owner and info.owner != self.owner) or (self.status not in ("", info.status)):
            return False
        return all(word.casefold() in text for word in self.words)


class SearchTexts:
    """What is searched of contracts; worked out once for each, as that takes a while."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def of(self, info: ContractInfo, contract: Contract) -> str:
        """A contract's type, title, description and names of properties, in lower case."""
        text = self._found.get(info.digest)
        if text is None:
            pointers = [each.pointer for each in contract.declared()]
            text = "\n".join([info.type, info.title, info.description, *pointers]).casefold()
            self._found[info.digest] = text
        return text


def current(releases: Sequence[Release]) -> Release:
    """The newest release that somebody may rely on; where there is none, the newest at all.

    Args:
        releases: At least one, the lowest version first.
    """
    return ([each for each in releases if each.is_promise] or releases)[-1]


def contract_info(releases: Sequence[Release], contract: Contract) -> ContractInfo:
    """A type as it is listed.

    Args:
        releases: Those that may be read.
        contract: That of the current one.
    """
    release = current(releases)
    description = contract.schema.get("description", "")
    return ContractInfo(
        contract.type,
        contract.title,
        description if isinstance(description, str) else "",
        release.version,
        release.digest,
        release.status,
        contract.owner,
        contract.classification,
        len(releases),
    )


def release_info(release: Release) -> ReleaseInfo:
    """A release as it is listed."""
    return ReleaseInfo(
        release.version,
        release.digest,
        release.status,
        release.made.time,
        release.made.breaks,
        release.last.replaced_by,
        release.last.sunset,
    )


def migration_info(entry: LedgerEntry) -> MigrationInfo:
    """A migration as it is listed."""
    return MigrationInfo(str(entry.migration), str(entry.text), entry.version, entry.time)


def migration_of(event_type: str, entries: Sequence[LedgerEntry], digest: str) -> LedgerEntry:
    """The last entry of the migration with a digest.

    Raises:
        NoSuchMigration: There is none among those that may be read.
    """
    for each in reversed(entries):
        if each.text == digest:
            return each
    message = f"{event_type} has no migration {digest[:80]!r}"
    raise NoSuchMigration(message, hint="what shows the type lists its migrations")


def release_of(event_type: str, releases: Sequence[Release], wanted: str) -> Release:
    """A release by its version, or by its digest.

    Raises:
        NoSuchRelease: There is none among those that may be read.
    """
    for each in releases:
        if wanted in (each.version, each.digest):
            return each
    raise NoSuchRelease(
        f"{event_type} has no release {wanted[:80]!r}",
        hint=f"it has {', '.join(_some([each.version for each in releases]))}",
    )


def _some(versions: Sequence[str]) -> Sequence[str]:
    return versions if len(versions) <= 10 else ["…", *versions[-10:]]  # noqa: PLR2004 - to be read


def unknown(event_type: str, readable: Iterable[str]) -> UnknownEventType:
    """That nothing of a type was released, or may be read, which nobody can tell apart."""
    error = UnknownEventType(event_type[:200], readable)
    if not error.nearest:
        error.hint = "see `keybus contracts search`"
    return error
