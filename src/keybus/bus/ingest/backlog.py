"""What was offered and is not answered yet: bounded, or a slow disk would fill the memory."""

from typing import Self

from keybus.errors import Overloaded

MOST_BYTES = 128 << 20
"""Bytes of requests that put events, of all accounts, from their first byte to their answer."""
MOST_BYTES_OF_ACCOUNT = 64 << 20
_RETRY_SECONDS = 1.0


class Backlog:
    """Counts what waits to be durable. Belongs to one event loop."""

    def __init__(self) -> None:
        self._of_account: dict[str, int] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How much waits."""
        return self._bytes

    def request(self, account: str) -> "Offered":
        """A request that is about to come; as a context, it waits until that ends.

        Args:
            account: Who sends it; empty where the bus asks nobody.

        Raises:
            Overloaded: Too much waits already.
        """
        self.take(account, 0)
        return Offered(self, account)

    def take(self, account: str, length: int) -> None:
        """Some of a request is here.

        Raises:
            Overloaded: Too much waits.
        """
        of_account = self._of_account.get(account, 0) + length
        # Where nobody is asked there is one account, and it may have all of it.
        over = account and of_account >= MOST_BYTES_OF_ACCOUNT
        if over or self._bytes + length >= MOST_BYTES:
            self.give_back(account, 0)
            raise Overloaded(
                "too many events wait to be written down",
                retry_after=_RETRY_SECONDS,
                hint="wait as long as Retry-After says; what was acknowledged is kept",
            )
        self._of_account[account] = of_account
        self._bytes += length

    def give_back(self, account: str, length: int) -> None:
        """It was answered."""
        self._bytes -= length
        left = self._of_account.pop(account, 0) - length
        if left:
            self._of_account[account] = left


class Offered:
    """One request; made by `Backlog.request`."""

    def __init__(self, backlog: Backlog, account: str) -> None:
        self._backlog, self._account = backlog, account
        self._length = 0

    def __enter__(self) -> Self:
        """Nothing of it is here yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """It was answered, or was given up."""
        self._backlog.give_back(self._account, self._length)

    def more(self, length: int) -> None:
        """So many bytes more of it are here.

        Raises:
            Overloaded: Too much waits.
        """
        self._backlog.take(self._account, length)
        self._length += length
