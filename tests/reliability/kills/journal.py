"""What the checker did and saw, act by act, in a file that outlives it."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The bus was started, for the nth time."""

    life: int


class Killed(msgspec.Struct, frozen=True, tag="killed"):
    """The bus was killed; whatever is read afterwards had left it before."""

    life: int


class Squeezed(msgspec.Struct, frozen=True, tag="squeezed"):
    """The bus's disk is full from now on, or no longer."""

    life: int
    full: bool


class Offered(msgspec.Struct, frozen=True, tag="offered"):
    """Events are put.

    Attributes:
        publisher: Who puts; each publisher waits for an answer, or gives up, before it goes on.
        first: The number of the first event,
        count: and how many there are.
        again: They were put before, and it may have reached the bus: there was no answer.
    """

    publisher: int
    first: int
    count: int
    again: bool


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """The bus acknowledged a put."""

    first: int
    count: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The bus answered that it did not take a put, or does not know whether it did."""

    first: int
    count: int
    reason: str


class Connected(msgspec.Struct, frozen=True, tag="connected"):
    """A subscription's consumer came, in the bus's nth life."""

    subscription: str
    life: int


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """A delivery as it came.

    Attributes:
        position: The delivery's name.
        number: The event's.
        attempt: As the bus counts.
        sound: Whether the event is, byte for byte, what was put.
        replay: The replay that it came by; empty where it came as it was published.
    """

    position: int
    number: int
    attempt: int
    sound: bool
    replay: str = ""


class Received(msgspec.Struct, frozen=True, tag="received"):
    """A frame came."""

    subscription: str
    life: int
    receipts: list[Receipt]


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """The consumer is about to say this of deliveries, by position."""

    subscription: str
    life: int
    acked: list[int]
    failed: list[int]


class Durable(msgspec.Struct, frozen=True, tag="durable"):
    """The bus told how many acknowledgements of this life are durable."""

    subscription: str
    life: int
    count: int


class Declared(msgspec.Struct, frozen=True, tag="declared"):
    """From the next life on there is a subscription that begins with all of the past."""

    subscription: str


class Replaying(msgspec.Struct, frozen=True, tag="replaying"):
    """A replay of everything of one key is asked for.

    Attributes:
        name: What its events carry.
        life: The bus's.
        begun: The bus has answered that it will be made.
    """

    name: str
    life: int
    begun: bool


class Drained(msgspec.Struct, frozen=True, tag="drained"):
    """How a subscription stood in the end."""

    subscription: str
    waiting: int
    in_flight: int
    dead: int


Act = (
    Started
    | Killed
    | Squeezed
    | Offered
    | Answered
    | Refused
    | Connected
    | Received
    | Settled
    | Durable
    | Declared
    | Replaying
    | Drained
)
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Act)


class Journal:
    """Writes acts, each with one call to the system: what was written outlives the checker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, act: Act) -> None:
        """Write one down."""
        os.write(self._file, _encoder.encode(act) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def read(path: Path) -> Iterator[Act]:
    """All acts of a journal; a last one that was cut off is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _decoder.decode(line)
