"""What is kept of an account's schema registries."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

Kind = Literal["OpenApi3", "JSONSchemaDraft4"]
"""What schemas are written in."""
Tags = Mapping[str, str]


class Place(NamedTuple):
    """Which schema is meant.

    Attributes:
        account: The account's name.
        registry: The registry's.
        name: The schema's.
    """

    account: str
    registry: str
    name: str

    @property
    def key(self) -> str:
        """The document's; neither registries nor schemas have a slash in their names."""
        return "/".join(self)


class Registry(msgspec.Struct, frozen=True):
    """A registry of an account.

    Attributes:
        account: The account's name.
        name: Its name; the account has no other of that name.
        description: What it is for.
        tags: Whatever its account says of it.
    """

    account: str
    name: str
    description: str = ""
    tags: Tags = msgspec.field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its document's; names of registries have no slash in them."""
        return f"{self.account}/{self.name}"


class SchemaVersion(msgspec.Struct, frozen=True):
    """One version of a schema; what it says never changes.

    Attributes:
        number: Counted from 1; that of a deleted one is not used again.
        kind: What it is written in.
        digest: ``sha256:…`` of its text.
        size: Bytes of its text.
        created_us: When it was made; microseconds since the Unix epoch.
        token: What its maker called the request, so that the same again makes no other version.
    """

    number: int
    kind: Kind
    digest: str
    size: int
    created_us: int
    token: str = ""


class Schema(msgspec.Struct, frozen=True):
    """A schema of a registry.

    Attributes:
        account: The registry's.
        registry: The registry's name.
        name: Its name; the registry has no other of that name.
        versions: At least one, the oldest first.
        last: The highest number that any version had.
        modified_us: When anything of it was changed; microseconds since the Unix epoch.
        description: What it is for.
        tags: Whatever its account says of it.
    """

    account: str
    registry: str
    name: str
    versions: tuple[SchemaVersion, ...]
    last: int
    modified_us: int
    description: str = ""
    tags: Tags = msgspec.field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.account, self.registry, self.name)

    @property
    def key(self) -> str:
        """Its document's."""
        return self.place.key

    @property
    def newest(self) -> SchemaVersion:
        """The version that is meant where none is named."""
        return self.versions[-1]

    @property
    def size(self) -> int:
        """Bytes of all its texts."""
        return sum(each.size for each in self.versions)

    def content_key(self, version: SchemaVersion) -> str:
        """The key of a version's text."""
        return f"{self.key}/{version.number}"


class Draft(msgspec.Struct, frozen=True):
    """A version that is to be made.

    Attributes:
        kind: What it is written in.
        content: Its text.
        token: What its maker calls the request.
    """

    kind: Kind
    content: str
    token: str = ""
