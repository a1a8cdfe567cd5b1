"""Names to addresses, on threads of their own: a name server that hangs takes one of them, no more."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""Answers a name's addresses, as texts; an OSError says that there are none."""
_THREADS = 16


class SystemLookup:
    """The system's resolver; made on the event loop that asks it.

    Whoever asks for a name that is being looked up already waits for that answer.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook-names")
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a host."""
        asked = self._asked.get(host)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._threads, _addresses, host)
            self._asked[host] = asked
            asked.add_done_callback(lambda done: self._answered(host, done))
        return await asyncio.shield(asked)

    def close(self) -> None:
        """Ask nobody any more; a lookup that hangs is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _answered(self, host: str, done: "asyncio.Future[list[str]]") -> None:
        del self._asked[host]
        if not done.cancelled():
            done.exception()  # whoever waited for it is told; nobody may wait any more


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
