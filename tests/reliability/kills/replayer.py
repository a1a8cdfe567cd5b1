"""Asks for replays, one after another, through kills, and notes what was answered."""

import asyncio
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec

from tests.reliability.kills.event import REPLAYED, REPLAYED_KEY, key_of
from tests.reliability.kills.journal import Replaying
from tests.reliability.kills.link import Link

_PAUSE: Final = 0.4
_SINCE: Final = "2020-01-01T00:00:00Z"


class _Replay(msgspec.Struct):
    state: str


_replays = msgspec.json.Decoder(list[_Replay])


class Replayer:
    """The only one that replays.

    Args:
        link: The way to the bus.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._count = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop; the bus refuses another one while one is under way."""
        while not stop.is_set():
            self._count += 1
            await self._replay(f"replay-{self._count}")
            await asyncio.sleep(_PAUSE)

    async def _replay(self, name: str) -> None:
        link, life = self._link, self._link.victim.life
        pattern = {"detail": {"key": [key_of(REPLAYED_KEY)]}}
        body = {"since": _SINCE, "to": REPLAYED, "pattern": pattern, "name": name}
        link.journal.note(Replaying(name, life, begun=False))
        try:
            async with link.session.post(link.address("/replays"), json=body) as answer:
                await answer.read()
                if answer.status == HTTPStatus.ACCEPTED:
                    link.journal.note(Replaying(name, life, begun=True))
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass  # it may have begun, or not


async def is_replaying(link: Link) -> bool:
    """Whether one is under way, or nobody answers."""
    try:
        async with link.session.get(link.address("/replays")) as answer:
            return any(each.state == "running" for each in _replays.decode(await answer.read()))
    except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError):
        return True
