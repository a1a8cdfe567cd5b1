"""Dead letters as rows: which are meant, how many there are, and what they say."""

from collections.abc import Iterator, Sequence

import apsw

from keybus.bus.dead_letters.letters import (
    DeadLetter,
    LetterChoice,
    LetterGroup,
    LetterSummary,
    letter_id,
    letter_number,
)
from keybus.bus.engine import Delivery
from keybus.engines.sqlite.queries import query

_CHOSEN = {kind: query(f"letters_of_{kind}") for kind in ("all", "cause", "type", "ids")}
_NEWEST = {kind: query(f"newest_of_{kind}") for kind in ("all", "cause", "type")}
_LETTER, _KINDS = query("dead_letter"), query("count_letters_by_kind")
_REDRIVEN, _REDRIVEN_AT = query("redriven"), query("redriven_at")
_LAST = 2**63 - 1

Bindings = dict[str, int | str]


def chosen(
    connection: apsw.Connection, subscription: int, choice: LetterChoice, limit: int
) -> list[tuple[int, int]]:
    """Ids and positions of the first dead letters that are meant, oldest first.

    Args:
        connection: The store.
        subscription: The subscription's id.
        choice: Which are meant.
        limit: At most so many; -1 for all.
    """
    bindings = _bindings(subscription, choice, limit)
    if choice.ids is None:
        return list(connection.execute(_CHOSEN[_kind(choice)], bindings))
    numbers = {letter_number(each) for each in choice.ids} - {None}
    found = (
        row
        for number in sorted(each for each in numbers if each is not None)
        for row in connection.execute(_CHOSEN["ids"], {**bindings, "id": number})
    )
    rows = list(found)
    return rows if limit < 0 else rows[:limit]


def redriven(
    connection: apsw.Connection, subscription: int, positions: Sequence[int]
) -> Iterator[Delivery]:
    """Those of some deliveries that were dead letters before, as first deliveries."""
    for position in positions:
        for ingested_at, envelope, at in connection.execute(_REDRIVEN, (subscription, position)):
            yield Delivery(position, ingested_at, envelope, 1, redriven_at=at)


def letters(
    connection: apsw.Connection, subscription: int, choice: LetterChoice, limit: int
) -> list[DeadLetter]:
    """The first dead letters that are meant, with their bytes; as for `chosen`."""
    rows = chosen(connection, subscription, choice, limit)
    return [_letter(row) for each, _ in rows for row in connection.execute(_LETTER, (each,))]


def summary(connection: apsw.Connection, subscription: int, choice: LetterChoice) -> LetterSummary:
    """What is meant, counted: a row is read for each kind, or for each of the ids."""
    every = LetterChoice(choice.cause, choice.event_type, ids=choice.ids)
    if choice.ids is not None:
        return _summary_of(letters(connection, subscription, every, -1))
    oldest = chosen(connection, subscription, every, 1)
    if not oldest:
        return LetterSummary((), "", "")
    bindings = _bindings(subscription, every, -1)
    newest = int(connection.execute(_NEWEST[_kind(every)], bindings).get)
    return LetterSummary(
        tuple(LetterGroup(*row) for row in connection.execute(_KINDS, bindings)),
        oldest=letter_id(oldest[0][0]),
        newest=letter_id(newest),
    )


def redriven_at(
    connection: apsw.Connection, subscription: int, positions: Sequence[int]
) -> dict[int, int]:
    """When those of some deliveries that were dead letters before were redriven last."""
    found = (
        (position, connection.execute(_REDRIVEN_AT, (subscription, position)).get)
        for position in positions
    )
    return {position: at for position, at in found if at is not None}


def count(connection: apsw.Connection, subscription: int, choice: LetterChoice) -> int:
    """How many are meant: an index's entry is read for each."""
    if choice.ids is not None:
        return len(chosen(connection, subscription, choice, -1))
    counting = f"SELECT count(*) FROM ({_CHOSEN[_kind(choice)].removesuffix(';')})"  # noqa: S608 - a query of ours
    return int(connection.execute(counting, _bindings(subscription, choice, -1)).get)


def _bindings(subscription: int, choice: LetterChoice, limit: int) -> Bindings:
    return {
        "subscription": subscription,
        "cause": choice.cause,
        "event_type": choice.event_type,
        "after": _number(choice.after, -1),
        "until": _number(choice.until, _LAST),
        "limit": limit,
    }


def _kind(choice: LetterChoice) -> str:
    """By which index they are found."""
    if choice.cause:
        return "cause"
    return "type" if choice.event_type else "all"


def _number(text: str, otherwise: int) -> int:
    """The number of an id; of what is none, nothing is before it or after it."""
    if not text:
        return otherwise
    number = letter_number(text)
    return otherwise if number is None else number


def _letter(row: Sequence[object]) -> DeadLetter:
    number, *rest = row
    assert isinstance(number, int)
    return DeadLetter(letter_id(number), *rest)  # type: ignore[arg-type]  # STRICT columns


def _summary_of(letters: Sequence[DeadLetter]) -> LetterSummary:
    kinds: dict[tuple[str, str, str], int] = {}
    for letter in letters:
        kind = (letter.cause, letter.event_type, letter.source)
        kinds[kind] = kinds.get(kind, 0) + 1
    return LetterSummary(
        tuple(LetterGroup(*kind, count) for kind, count in sorted(kinds.items())),
        oldest=letters[0].id if letters else "",
        newest=letters[-1].id if letters else "",
    )
