"""TestEventPattern: whether a pattern matches an event, decided as the bus decides it.

Source: Amazon EventBridge API reference, "TestEventPattern".
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from keybus.errors import EnvelopeError, PatternError
from keybus.patterns import Pattern
from keybus.server.access import MEMBER
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.shapes import Answer, Request, length

_MANDATORY: Final = ("id", "account", "source", "time", "region", "resources", "detail-type")


class TestEventPattern(Request, frozen=True):
    """TestEventPatternRequest."""

    event_pattern: Annotated[str, length(None, 4096)]
    event: str


class Tested(Answer, frozen=True):
    """TestEventPatternResponse."""

    result: bool


async def try_pattern(_: Call, asked: TestEventPattern) -> Tested:
    """Whether the pattern matches the event."""
    try:
        pattern = await asyncio.to_thread(Pattern.parse, asked.event_pattern)
    except PatternError as error:
        told = f"Event pattern is not valid. Reason: {error.args[0]}"
        raise AwsError("InvalidEventPatternException", told) from error
    _check(asked.event)
    try:
        return Tested(await asyncio.to_thread(pattern.matches, asked.event))
    except EnvelopeError as error:
        raise invalid(f"Parameter Event is not valid. Reason: {error.args[0]}") from error


def _check(event: str) -> None:
    """Raises AwsError for what is no event: no JSON object, or without a mandatory field."""
    try:
        read: Any = msgspec.json.decode(event)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(f"Parameter Event is not valid. Reason: it is no JSON: {error}") from error
    if not isinstance(read, dict):
        raise invalid("Parameter Event is not valid. Reason: it is no JSON object.")
    missing = [name for name in _MANDATORY if name not in read]
    if missing:
        raise invalid(
            f"Parameter Event is not valid. Reason: {', '.join(missing)} must be in the event."
        )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "TestEventPattern": Operation(TestEventPattern, try_pattern, MEMBER)
}
