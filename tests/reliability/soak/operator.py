"""What operators do to the bus of the soak, once a cycle."""

import asyncio
import time
from http import HTTPStatus

import aiohttp
import msgspec

from tests.reliability.soak.link import Link, Unanswered
from tests.reliability.soak.meters import Meters, read
from tests.reliability.soak.project import DRAINED, FORGOTTEN, HOOKED, LATE, POLLED, proposal

_REPLAYED_SECONDS = 5.0
_TAILED = 200
_MICRO = 1_000_000
_LETTERS_OF = (*DRAINED, POLLED, FORGOTTEN, HOOKED)


class _Preview(msgspec.Struct):
    mark: str


class _Archive(msgspec.Struct):
    size: int


class Operator:
    """Asks for everything that one may ask for while a bus runs.

    Args:
        central: The way of the central account.
        desk: The way of the account that subscribes.
    """

    def __init__(self, central: Link, desk: Link) -> None:
        self._central, self._desk = central, desk

    async def meters(self) -> Meters:
        """What ``/metrics`` says.

        Raises:
            Unanswered: Nothing.
        """
        link = self._central
        async with link.session.get(f"{link.server.url}/metrics", headers=link.headers) as answer:
            if answer.status != HTTPStatus.OK:
                raise Unanswered(f"/metrics: {answer.status}")
            return read(await answer.text())

    async def stored(self) -> int:
        """Bytes that the store has in use; its file may be larger."""
        return (await self._central.told(_Archive, "GET", "/archive")).size

    async def replay(self) -> None:
        """Send the last seconds to a subscription once more."""
        since = int((time.time() - _REPLAYED_SECONDS) * _MICRO)
        await self._desk.ask("POST", "/replays", {"since": since, "to": DRAINED[0]})

    async def tail(self) -> None:
        """Watch some deliveries, and go while more of them come."""
        wanted = {"subscription": DRAINED[-1]}
        async with self._desk.session.post(
            self._desk.address("/tail"), json=wanted, headers=self._desk.headers
        ) as answer:
            for _ in range(_TAILED):
                await answer.content.readline()

    async def explain(self, event: str) -> None:
        """Ask what became of an event, in the words of both accounts."""
        for link in (self._desk, self._central):
            await link.ask("GET", f"/explain?event={event}")

    async def declare(self, *, late: bool) -> None:
        """Let a platform hold with one subscription more, which begins in the past, or one less."""
        server = self._central.server
        body = await asyncio.to_thread(proposal, server.folder, server.port_of_endpoint, late=late)
        await self._central.ask("PUT", "/platform", body)

    async def prune(self) -> None:
        """Remove the queue of the one that is declared no more."""
        await self._central.ask("POST", "/queues/prune", {"queues": [LATE]})

    async def pause(self) -> None:
        """Stop a subscription, and let it go on."""
        for act in ("pause", "resume"):
            await self._desk.ask("POST", f"/subscriptions/{DRAINED[1]}/{act}", {})

    async def redrive(self) -> None:
        """Deliver the dead letters of one subscription again."""
        await self._clear(DRAINED[0], "redrive")

    async def purge(self) -> None:
        """Delete all dead letters."""
        for name in _LETTERS_OF:
            await self._clear(name, "purge")

    async def _clear(self, name: str, how: str) -> None:
        path = f"/subscriptions/{name}/dead-letters/{how}"
        preview = await self._desk.told(_Preview, "POST", path, {"dry_run": True})
        if preview.mark:
            await self._desk.ask("POST", path, {"mark": preview.mark})


def timeout() -> aiohttp.ClientTimeout:
    """For one request, and for silence; what is tailed has no end."""
    return aiohttp.ClientTimeout(total=None, sock_read=60, sock_connect=10)
