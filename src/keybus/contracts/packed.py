"""A contract repository as one value."""

import msgspec

from keybus.contracts.documents import digest_of
from keybus.contracts.folder import RepositorySettings


class PackedContracts(msgspec.Struct, frozen=True):
    """All that a repository's folder says, to be sent and kept.

    Attributes:
        settings: Its ``keybus.toml``.
        files: The JSON text of each schema file, by its name.
    """

    settings: RepositorySettings
    files: dict[str, str]

    @property
    def digest(self) -> str:
        """``sha256:…`` over all of it."""
        return digest_of(msgspec.to_builtins(self))
