"""Arrays of integers as bytes, little-endian on every machine."""

import sys
from array import array
from collections.abc import Iterable
from typing import Literal

Code = Literal["q", "Q", "I"]
"""``q``: int64, ``Q``: uint64, ``I``: uint32."""


def pack(code: Code, values: Iterable[int]) -> bytes:
    """The values as bytes."""
    packed = array(code, values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(code: Code, data: bytes) -> list[int]:
    """The values in the bytes."""
    packed = array(code)
    packed.frombytes(data)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tolist()
