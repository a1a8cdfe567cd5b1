"""The events of the load: everything about one follows from its number."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

SOURCE: Final = "reliability.load"
EVENT_TYPE: Final = "reliability.counted"
KEYS: Final = 50
"""Different keys, by which order may be asked for."""


def _has_key(key: int, number: int) -> bool:
    return number % KEYS == key


SELECTIONS: Final[dict[str, Callable[[int], bool]]] = {
    "everything": lambda _: True,
    "again": lambda _: True,
    "evens": lambda number: number % 2 == 0,
    "thirds": lambda number: number % 3 == 0,
    "ordered": lambda _: True,
}
"""Which numbers each subscription asks for; the last one wants them in the order of their keys."""

LATE: Final[dict[str, Callable[[int], bool]]] = {
    f"late-{key}": partial(_has_key, key) for key in range(5)
}
"""The same of subscriptions that are declared one after another, and begin with all of the past."""

REPLAYED: Final = "replayed"
"""The subscription that only asks for what is replayed, which is one key of all there are."""
REPLAYED_KEY: Final = 7

PLATFORM: Final = f"""\
bus: reliability
accounts:
  checker: {{id: "111111111111", owners: [checker]}}
publishers:
  {SOURCE}: {{account: checker, events: [{EVENT_TYPE}]}}
subscriptions:
  everything: {{account: checker, filter: {{source: [{SOURCE}]}}}}
  again: {{account: checker, filter: {{source: [{SOURCE}]}}}}
  evens: {{account: checker, filter: {{source: [{SOURCE}], detail: {{even: [true]}}}}}}
  thirds: {{account: checker, filter: {{source: [{SOURCE}], detail: {{third: [true]}}}}}}
  ordered: {{account: checker, filter: {{source: [{SOURCE}]}}, order: {{key: /key}}}}
  {REPLAYED}: {{account: checker, filter: {{replay-name: [{{exists: true}}]}}}}
"""


class _Detail(msgspec.Struct):
    number: int


_numbers = msgspec.json.Decoder(_Detail)


def detail_of(number: int) -> bytes:
    """The event: its number, its key, what filters look at, and bytes that nobody guesses."""
    even, third = (str(number % by == 0).lower() for by in (2, 3))
    noise = hashlib.sha256(str(number).encode()).hexdigest()
    return (
        f'{{"id":"00000000-0000-4000-8000-{number:012}","type":"{EVENT_TYPE}",'
        f'"time":"2026-01-31T08:00:00.000Z","publisher":{{"name":"{SOURCE}"}},'
        f'"schema_version":"1.0.0","number":{number},"key":"{key_of(number)}",'
        f'"even":{even},"third":{third},"noise":"{noise}"}}'
    ).encode()


def late_lines(count: int) -> str:
    """What a platform file has of the first so many subscriptions that begin in the past."""
    return "".join(
        f"  {name}: {{account: checker, filter: {{source: [{SOURCE}], "
        f"detail: {{key: [{key_of(key)}]}}}}, start: archive}}\n"
        for key, name in list(enumerate(LATE))[:count]
    )


def key_of(number: int) -> str:
    """The event's ordering key."""
    return f"key-{number % KEYS}"


def number_of(detail: bytes) -> int:
    """The number of an event; -1 where it cannot be read."""
    try:
        return _numbers.decode(detail).number
    except msgspec.MsgspecError:
        return -1
