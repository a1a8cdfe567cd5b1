"""Discoverers: what events look like that have no contract, as drafts in ``discovered-schemas``.

Source: EventBridge Schemas API reference, "Discoverers".
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec.structs import replace

from keybus.bus.schema_registries.discoverer import Discoverer
from keybus.server.aws import AwsError, Call
from keybus.server.aws.shapes import Answer, Request, length
from keybus.server.eventbridge.naming import bus_named, is_platforms
from keybus.server.schemas.errors import CONFLICT, bad_request
from keybus.server.schemas.names import check_tags
from keybus.server.schemas.operation import READ, WRITE, Operation
from keybus.server.schemas.paging import page
from keybus.server.schemas.places import query, uri
from keybus.server.schemas.shapes import Description, Limit, NextToken

_PATH: Final = "/v1/discoverers"
_ONE: Final = f"{_PATH}/id/{{discovererId}}"
SourceArn = Annotated[str, length(20, 1600)]
DiscovererId = Annotated[str, uri("discovererId")]


class CreateDiscoverer(Request, frozen=True):
    """CreateDiscovererRequest."""

    source_arn: SourceArn
    description: Description | None = None
    cross_account: bool | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict, name="tags")


class OfDiscoverer(Request, frozen=True):
    """What names a discoverer, and says nothing else."""

    discoverer_id: DiscovererId


class UpdateDiscoverer(Request, frozen=True):
    """UpdateDiscovererRequest."""

    discoverer_id: DiscovererId
    description: Description | None = None
    cross_account: bool | None = None


class ListDiscoverers(Request, frozen=True):
    """ListDiscoverersRequest."""

    discoverer_id_prefix: Annotated[str, query("discovererIdPrefix")] = ""
    limit: Limit | None = None
    next_token: NextToken | None = None
    source_arn_prefix: Annotated[str, query("sourceArnPrefix")] = ""


class DiscovererSummary(Answer, frozen=True):
    """DiscovererSummary."""

    discoverer_arn: str
    discoverer_id: str
    source_arn: str
    state: str
    cross_account: bool | None = None
    tags: Mapping[str, str] | None = msgspec.field(default=None, name="tags")


class DiscovererAnswer(DiscovererSummary, frozen=True):
    """CreateDiscovererResponse, DescribeDiscovererResponse and UpdateDiscovererResponse."""

    description: str | None = None


class DiscovererState(Answer, frozen=True):
    """StartDiscovererResponse and StopDiscovererResponse."""

    discoverer_id: str
    state: str


class Discoverers(Answer, frozen=True, kw_only=True):
    """ListDiscoverersResponse."""

    discoverers: list[DiscovererSummary]
    next_token: str | None = None


async def create_discoverer(call: Call, asked: CreateDiscoverer) -> DiscovererAnswer:
    """Answer CreateDiscoverer: it looks from now on."""
    check_tags(asked.tags)
    try:
        name = bus_named(call, asked.source_arn)
    except AwsError as error:
        raise bad_request(f"SourceArn is no event bus that there is: {error}") from error
    if ":event-bus/" not in asked.source_arn:
        raise bad_request("SourceArn has to be the ARN of an event bus.")
    discoverer = Discoverer(
        call.account,
        f"events-event-bus-{name}",
        asked.source_arn,
        not is_platforms(call, name),
        "STARTED",
        call.bus.clock.time_us(),
        tuple(sorted(call.principal.roles)),
        asks=not call.is_open,
        description=asked.description or "",
        cross_account=asked.cross_account is not False,
        tags=asked.tags,
    )
    return _told(call, await call.bus.discoverers.create(discoverer, call.principal))


async def describe_discoverer(call: Call, asked: OfDiscoverer) -> DiscovererAnswer:
    """Answer DescribeDiscoverer."""
    return _told(call, call.bus.discoverers.find(call.account, asked.discoverer_id))


async def update_discoverer(call: Call, asked: UpdateDiscoverer) -> DiscovererAnswer:
    """Answer UpdateDiscoverer; what is not said stays."""

    def changed(before: Discoverer) -> Discoverer:
        return replace(
            before,
            description=before.description if asked.description is None else asked.description,
            cross_account=(
                before.cross_account if asked.cross_account is None else asked.cross_account
            ),
        )

    found = await call.bus.discoverers.change(
        call.account, asked.discoverer_id, changed, call.principal
    )
    return _told(call, found)


async def delete_discoverer(call: Call, asked: OfDiscoverer) -> None:
    """Answer DeleteDiscoverer; the schemas that it has found stay."""
    await call.bus.discoverers.delete(call.account, asked.discoverer_id, call.principal)


async def start_discoverer(call: Call, asked: OfDiscoverer) -> DiscovererState:
    """Answer StartDiscoverer: it looks from now on."""
    return await _turn(call, asked, "STARTED")


async def stop_discoverer(call: Call, asked: OfDiscoverer) -> DiscovererState:
    """Answer StopDiscoverer."""
    return await _turn(call, asked, "STOPPED")


async def _turn(
    call: Call, asked: OfDiscoverer, state: Literal["STARTED", "STOPPED"]
) -> DiscovererState:
    def changed(before: Discoverer) -> Discoverer:
        if before.state == state:
            return before
        return replace(before, state=state, since=call.bus.clock.time_us())

    found = await call.bus.discoverers.change(
        call.account, asked.discoverer_id, changed, call.principal
    )
    return DiscovererState(found.id, found.state)


async def list_discoverers(call: Call, asked: ListDiscoverers) -> Discoverers:
    """Answer ListDiscoverers."""
    chosen = [
        each
        for each in call.bus.discoverers.of(call.account)
        if each.id.startswith(asked.discoverer_id_prefix)
        and each.source_arn.startswith(asked.source_arn_prefix)
    ]
    of = f"discoverers {asked.discoverer_id_prefix} {asked.source_arn_prefix}"
    told, token = page(chosen, _id, of, limit=asked.limit, token=asked.next_token)
    return Discoverers(discoverers=[_summary(call, each) for each in told], next_token=token)


def _id(discoverer: Discoverer) -> str:
    return discoverer.id


def _arn(call: Call, discoverer: Discoverer) -> str:
    return call.arn("schemas", f"discoverer/{discoverer.id}")


def _summary(call: Call, found: Discoverer) -> DiscovererSummary:
    return DiscovererSummary(
        _arn(call, found), found.id, found.source_arn, found.state, found.cross_account, found.tags
    )


def _told(call: Call, found: Discoverer) -> DiscovererAnswer:
    return DiscovererAnswer(
        _arn(call, found),
        found.id,
        found.source_arn,
        found.state,
        found.cross_account,
        found.tags,
        found.description or None,
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateDiscoverer": Operation(
        "POST",
        _PATH,
        CreateDiscoverer,
        create_discoverer,
        WRITE,
        DiscovererAnswer,
        201,
        frozenset({CONFLICT}),
    ),
    "DeleteDiscoverer": Operation(
        "DELETE", _ONE, OfDiscoverer, delete_discoverer, WRITE, status=204
    ),
    "DescribeDiscoverer": Operation(
        "GET", _ONE, OfDiscoverer, describe_discoverer, READ, DiscovererAnswer
    ),
    "ListDiscoverers": Operation(
        "GET",
        _PATH,
        ListDiscoverers,
        list_discoverers,
        READ,
        Discoverers,
        kinds=frozenset(),
    ),
    "StartDiscoverer": Operation(
        "POST", f"{_ONE}/start", OfDiscoverer, start_discoverer, WRITE, DiscovererState
    ),
    "StopDiscoverer": Operation(
        "POST", f"{_ONE}/stop", OfDiscoverer, stop_discoverer, WRITE, DiscovererState
    ),
    "UpdateDiscoverer": Operation(
        "PUT", _ONE, UpdateDiscoverer, update_discoverer, WRITE, DiscovererAnswer
    ),
}
