"""Dead letters over the native API: listed, counted and shown."""

from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.bus.dead_letters.attributes import attributes_of
from keybus.bus.dead_letters.clearing import Preview
from keybus.bus.dead_letters.letters import LetterChoice, letter_id
from keybus.bus.dead_letters.search import NoSuchLetter, Shown, Wanted, find_letter, find_letters
from keybus.errors import PatternError, SubscriptionError
from keybus.patterns import Pattern
from keybus.protocol import API
from keybus.server.access import CONSUME, AnyRoute, bus_of, guarded
from keybus.server.answers import json
from keybus.server.moments import Moment, moment_of
from keybus.server.operation import Operation
from keybus.server.request import Query

MAX_LETTERS: Final = 1_000
"""Letters of one answer, and ids of one request."""
_MAX_PATTERN: Final = 16 << 10
EventOrNull = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["object", "null"]})]


class LetterKinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET …/dead-letters/summary``.

    Attributes:
        cause: Those of this cause; empty: of any.
        event_type: Those of this event type; empty: of any.
    """

    cause: str = ""
    event_type: str = ""


class LetterSearch(LetterKinds, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET …/dead-letters``.

    Attributes:
        limit: A page of at most so many; where it is missing, the answer is a list of the first
            1,000.
        after: The id after which to begin: a page's ``next``; empty: at the oldest one.
        since: Those that were buried at this time or later: RFC 3339, a date, or microseconds since
            the Unix epoch.
        until: Those that were buried before this time.
        text: What stands somewhere in the reason, the event's id or the event, in any case.
        pattern: An event pattern that the event matches, as it would be delivered.
    """

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LETTERS)] | msgspec.UnsetType = msgspec.UNSET
    after: Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9]{16})?$")] = ""
    since: Moment | msgspec.UnsetType = msgspec.UNSET
    until: Moment | msgspec.UnsetType = msgspec.UNSET
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    pattern: str | msgspec.UnsetType = msgspec.UNSET

    def wanted(self) -> Wanted:
        """The same, read.

        Raises:
            BadRequest: A time is none.
            PatternError: The pattern is not valid.
        """
        after, until = self.after, ""
        if self.since is not msgspec.UNSET:
            after = max(after, letter_id(moment_of("since", self.since) - 1))
        if self.until is not msgspec.UNSET:
            until = letter_id(moment_of("until", self.until) - 1)
        choice = LetterChoice(self.cause, self.event_type, after=after, until=until)
        return Wanted(choice, self.text, _pattern(self.pattern))


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
    envelope: EventOrNull
    withheld: str


class DeadLetterPage(msgspec.Struct, frozen=True):
    """Some dead letters.

    Attributes:
        dead_letters: Oldest first.
        next: The ``after`` of the next page; empty where there is none.
    """

    dead_letters: list[DeadLetterInfo]
    next: str


_KINDS, _SEARCH = Query(LetterKinds), Query(LetterSearch)


def routes() -> list[AnyRoute]:
    """Every route that looks at dead letters, each with its decision."""
    letters = f"{API}/subscriptions/{{name:path}}/dead-letters"
    name = {"name": "The subscription's name."}
    return [
        guarded(
            letters,
            _list,
            access=CONSUME,
            operation=Operation(
                id="listDeadLetters",
                summary="Dead letters, oldest first",
                path=name,
                query=_SEARCH,
                answers={200: DeadLetterPage | list[DeadLetterInfo]},
                fails=(SubscriptionError, PatternError),
            ),
        ),
        guarded(
            f"{letters}/summary",
            _summary,
            access=CONSUME,
            operation=Operation(
                id="summarizeDeadLetters",
                summary="How many dead letters there are, by cause and by event type",
                path=name,
                query=_KINDS,
                answers={200: Preview},
                fails=(SubscriptionError,),
            ),
        ),
        guarded(
            f"{letters}/{{id}}",
            _show,
            access=CONSUME,
            operation=Operation(
                id="showDeadLetter",
                summary="One dead letter",
                path=name | {"id": "The dead letter's id."},
                answers={200: DeadLetterInfo},
                fails=(SubscriptionError, NoSuchLetter),
            ),
        ),
    ]


async def _list(request: Request) -> Response:
    """A list of the first ones, as ever; with ``limit`` a page of those that are looked for."""
    bus, name = bus_of(request), request.path_params["name"]
    dispatcher, asked = bus.dispatcher(name), _SEARCH.of(request)
    found = await find_letters(
        dispatcher.cursor.letters,
        dispatcher.settings,
        asked.wanted(),
        limit=MAX_LETTERS if asked.limit is msgspec.UNSET else asked.limit,
        now=bus.clock.time_us(),
    )
    infos = [_info(bus, name, each) for each in found.letters]
    return json(infos if asked.limit is msgspec.UNSET else DeadLetterPage(infos, found.next))


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
    asked = _KINDS.of(request)
    choice = LetterChoice(asked.cause, asked.event_type)
    return json(await bus_of(request).clearings.preview(request.path_params["name"], choice))


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
        attributes=attributes_of(letter, name, bus.generation),
        envelope=msgspec.Raw(b"null" if shown.withheld else letter.envelope),
        withheld=shown.withheld,
    )


def _pattern(text: str | msgspec.UnsetType) -> Pattern | None:
    if text is msgspec.UNSET:
        return None
    if len(text) > _MAX_PATTERN:
        raise PatternError(f"a pattern has at most {_MAX_PATTERN} characters here")
    return Pattern.parse(text)
