"""A contract repository as one value."""

import msgspec

from keybus.contracts.documents import digest_of
from keybus.contracts.editions import PackedEdition
from keybus.contracts.folder import RepositorySettings


class PackedContracts(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a repository's folder says, to be sent and kept.

    Attributes:
        settings: Its ``keybus.toml``.
        files: The JSON text of each schema file, by its name.
        editions: Other majors that were released, and the status of those that are deprecated,
            sunset or retired.
        migrations: The text of each migration, by its name.
    """

    settings: RepositorySettings
    files: dict[str, str]
    editions: list[PackedEdition] = []
    migrations: dict[str, str] = {}

    @property
    def digest(self) -> str:
        """``sha256:…`` over all of it."""
        return digest_of(msgspec.to_builtins(self))
