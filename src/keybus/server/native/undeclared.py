"""Events of the log whose types no contract has, over the native API: what discovery looks at."""

import asyncio
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.archive.looking import TURN, page_of
from keybus.bus.archive.replay import Wanted
from keybus.bus.engine import Stored
from keybus.bus.forms.forms import Untranslatable
from keybus.bus.tapping.view import AccountView
from keybus.envelope import head
from keybus.errors import EnvelopeError
from keybus.protocol import API
from keybus.server.access import MEMBER, AnyRoute, bus_of, guarded, is_open, principal_of
from keybus.server.answers import json
from keybus.server.moments import Moment, moment_of
from keybus.server.operation import Operation
from keybus.server.request import Query


class UndeclaredEvent(msgspec.Struct, frozen=True):
    """An event whose type no contract has.

    Attributes:
        position: Its place in the log.
        ingested_at: When the bus took it, in microseconds since the Unix epoch.
        envelope: The envelope, as whoever asks may have it.
    """

    position: int
    ingested_at: int
    envelope: msgspec.Raw


class UndeclaredPage(msgspec.Struct, frozen=True):
    """``GET /api/v1/undeclared-events``.

    Attributes:
        events: In the order of the log.
        next: The ``after`` of the following page; null: there is none.
    """

    events: list[UndeclaredEvent]
    next: int | None = None


class UndeclaredQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/undeclared-events``.

    Attributes:
        since: From when on the bus took them: RFC 3339, a date, or microseconds since the Unix
            epoch; absent: all that the log has.
        until: Before when; absent: now.
        after: Only behind this position of the log.
        type: Only events of this type.
    """

    since: Moment | msgspec.UnsetType = msgspec.UNSET
    until: Moment | msgspec.UnsetType = msgspec.UNSET
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    type: str = ""


_QUERY = Query(UndeclaredQuery)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/undeclared-events",
            _undeclared,
            access=MEMBER,
            operation=Operation(
                id="listUndeclaredEvents",
                summary="Events of the log whose types no contract has, that one may read",
                description="A page looks at so many events of the log, and may have none.",
                query=_QUERY,
                answers={200: UndeclaredPage},
            ),
        )
    ]


async def _undeclared(request: Request) -> Response:
    bus, principal, asked = bus_of(request), principal_of(request), _QUERY.of(request)
    asking = None if is_open(bus, principal) else principal
    view = AccountView(bus.control, asking, bus.clock)
    since = 0 if asked.since is msgspec.UNSET else moment_of("since", asked.since)
    now = bus.clock.time_us()
    until = now if asked.until is msgspec.UNSET else moment_of("until", asked.until)
    wanted = Wanted("", since, until)
    stored, more = await page_of(bus.engine, wanted, asked.after)
    found = []
    for number, one in enumerate(stored, 1):
        each = _shown(bus, view, one, asked.type)
        found += [] if each is None else [each]
        if number % TURN == 0:
            await asyncio.sleep(0)
    return json(UndeclaredPage(found, stored[-1].position if more else None))


def _shown(bus: Bus, view: AccountView, stored: Stored, wanted: str) -> UndeclaredEvent | None:
    """An event, where its type has no contract and it may be read."""
    try:
        event_type, _ = head(stored.envelope)
        if event_type in bus.generation.contracts.editions or wanted not in ("", event_type):
            return None
        shown = view.show(stored.envelope, None)
    except (EnvelopeError, RecursionError, msgspec.MsgspecError, Untranslatable):
        return None  # it was made so that it cannot be looked at
    if shown is None:
        return None
    return UndeclaredEvent(stored.position, stored.ingested_at, msgspec.Raw(shown))
