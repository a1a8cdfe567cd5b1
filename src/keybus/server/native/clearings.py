"""Dead letters leave over the native API: redriven or purged, after a preview."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.dead_letters.clearing import AlreadyClearing, Clearing, NoSuchClearing, Preview
from keybus.bus.dead_letters.letters import LetterChoice
from keybus.errors import SubscriptionError
from keybus.protocol import API
from keybus.server.access import CONSUME, AnyRoute, bus_of, guarded, principal_of
from keybus.server.answers import BadRequest, json
from keybus.server.native.dead_letters import MAX_LETTERS
from keybus.server.operation import Operation
from keybus.server.request import Body

_ACCEPTED = 202
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}$")]


class ClearingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST …/dead-letters/redrive`` and ``…/purge``: which, and whether only to look.

    Attributes:
        dry_run: Only say what it would be.
        cause: Those of this cause; empty: of any.
        event_type: Those of this event type; empty: of any.
        ids: Those of these ids; None: all.
        mark: None that was buried after this one: a preview's ``mark``.
        rate: Letters a second, at most; 0: as fast as it goes.
    """

    dry_run: bool = False
    cause: Annotated[str, msgspec.Meta(max_length=64)] = ""
    event_type: Annotated[str, msgspec.Meta(max_length=128)] = ""
    ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=MAX_LETTERS)] | None = None
    mark: Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{16})?$")] = ""
    rate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0

    @property
    def choice(self) -> LetterChoice:
        """Which are meant."""
        ids = None if self.ids is None else tuple(self.ids)
        return LetterChoice(self.cause, self.event_type, until=self.mark, ids=ids)


_REQUEST = Body(
    ClearingRequest,
    limit=64 << 10,
    wrong="the body names no dead letters",
    hint='send {"dry_run": true} first',
    optional=True,
)


def routes() -> list[AnyRoute]:
    """Every route by which dead letters leave, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    name = {"name": "The subscription's name."}
    leaving = {200: Preview, _ACCEPTED: Clearing}
    return [
        guarded(
            f"{one}/dead-letters/redrive",
            _redrive,
            access=CONSUME,
            operation=Operation(
                id="redriveDeadLetters",
                summary="Deliver dead letters again; with `dry_run`, say what that would be",
                path=name,
                body=_REQUEST,
                answers=leaving,
                fails=(SubscriptionError, AlreadyClearing),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/dead-letters/purge",
            _purge,
            access=CONSUME,
            operation=Operation(
                id="purgeDeadLetters",
                summary="Delete dead letters; with `dry_run`, say what that would be",
                description="What is purged is gone, so without `dry_run` a preview's `mark` is needed.",
                path=name,
                body=_REQUEST,
                answers=leaving,
                fails=(SubscriptionError, AlreadyClearing),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{one}/redrives",
            _redrives,
            access=CONSUME,
            operation=Operation(
                id="listRedrives",
                summary="Redrives and purges, the latest first",
                path=name,
                answers={200: list[Clearing]},
                fails=(SubscriptionError,),
            ),
        ),
        guarded(
            f"{one}/redrives/{{id}}",
            _cancel,
            access=CONSUME,
            operation=Operation(
                id="cancelRedrive",
                summary="Stop a redrive or a purge; what was moved stays moved",
                path=name | {"id": "The redrive's id."},
                answers={200: Clearing},
                fails=(NoSuchClearing,),
            ),
            methods=["DELETE"],
        ),
    ]


async def _redrive(request: Request) -> Response:
    return await _clear(request, "redrive")


async def _purge(request: Request) -> Response:
    return await _clear(request, "purge")


async def _clear(request: Request, kind: Literal["redrive", "purge"]) -> Response:
    bus, name = bus_of(request), request.path_params["name"]
    asked = await _REQUEST.of(request)
    if asked.dry_run:
        return json(await bus.clearings.preview(name, asked.choice))
    if kind == "purge" and not asked.mark:
        raise BadRequest(
            "what is purged is gone, so it has to be looked at before",
            hint='send {"dry_run": true}, and then the mark that is answered',
        )
    begun = await bus.clearings.begin(
        kind, name, asked.choice, principal_of(request), rate=asked.rate
    )
    return json(begun, _ACCEPTED)


async def _redrives(request: Request) -> Response:
    bus, name = bus_of(request), request.path_params["name"]
    bus.dispatcher(name)
    found: list[Clearing] = bus.clearings.of(name)
    return json(found)


async def _cancel(request: Request) -> Response:
    name, clearing = request.path_params["name"], request.path_params["id"]
    return json(await bus_of(request).clearings.cancel(name, clearing, principal_of(request)))
