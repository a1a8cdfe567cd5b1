"""Shapes that several operations of EventBridge share.

They are the service model's, but that a region may have any name, such as ``local``.
"""

from typing import Annotated

from keybus.server.aws.shapes import Request, between, length, pattern

_BUS_ARN = r"(arn:aws[\w-]*:events:[\w-]+:[0-9]{12}:event-bus\/)?"

BusName = Annotated[str, length(1, 1600), pattern(rf"{_BUS_ARN}[/\.\-_A-Za-z0-9]+")]
"""A bus's name or ARN."""
OwnBusName = Annotated[str, length(1, 1600), pattern(rf"{_BUS_ARN}[\.\-_A-Za-z0-9]+")]
"""The same of a bus that is no partner's."""
NextToken = Annotated[str, length(1, 2048)]
Limit = Annotated[int, between(1, 100)]


class Tag(Request, frozen=True):
    """A tag."""

    key: Annotated[str, length(1, 128)]
    value: Annotated[str, length(0, 256)]
