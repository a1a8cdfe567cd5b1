"""Memory for bodies of signed requests, which have to be here whole before it is known who sent them."""

from collections import Counter
from typing import Self

from keybus.errors import Throttled

MOST_BYTES = 256 << 20
"""Of all whose signatures are not verified yet; who was good from an address is not held up by it."""
MOST_BYTES_OF_ADDRESS = 64 << 20


class Allowance:
    """Counts the bytes of bodies that wait to be verified. Belongs to one event loop."""

    def __init__(self) -> None:
        self._strangers = 0
        self._of_address: Counter[str] = Counter()

    @property
    def addresses(self) -> int:
        """How many addresses have something waiting."""
        return len(self._of_address)

    def body(self, address: str, *, trusted: bool) -> "Waiting":
        """A body that is about to come; as a context, it waits until that ends.

        Args:
            address: Where from.
            trusted: A credential of the same id was good from there.
        """
        return Waiting(self, address, trusted=trusted)

    def take(self, address: str, length: int, *, trusted: bool) -> None:
        """Some of a body is here.

        Raises:
            Throttled: Too much waits.
        """
        if self._of_address[address] + length > MOST_BYTES_OF_ADDRESS or (
            not trusted and self._strangers + length > MOST_BYTES
        ):
            self.give_back(address, 0, trusted=trusted)
            raise Throttled(
                "too many signed requests are on their way at once",
                retry_after=1.0,
                hint="send fewer at a time",
            )
        self._of_address[address] += length
        self._strangers += 0 if trusted else length

    def give_back(self, address: str, length: int, *, trusted: bool) -> None:
        """It waits no longer."""
        self._strangers -= 0 if trusted else length
        self._of_address[address] -= length
        if not self._of_address[address]:
            del self._of_address[address]


class Waiting:
    """One body on its way; made by `Allowance.body`."""

    def __init__(self, allowance: Allowance, address: str, *, trusted: bool) -> None:
        self._allowance, self._address, self._trusted = allowance, address, trusted
        self._length = 0

    def __enter__(self) -> Self:
        """Nothing of it is here yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """It was verified, or was given up."""
        self._allowance.give_back(self._address, self._length, trusted=self._trusted)

    def more(self, length: int) -> None:
        """So many bytes more of it are here.

        Raises:
            Throttled: Too much waits.
        """
        self._allowance.take(self._address, length, trusted=self._trusted)
        self._length += length
