"""What is kept of what was counted: the documents, as rows."""

import msgspec

from keybus.bus.usage.count import OfMajors, Row
from keybus.governance.sprawl import Agent


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one account.

    Attributes:
        published: By event type: how many, when the first, when the last.
        consumed: By subscription: how many were acknowledged, when a consumer was there.
        delivered: By subscription and event type: how many, when the first, when the last.
        seen: Software, and when.
        published_majors: By event type and major: how many, when the last.
        delivered_majors: By subscription, event type and major: how many, when the last.
    """

    published: dict[str, Row] = {}
    consumed: dict[str, tuple[int, int]] = {}
    delivered: dict[str, dict[str, Row]] = {}
    seen: list[tuple[Agent, int]] = []
    published_majors: dict[str, OfMajors] = {}
    delivered_majors: dict[str, dict[str, OfMajors]] = {}


class Since(msgspec.Struct, frozen=True):
    """When counting began, and how much was not counted under a name."""

    since_us: int
    overflow: int = 0
