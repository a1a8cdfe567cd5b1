"""Registries as they are read, whoever keeps them: accounts, the bus's contracts, or nobody yet."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import msgspec

from keybus.arns import Arn
from keybus.bus.schema_registries.discovered import REGISTRY
from keybus.bus.schema_registries.errors import NoSuchSchema
from keybus.bus.schema_registries.records import Kind, Place, Registry, Schema, SchemaVersion
from keybus.bus.schema_registries.released import ContractVersion, ReleasedSchemas, current
from keybus.clock import rfc3339
from keybus.contracts.versions import precedence
from keybus.server.aws import Call
from keybus.server.schemas.errors import FORBIDDEN, not_found, refused

CONTRACTS: Final = "keybus"
"""The registry that has the bus's contracts."""
DISCOVERED: Final = REGISTRY
OF_AWS: Final = "aws.events"
OF_NOBODY: Final = frozenset({CONTRACTS, OF_AWS})
"""Registries of no account: their ARNs have none."""
BUILT_IN: Final[Mapping[str, str]] = {
    OF_AWS: "Schemas of events of AWS's own services; no such service puts events here.",
    DISCOVERED: "Schemas that discoverers have found in events without a contract.",
    CONTRACTS: "The contracts that hold on this bus, and all that was released of them.",
}
"""Registries that nobody made, and what each has."""


class Version(msgspec.Struct, frozen=True):
    """A version of a schema, to be read.

    Attributes:
        name: What it is called.
        kind: What it is written in.
        created: When it was made, RFC 3339; None where nobody knows.
        text: Reads its text.
        contract: The contract that it is; None for any other schema.
    """

    name: str
    kind: Kind
    created: str | None
    text: Callable[[], Awaitable[str]]
    contract: ContractVersion | None = None


class Found(msgspec.Struct, frozen=True):
    """A schema, to be read.

    Attributes:
        name: Its name.
        arn: Its ARN.
        count: How many versions it has: at least one.
        told: Tells them, the oldest first: only where somebody asks, as lists have thousands.
        newest: The name of the version that is meant where none is named.
        description: What it is for.
        tags: What is said of it.
        modified: When anything of it was changed, RFC 3339; None where nobody knows.
    """

    name: str
    arn: str
    count: int
    told: Callable[[], tuple[Version, ...]]
    newest: str
    description: str = ""
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    modified: str | None = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Its versions, the oldest first."""
        return self.told()

    def version(self, name: str | None = None) -> Version:
        """A version by its name; the newest where none is named.

        Raises:
            AwsError: There is none.
        """
        wanted = name or self.newest
        for each in self.versions:
            if each.name == wanted:
                return each
        raise not_found(f"Version {wanted[:100]} of {self.name} does not exist.")


class Keeper(Protocol):
    """A registry, to be read."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def description(self) -> str:
        """What it is for."""

    @property
    def tags(self) -> Mapping[str, str]:
        """What is said of it."""

    def order(self, version: str) -> Any:
        """What its versions' names are ordered by.

        Raises:
            ValueError: It is no name of a version.
        """

    async def all(self) -> list[Found]:
        """Its schemas, by name."""

    async def one(self, name: str) -> Found:
        """A schema of it.

        Raises:
            AwsError, NoSuchSchema: It has none of that name.
        """


class Kept:
    """A registry of the caller's account.

    Args:
        call: The call.
        registry: What is kept of it.
    """

    def __init__(self, call: Call, registry: Registry) -> None:
        self._call, self.registry = call, registry
        self.name, self.description, self.tags = registry.name, registry.description, registry.tags
        self.arn = call.arn("schemas", f"registry/{registry.name}")

    def order(self, version: str) -> Any:
        """As numbers."""
        return int(version)

    async def all(self) -> list[Found]:
        """Its schemas, by name."""
        shelf = self._call.bus.schema_registries.shelf
        schemas = await shelf.schemas(self.registry.account, self.name)
        return [found_of(self._call, each) for each in schemas]

    async def one(self, name: str) -> Found:
        """A schema of it."""
        place = Place(self.registry.account, self.name, name)
        return found_of(self._call, await self._call.bus.schema_registries.shelf.schema(place))


def found_of(call: Call, schema: Schema) -> Found:
    """A schema that an account keeps, as it is read."""
    return Found(
        schema.name,
        call.arn("schemas", f"schema/{schema.registry}/{schema.name}"),
        len(schema.versions),
        lambda: tuple(_version(call, schema, each) for each in schema.versions),
        str(schema.newest.number),
        schema.description,
        schema.tags,
        rfc3339(schema.modified_us),
    )


