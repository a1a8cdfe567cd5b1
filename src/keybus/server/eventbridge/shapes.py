"""Shapes that several operations of EventBridge share.

They are the service model's, but that a region may have any name, such as ``local``.
"""

from typing import Annotated

from keybus.server.aws.shapes import length, pattern

_BUS_ARN = r"(arn:aws[\w-]*:events:[\w-]+:[0-9]{12}:event-bus\/)?"

BusName = Annotated[str, length(1, 1600), pattern(rf"{_BUS_ARN}[/\.\-_A-Za-z0-9]+")]
"""A bus's name or ARN."""
OwnBusName = Annotated[str, length(1, 1600), pattern(rf"{_BUS_ARN}[\.\-_A-Za-z0-9]+")]
"""The same of a bus that is no partner's."""
