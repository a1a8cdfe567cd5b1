"""TagResource, UntagResource and ListTagsForResource: tags of the bus, and of rules.

Source: Amazon EventBridge API reference, the operations of these names.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Final, NamedTuple

import msgspec

from keybus.arns import Arn
from keybus.bus.rules.errors import TooMuch
from keybus.bus.rules.rule import MOST_TAGS
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.shapes import Answer, Request, length
from keybus.server.eventbridge.naming import bus_named, rule_named
from keybus.server.eventbridge.shapes import Tag

_RESERVED: Final = "aws:"
ResourceArn = Annotated[str, length(1, 1600)]


class TagResource(Request, frozen=True):
    """TagResourceRequest."""

    resource_arn: ResourceArn = msgspec.field(name="ResourceARN")
    tags: tuple[Tag, ...]


class UntagResource(Request, frozen=True):
    """UntagResourceRequest."""

    resource_arn: ResourceArn = msgspec.field(name="ResourceARN")
    tag_keys: tuple[Annotated[str, length(1, 128)], ...]


class ListTagsForResource(Request, frozen=True):
    """ListTagsForResourceRequest."""

    resource_arn: ResourceArn = msgspec.field(name="ResourceARN")


class OneTag(Answer, frozen=True):
    """A Tag."""

    key: str
    value: str


class Tags(Answer, frozen=True):
    """ListTagsForResourceResponse."""

    tags: list[OneTag]


class _Tagged(NamedTuple):
    """Something that has tags.

    Attributes:
        kind: Which actions decide: ``buses`` or ``rules``; an account's own buses are as its rules.
        tags: Those that it has.
        keep: Gives it others, in place of those.
    """

    kind: str
    tags: Mapping[str, str]
    keep: Callable[[Mapping[str, str]], Awaitable[object]]


async def tag_resource(call: Call, asked: TagResource) -> None:
    """Add tags, or give them other values."""
    async with call.bus.details.tagging:
        found = _tagged(call, asked.resource_arn)
        require(call, f"{found.kind}.manage")
        more = {**found.tags, **checked(asked.tags)}
        _check_number(more)
        try:
            await found.keep(more)
        except TooMuch as error:
            raise AwsError("LimitExceededException", str(error)) from error


async def untag_resource(call: Call, asked: UntagResource) -> None:
    """Take tags away; keys that it does not have are passed over."""
    async with call.bus.details.tagging:
        found = _tagged(call, asked.resource_arn)
        require(call, f"{found.kind}.manage")
        left = {key: value for key, value in found.tags.items() if key not in asked.tag_keys}
        await found.keep(left)


async def list_tags_for_resource(call: Call, asked: ListTagsForResource) -> Tags:
    """List tags, by their keys."""
    found = _tagged(call, asked.resource_arn)
    require(call, f"{found.kind}.read")
    return Tags([OneTag(key, value) for key, value in sorted(found.tags.items())])


def checked(tags: Iterable[Tag]) -> dict[str, str]:
    """Tags as they were asked for, by their keys.

    Raises:
        AwsError: A key is there twice, or reserved; or there are too many.
    """
    found: dict[str, str] = {}
    for tag in tags:
        if tag.key in found:
            raise invalid(f"The tag key {tag.key!r} is given more than once.")
        if tag.key.lower().startswith(_RESERVED):
            raise invalid(
                f"The tag key {tag.key!r} is not valid: keys that begin with {_RESERVED} are reserved."
            )
        found[tag.key] = tag.value
    _check_number(found)
    return found


def _check_number(tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise invalid(f"A resource has at most {MOST_TAGS} tags; it would have {len(tags)}.")


def _tagged(call: Call, text: str) -> _Tagged:
    """What an ARN names; what is not the caller's does not exist.

    Raises:
        AwsError: ``ResourceNotFoundException``.
    """
    arn = Arn.parse(text)
    if arn is None:
        raise invalid(f"Parameter {text[:256]} is not valid. Reason: Provided Arn is not valid.")
    if arn.service == "events" and arn.resource.startswith("event-bus/"):
        name, details = bus_named(call, text), call.bus.details
        buses = call.bus.custom_buses
        if (own := buses.find(call.account, name)) is not None:
            keep = partial(buses.tag, own.account, own.name, by=call.principal)
            return _Tagged("rules", own.tags, keep)
        return _Tagged("buses", details.said.tags, lambda tags: details.tag(tags, call.principal))
    rule, rules = rule_named(call, text), call.bus.rules
    if rule is None or rule.account != call.account:
        raise AwsError("ResourceNotFoundException", f"Resource {text[:256]} does not exist.")
    return _Tagged(
        "rules",
        rule.tags,
        lambda tags: rules.set_tags(rule.account, rule.path, tags, call.principal),
    )


def require(call: Call, action: str) -> None:
    """Let it pass.

    Raises:
        Forbidden: Whoever asks may not do this.
    """
    if not call.is_open:
        refusal = call.bus.authorizer.administer(call.principal, action)
        call.bus.permission.require(call.principal, action, refusal)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ListTagsForResource": Operation(ListTagsForResource, list_tags_for_resource),
    "TagResource": Operation(TagResource, tag_resource),
    "UntagResource": Operation(UntagResource, untag_resource),
}
