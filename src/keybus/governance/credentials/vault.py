"""What the registry asks of whatever keeps secrets and documents."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec


class Sealed(msgspec.Struct, frozen=True):
    """An encrypted secret.

    Attributes:
        key_id: Which key it was sealed under.
        data: Nonce and ciphertext.
    """

    key_id: str
    data: bytes


class Vault(Protocol):
    """Seals and opens secrets; `SealingKeys` is one."""

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        ...

    def seal(self, secret: str, bound_to: str) -> Sealed:
        """Encrypt a secret, bound to what it belongs to."""
        ...

    def open(self, sealed: Sealed, bound_to: str) -> str:
        """Decrypt a secret.

        Raises:
            CredentialError: It does not open.
        """
        ...


class Document(Protocol):
    """A versioned value."""

    @property
    def version(self) -> int:
        """Its version."""
        ...

    @property
    def value(self) -> bytes:
        """Its bytes."""
        ...


class Documents(Protocol):
    """Versioned documents with compare-and-set, as an engine has them."""

    async def put(
        self, collection: str, key: str, value: bytes, *, expected: int | None = None
    ) -> int:
        """Write durably and return the new version."""
        ...

    def list(self, collection: str) -> AsyncIterator[Document]:
        """All documents of the collection."""
        ...
