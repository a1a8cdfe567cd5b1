"""Replays over the native API: looked at, begun, listed and cancelled.

Whoever consumes a subscription replays to it; to the bus, who may do ``replay.bus``.
"""

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus.archive.replay import (
    AlreadyReplaying,
    NoSuchReplay,
    Preview,
    Replay,
    ReplayName,
    Wanted,
)
from keybus.errors import PatternError, SubscriptionError
from keybus.protocol import API
from keybus.server.access import MEMBER, AnyRoute, bus_of, guarded, is_open, principal_of
from keybus.server.answers import BadRequest, json
from keybus.server.moments import Moment, moment_of
from keybus.server.native.any_event import NO_PATTERN, PatternOrNull
from keybus.server.operation import Operation
from keybus.server.request import Body, Query

_MAX_PATTERN = 4_096
_ACCEPTED = 202
Microseconds = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(max_length=128)]


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/replays``: which events, to whom, and whether only to look.

    Attributes:
        since: From when on the bus took them: RFC 3339, or microseconds since the Unix epoch.
        to: The subscription that gets them.
        to_bus: Every subscription that they match now gets them; one of the two is needed.
        until: Before when; None: now.
        pattern: The event pattern that they have to match as well; null: none.
        dry_run: Only say what it would be.
        name: What the events carry as ``replay-name``; None: the replay's id.
        rate: Events a second, at most; 0: as fast as it goes.
    """

    since: Moment | Microseconds
    to: Name | None = None
    to_bus: bool = False
    until: Moment | Microseconds | None = None
    pattern: PatternOrNull = NO_PATTERN
    dry_run: bool = False
    name: ReplayName | None = None
    rate: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0

    def wanted(self, now: int) -> Wanted:
        """What is meant.

        Args:
            now: Microseconds since the Unix epoch.

        Raises:
            BadRequest: It is for nobody, or no time can be before its end.
        """
        if bool(self.to) == self.to_bus:
            raise BadRequest("a replay goes to one subscription, or to the bus", hint=_HINT)
        since = moment_of("since", str(self.since))
        until = now if self.until is None else moment_of("until", str(self.until))
        if since >= until:
            raise BadRequest("nothing lies between since and until", hint="since is the earlier")
        try:
            pattern = bytes(self.pattern).decode()
        except UnicodeDecodeError as error:
            raise BadRequest(f"the pattern is no text: {error}", hint=_HINT) from error
        if len(pattern) > _MAX_PATTERN:
            raise BadRequest(f"a pattern has at most {_MAX_PATTERN} characters here")
        return Wanted(self.to or "", since, until, "" if pattern == "null" else pattern)


_HINT = 'send {"since": "2026-01-31T08:00:00Z", "to": "NAME", "dry_run": true} first'
_REQUEST = Body(ReplayRequest, limit=64 << 10, wrong="the body asks for no replay", hint=_HINT)


class ReplayQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/replays``.

    Attributes:
        to: Only those to this subscription; empty: only those to the bus.
    """

    to: str | msgspec.UnsetType = msgspec.UNSET


_QUERY = Query(ReplayQuery)


def routes() -> list[AnyRoute]:
    """Every route about replays. Each looks itself for whose they are."""
    every, path = f"{API}/replays", {"id": "The replay's id."}
    return [
        guarded(
            every,
            _list,
            access=MEMBER,
            operation=Operation(
                id="listReplays",
                summary="Replays that one may be told of, the latest first",
                query=_QUERY,
                answers={200: list[Replay]},
            ),
        ),
        guarded(
            every,
            _begin,
            access=MEMBER,
            operation=Operation(
                id="beginReplay",
                summary="Send events of the log once more; with `dry_run`, say what that would be",
                description="Of `to` and `to_bus` one is needed.",
                body=_REQUEST,
                answers={200: Preview, _ACCEPTED: Replay},
                fails=(SubscriptionError, PatternError, AlreadyReplaying),
            ),
            methods=["POST"],
        ),
        guarded(
            f"{every}/{{id}}",
            _show,
            access=MEMBER,
            operation=Operation(
                id="showReplay",
                summary="One replay",
                path=path,
                answers={200: Replay},
                fails=(NoSuchReplay,),
            ),
        ),
        guarded(
            f"{every}/{{id}}",
            _cancel,
            access=MEMBER,
            operation=Operation(
                id="cancelReplay",
                summary="Stop a replay; what was sent stays sent",
                path=path,
                answers={200: Replay},
                fails=(NoSuchReplay,),
            ),
            methods=["DELETE"],
        ),
    ]


async def _list(request: Request) -> Response:
    to = _QUERY.of(request).to
    found = [each for each in bus_of(request).replays.all() if _sees(request, each)]
    return json([each for each in found if to is msgspec.UNSET or each.wanted.to == to])


async def _begin(request: Request) -> Response:
    bus, by = bus_of(request), principal_of(request)
    asked = await _REQUEST.of(request)
    wanted = asked.wanted(bus.clock.time_us())
    _require(request, wanted.to)
    if asked.dry_run:
        return json(await bus.replays.preview(wanted, by))
    begun = await bus.replays.begin(wanted, by, name=asked.name or "", rate=asked.rate)
    return json(begun, _ACCEPTED)


async def _show(request: Request) -> Response:
    return json(_visible(request))


async def _cancel(request: Request) -> Response:
    found = _visible(request)
    _require(request, found.wanted.to)
    return json(await bus_of(request).replays.cancel(found.id, principal_of(request)))


def _require(request: Request, to: str) -> None:
    """Let it pass.

    Raises:
        Forbidden: Whoever asks may not replay there.
    """
    bus, principal = bus_of(request), principal_of(request)
    if is_open(bus, principal):
        return
    authorizer = bus.authorizer
    refusal = (
        authorizer.replay(principal, to) if to else authorizer.administer(principal, "replay.bus")
    )
    bus.permission.require(principal, f"replay to {to[:128]}" if to else "replay.bus", refusal)


def _sees(request: Request, replay: Replay) -> bool:
    """Whether it may be told of: to those who read every subscription's counts, or whose it is."""
    bus, principal, to = bus_of(request), principal_of(request), replay.wanted.to
    return (
        is_open(bus, principal)
        or bus.authorizer.administer(principal, "subscriptions.read") is None
        or bool(to and bus.authorizer.replay(principal, to) is None)
    )


def _visible(request: Request) -> Replay:
    """The one that the path names.

    Raises:
        NoSuchReplay: There is none of that id, or it is not to be told of.
    """
    replay = request.path_params["id"]
    found = bus_of(request).replays.get(replay)
    if not _sees(request, found):
        raise NoSuchReplay(replay)
    return found