def _version(call: Call, schema: Schema, version: SchemaVersion) -> Version:
    async def text() -> str:
        return await call.bus.schema_registries.shelf.content(schema, version)

    return Version(str(version.number), version.kind, rfc3339(version.created_us), text)


class BuiltIn:
    """A registry that nobody made and that has no schemas.

    Args:
        call: The call.
        name: Its name.
    """

    def __init__(self, call: Call, name: str) -> None:
        self._call = call
        self.name, self.description = name, BUILT_IN[name]
        self.arn = self._named(f"registry/{name}")
        self.tags: Mapping[str, str] = {}

    def order(self, version: str) -> Any:
        """As numbers."""
        return int(version)

    async def all(self) -> list[Found]:
        """None."""
        return []

    async def one(self, name: str) -> Found:
        """Never one."""
        raise not_found(f"Schema with name {name[:400]} does not exist.")

    def _named(self, resource: str) -> str:
        """An ARN; of no account, where every account sees the same registry."""
        if self.name in OF_NOBODY:
            return str(Arn("schemas", self._call.bus.platform.region, "", resource))
        return self._call.arn("schemas", resource)


class Contracts(BuiltIn):
    """The contracts that the caller may read.

    Args:
        call: The call.
        released: Those.
    """

    def __init__(self, call: Call, released: ReleasedSchemas) -> None:
        super().__init__(call, CONTRACTS)
        self._released = released

    def order(self, version: str) -> Any:
        """As semantic versions; build metadata tells those apart that are equal else."""
        return precedence(version), version

    async def all(self) -> list[Found]:
        """Every event type of which something may be read."""
        found = await self._released.all()
        return [self._found(name, versions) for name, versions in found.items()]

    async def one(self, name: str) -> Found:
        """An event type."""
        versions = await self._released.versions(name)
        return self._found(name, versions) if versions else await super().one(name)

    def _found(self, name: str, versions: list[ContractVersion]) -> Found:
        newest = current(versions)
        said = newest.contract.schema.get("description", "")
        changed = max((each.changed for each in versions), default="")
        return Found(
            name,
            self._named(f"schema/{CONTRACTS}/{name}"),
            len(versions),
            lambda: tuple(map(_contract_version, versions)),
            newest.name,
            said if isinstance(said, str) else "",
            tags_of(newest),
            changed or None,
        )


def tags_of(version: ContractVersion) -> dict[str, str]:
    """What is said of a contract that a schema has no member for."""
    told = {
        "keybus:owner": version.contract.owner,
        "keybus:classification": version.contract.classification,
        "keybus:status": version.status,
        "keybus:digest": version.contract.digest,
        "keybus:replaced-by": version.replaced_by,
        "keybus:sunset": version.sunset,
    }
    return {name: value for name, value in told.items() if value}


def _contract_version(version: ContractVersion) -> Version:
    async def text() -> str:
        return await asyncio.to_thread(version.text)

    created = version.created or None
    return Version(version.name, "JSONSchemaDraft4", created, text, version)


async def keeper_of(call: Call, name: str) -> Keeper:
    """The registry of a name.

    Raises:
        NoSuchSchema: The caller's account has none.
    """
    if name == CONTRACTS:
        applied = call.bus.generation.contracts.editions
        return Contracts(call, ReleasedSchemas(call.bus.releases, call.principal, applied))
    shelf = call.bus.schema_registries.shelf
    if name == DISCOVERED:
        try:
            return Kept(call, await shelf.find(call.account, name))
        except NoSuchSchema:  # nothing was found yet
            return BuiltIn(call, name)
    if name in BUILT_IN:
        return BuiltIn(call, name)
    return Kept(call, await shelf.find(call.account, name))


def check_own(name: str, *, deleting: bool = False) -> None:
    """Let something of a registry be changed.

    Args:
        name: The registry's name.
        deleting: Whether schemas are only to be deleted, which may be those that were discovered.

    Raises:
        AwsError: Nobody changes it by this API; what to do instead is said.
    """
    if deleting and name == DISCOVERED:
        return
    if (why := _NOBODYS.get(name)) is not None:
        raise refused(FORBIDDEN, why)


_NOBODYS: Final[Mapping[str, str]] = {
    CONTRACTS: "The registry keybus is read-only: its schemas are contracts. Write one, and publish"
    " it with `keybus contracts publish`, or POST /api/v1/contracts/TYPE/releases, which judge"
    " whether it breaks anybody.",
    DISCOVERED: f"The registry {DISCOVERED} is filled by discovery alone.",
    OF_AWS: f"The registry {OF_AWS} is AWS's own.",
}
