"""Registries: made, described, changed, deleted and listed.

Source: EventBridge Schemas API reference, "Registries".
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from keybus.bus.schema_registries.records import Registry
from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request
from keybus.server.schemas.errors import CONFLICT, bad_request, refused
from keybus.server.schemas.keepers import (
    BUILT_IN,
    DISCOVERED,
    Keeper,
    Kept,
    check_own,
    keeper_of,
)
from keybus.server.schemas.names import check_registry_name, check_tags
from keybus.server.schemas.operation import READ, WRITE, Operation
from keybus.server.schemas.paging import page
from keybus.server.schemas.places import query
from keybus.server.schemas.shapes import (
    REGISTRY,
    Description,
    Limit,
    NextToken,
    OfRegistry,
    RegistryName,
)

_SCOPES: Final = ("LOCAL", "AWS")


class CreateRegistry(Request, frozen=True):
    """CreateRegistryRequest."""

    registry_name: RegistryName
    description: Description | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict, name="tags")


class UpdateRegistry(Request, frozen=True):
    """UpdateRegistryRequest."""

    registry_name: RegistryName
    description: Description | None = None


class ListRegistries(Request, frozen=True):
    """ListRegistriesRequest."""

    limit: Limit | None = None
    next_token: NextToken | None = None
    registry_name_prefix: Annotated[str, query("registryNamePrefix")] = ""
    scope: Annotated[str, query("scope")] = ""


class RegistryAnswer(Answer, frozen=True):
    """CreateRegistryResponse, DescribeRegistryResponse and UpdateRegistryResponse."""

    registry_arn: str
    registry_name: str
    description: str | None = None
    tags: Mapping[str, str] | None = msgspec.field(default=None, name="tags")


class RegistrySummary(Answer, frozen=True):
    """RegistrySummary."""

    registry_arn: str
    registry_name: str
    tags: Mapping[str, str] | None = msgspec.field(default=None, name="tags")


class Registries(Answer, frozen=True, kw_only=True):
    """ListRegistriesResponse."""

    registries: list[RegistrySummary]
    next_token: str | None = None


async def create_registry(call: Call, asked: CreateRegistry) -> RegistryAnswer:
    """Answer CreateRegistry."""
    name = asked.registry_name
    if name in BUILT_IN:
        raise refused(CONFLICT, f"Registry with name {name} already exists.")
    check_registry_name(name)
    check_tags(asked.tags)
    registry = Registry(call.account, name, asked.description or "", asked.tags)
    return _told(Kept(call, await call.bus.schema_registries.create(registry, call.principal)))


async def describe_registry(call: Call, asked: OfRegistry) -> RegistryAnswer:
    """Answer DescribeRegistry."""
    return _told(await keeper_of(call, asked.registry_name))


async def update_registry(call: Call, asked: UpdateRegistry) -> RegistryAnswer:
    """Answer UpdateRegistry; without a description nothing is changed."""
    check_own(asked.registry_name)

    def changed(before: Registry) -> Registry:
        said = before.description if asked.description is None else asked.description
        return replace(before, description=said)

    kept = call.bus.schema_registries
    registry = await kept.change(call.account, asked.registry_name, changed, call.principal)
    return _told(Kept(call, registry))


async def delete_registry(call: Call, asked: OfRegistry) -> None:
    """Answer DeleteRegistry."""
    check_own(asked.registry_name)
    await call.bus.schema_registries.delete(call.account, asked.registry_name, call.principal)


async def list_registries(call: Call, asked: ListRegistries) -> Registries:
    """Answer ListRegistries: an account's own are of the scope Local, as is what is discovered."""
    scope = asked.scope.upper()
    if scope not in ("", *_SCOPES):
        raise bad_request(f"Scope is Local or AWS, not {asked.scope[:100]!r}.")
    own = await call.bus.schema_registries.shelf.all(call.account)
    names = {each.name: "LOCAL" for each in own}
    names |= {name: "LOCAL" if name == DISCOVERED else "AWS" for name in BUILT_IN}
    chosen = sorted(
        name
        for name, said in names.items()
        if scope in ("", said) and name.startswith(asked.registry_name_prefix)
    )
    of = f"registries {scope} {asked.registry_name_prefix}"
    told, token = page(chosen, str, of, limit=asked.limit, token=asked.next_token)
    kept = {each.name: each for each in own}
    keepers = [
        Kept(call, kept[name]) if name in kept else await keeper_of(call, name) for name in told
    ]
    return Registries(registries=[_summary(each) for each in keepers], next_token=token)


def _summary(keeper: Keeper) -> RegistrySummary:
    return RegistrySummary(keeper.arn, keeper.name, keeper.tags)


def _told(keeper: Keeper) -> RegistryAnswer:
    return RegistryAnswer(keeper.arn, keeper.name, keeper.description or None, keeper.tags)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateRegistry": Operation(
        "POST",
        REGISTRY,
        CreateRegistry,
        create_registry,
        WRITE,
        RegistryAnswer,
        201,
        frozenset({CONFLICT}),
    ),
    "DescribeRegistry": Operation(
        "GET", REGISTRY, OfRegistry, describe_registry, READ, RegistryAnswer
    ),
    "UpdateRegistry": Operation(
        "PUT", REGISTRY, UpdateRegistry, update_registry, WRITE, RegistryAnswer
    ),
    "DeleteRegistry": Operation("DELETE", REGISTRY, OfRegistry, delete_registry, WRITE, status=204),
    "ListRegistries": Operation(
        "GET",
        "/v1/registries",
        ListRegistries,
        list_registries,
        READ,
        Registries,
        kinds=frozenset(),
    ),
}
