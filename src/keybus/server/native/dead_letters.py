"""Dead letters over the native API: listed, counted, redriven and purged."""

from typing import Annotated, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.dead_letters.attributes import attributes_of
from keybus.bus.dead_letters.clearing import Clearing
from keybus.bus.dead_letters.letters import LetterChoice, letter_id, letter_number
from keybus.bus.dead_letters.search import Shown, Wanted, find_letter, find_letters
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.protocol import API
from keybus.server.access import CONSUME, AnyRoute, bus_of, guarded, principal_of
from keybus.server.answers import UNREADABLE, BadRequest, body, json
from keybus.server.moments import moment_of

MAX_LETTERS = 1_000
"""Letters of one answer, and ids of one request."""
_MAX_BODY = 64 << 10
_MAX_TEXT = 200
_MAX_PATTERN = 16 << 10
_DEFAULT_LIMIT = 100
_ACCEPTED = 202
T = TypeVar("T")
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}$")]


class DeadLetterInfo(msgspec.Struct, frozen=True):
    """A dead letter with its event, or why the account may not have that now.

    Attributes:
        id: Its id; ids are in the order of the burials.
        position: The delivery's place in the log.
        event_id: The event's id; this and the next two are empty where it has none.
        event_type: The event's type.
        source: The event's source.
        cause: Why, as a code.
        reason: Why, in words.
        attempts: Attempts that failed.
        first_attempt_at: When the first of them failed; 0 where none did. All times are in
            microseconds since the Unix epoch.
        last_attempt_at: The same of the last one.
        ingested_at: When the bus took the event.
        buried_at: When it gave up.
        redriven: How often it had been redriven before.
        attributes: The same by the names of EventBridge.
        envelope: The event as it would be delivered; null where it is withheld.
        withheld: Why the account may not have it now; empty where it may.
    """

    id: str
    position: int
    event_id: str
    event_type: str
    source: str
    cause: str
    reason: str
    attempts: int
    first_attempt_at: int
    last_attempt_at: int
    ingested_at: int
    buried_at: int
    redriven: int
    attributes: dict[str, str]
    envelope: msgspec.Raw
    withheld: str


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Some dead letters.

    Attributes:
        dead_letters: Oldest first.
        next: The ``after`` of the next page; empty where there is none.
    """

    dead_letters: list[DeadLetterInfo]
    next: str


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


_requests = msgspec.json.Decoder(ClearingRequest)


def routes() -> list[AnyRoute]:
    """Every route about dead letters, each with its decision."""
    one = f"{API}/subscriptions/{{name:path}}"
    letters, redrives = f"{one}/dead-letters", f"{one}/redrives"
    return [
        guarded(letters, _list, access=CONSUME),
        guarded(f"{letters}/summary", _summary, access=CONSUME),
        guarded(f"{letters}/redrive", _redrive, access=CONSUME, methods=["POST"]),
        guarded(f"{letters}/purge", _purge, access=CONSUME, methods=["POST"]),
        guarded(f"{letters}/{{id}}", _show, access=CONSUME),
        guarded(redrives, _redrives, access=CONSUME),
        guarded(f"{redrives}/{{id}}", _cancel, access=CONSUME, methods=["DELETE"]),
    ]


async def _list(request: Request) -> Response:
    """A list of the first ones, as ever; with ``limit`` a page of those that are looked for."""
    bus, name = bus_of(request), request.path_params["name"]
    dispatcher, query = bus.dispatcher(name), request.query_params
    limit = _limit(query.get("limit"))
    found = await find_letters(
        dispatcher.cursor.letters,
        dispatcher.settings,
        _wanted(request),
        limit=MAX_LETTERS if limit is None else limit,
        now=bus.clock.time_us(),
    )
    infos = [_info(bus, name, each) for each in found.letters]
    return json(infos if limit is None else DeadLetterPage(infos, found.next))


async def _show(request: Request) -> Response:
    bus, name = bus_of(request), request.path_params["name"]
    dispatcher = bus.dispatcher(name)
    found = await find_letter(
        dispatcher.cursor.letters,
        dispatcher.settings,
        request.path_params["id"],
        now=bus.clock.time_us(),
    )
    return json(_info(bus, name, found))


async def _summary(request: Request) -> Response:
    query = request.query_params
    choice = LetterChoice(query.get("cause", ""), query.get("event_type", ""))
    return json(await bus_of(request).clearings.preview(request.path_params["name"], choice))


async def _redrive(request: Request) -> Response:
    return await _clear(request, "redrive")


async def _purge(request: Request) -> Response:
    return await _clear(request, "purge")


async def _clear(request: Request, kind: Literal["redrive", "purge"]) -> Response:
    bus, name = bus_of(request), request.path_params["name"]
    try:
        asked = _requests.decode(await body(request, _MAX_BODY) or b"{}")
    except UNREADABLE as error:
        raise BadRequest(
            f"the body names no dead letters: {error}", hint='send {"dry_run": true} first'
        ) from error
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


def _info(bus: Bus, name: str, shown: Shown) -> DeadLetterInfo:
    letter = shown.letter
    return DeadLetterInfo(
        id=letter.id,
        position=letter.position,
        event_id=letter.event_id,
        event_type=letter.event_type,
        source=letter.source,
        cause=letter.cause,
        reason=letter.reason,
        attempts=letter.attempts,
        first_attempt_at=letter.first_attempt_at,
        last_attempt_at=letter.last_attempt_at,
        ingested_at=letter.ingested_at,
        buried_at=letter.buried_at,
        redriven=letter.redriven,
        attributes=attributes_of(letter, name, bus.platform),
        envelope=msgspec.Raw(b"null" if shown.withheld else letter.envelope),
        withheld=shown.withheld,
    )


def _wanted(request: Request) -> Wanted:
    query = request.query_params
    after, text = query.get("after", ""), query.get("text", "")
    if after and letter_number(after) is None:
        raise BadRequest(f"after is a dead letter's id, not {after[:40]!r}")
    if len(text) > _MAX_TEXT:
        raise BadRequest(f"a text has at most {_MAX_TEXT} characters")
    if (since := query.get("since")) is not None:
        after = max(after, letter_id(moment_of("since", since) - 1))
    until = query.get("until")
    choice = LetterChoice(
        query.get("cause", ""),
        query.get("event_type", ""),
        after=after,
        until="" if until is None else letter_id(moment_of("until", until) - 1),
    )
    return Wanted(choice, text, _pattern(query.get("pattern")))


def _pattern(text: str | None) -> Pattern | None:
    if text is None:
        return None
    if len(text) > _MAX_PATTERN:
        raise PatternError(f"a pattern has at most {_MAX_PATTERN} characters here")
    return Pattern.parse(text)


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else 0  # noqa: PLR2004 - far beyond any
    if not 1 <= number <= MAX_LETTERS:
        raise BadRequest(f"limit must be a number from 1 to {MAX_LETTERS}")
    return number
