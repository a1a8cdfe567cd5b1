"""Tags of registries and schemas, by their ARNs.

Source: EventBridge Schemas API reference, "Tags".
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, NamedTuple

import msgspec

from keybus.arns import Arn
from keybus.bus.schema_registries.records import Place, Registry, Schema
from keybus.bus.schema_registries.registries import tagged
from keybus.server.aws import Call
from keybus.server.aws.shapes import Answer, Request
from keybus.server.schemas.errors import bad_request, not_found
from keybus.server.schemas.keepers import OF_NOBODY, check_own, keeper_of
from keybus.server.schemas.names import check_tags
from keybus.server.schemas.operation import READ, WRITE, Operation
from keybus.server.schemas.places import query, uri

_PATH: Final = "/tags/{resource-arn}"
ResourceArn = Annotated[str, uri("resource-arn")]
Tags = Mapping[str, str]


class ListTagsForResource(Request, frozen=True):
    """ListTagsForResourceRequest."""

    resource_arn: ResourceArn


class TagResource(Request, frozen=True):
    """TagResourceRequest."""

    resource_arn: ResourceArn
    tags: dict[str, str] = msgspec.field(name="tags")


class UntagResource(Request, frozen=True):
    """UntagResourceRequest."""

    resource_arn: ResourceArn
    tag_keys: Annotated[list[str], query("tagKeys")]


class TagsAnswer(Answer, frozen=True, kw_only=True):
    """ListTagsForResourceResponse."""

    tags: Tags = msgspec.field(name="tags")


class _Named(NamedTuple):
    """What an ARN names: a registry, or a schema of it."""

    registry: str
    schema: str = ""


async def list_tags(call: Call, asked: ListTagsForResource) -> TagsAnswer:
    """Answer ListTagsForResource."""
    named = _named(call, asked.resource_arn)
    keeper = await keeper_of(call, named.registry)
    if not named.schema:
        return TagsAnswer(tags=keeper.tags)
    return TagsAnswer(tags=(await keeper.one(named.schema)).tags)


async def tag(call: Call, asked: TagResource) -> None:
    """Answer TagResource: what was there stays, where it is not said anew."""
    await _change(call, asked.resource_arn, lambda before: {**before, **asked.tags})


async def untag(call: Call, asked: UntagResource) -> None:
    """Answer UntagResource; a key that is not there is no error."""
    gone = set(asked.tag_keys)
    await _change(
        call,
        asked.resource_arn,
        lambda before: {key: value for key, value in before.items() if key not in gone},
    )


async def _change(call: Call, arn: str, after: Callable[[Tags], Tags]) -> None:
    named = _named(call, arn)
    check_own(named.registry)
    kept = call.bus.schema_registries

    def registry(before: Registry) -> Registry:
        return tagged(before, _checked(after(before.tags)))

    def schema(before: Schema) -> Schema:
        return tagged(before, _checked(after(before.tags)))

    if named.schema:
        place = Place(call.account, *named)
        await kept.change_schema(place, schema, call.principal)
    else:
        await kept.change(call.account, named.registry, registry, call.principal)


def _checked(tags: Tags) -> Tags:
    check_tags(tags)
    return tags


def _named(call: Call, text: str) -> _Named:
    """What an ARN names.

    Raises:
        AwsError: It is none of a registry or a schema, or not the caller's.
    """
    arn = Arn.parse(text)
    kind, *names = ("" if arn is None else arn.resource).split("/")
    wanted = {"registry": 1, "schema": 2}.get(kind)
    if arn is None or arn.service != "schemas" or len(names) != wanted:
        raise bad_request(f"{text[:200]!r} is no ARN of a registry or of a schema.")
    named = _Named(*names)
    account = "" if named.registry in OF_NOBODY else call.account_id
    if (arn.region, arn.account) != (call.bus.platform.region, account):
        raise not_found(f"{text[:200]} does not exist.")
    return named


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ListTagsForResource": Operation(
        "GET", _PATH, ListTagsForResource, list_tags, READ, TagsAnswer
    ),
    "TagResource": Operation("POST", _PATH, TagResource, tag, WRITE, status=204),
    "UntagResource": Operation("DELETE", _PATH, UntagResource, untag, WRITE, status=204),
}
