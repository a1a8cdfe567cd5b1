"""IP addresses and CIDR blocks, read the way event patterns read them.

The standard library's ``ipaddress`` is stricter in some places (leading zeros) and laxer in
others (dotted tails of IPv6, scope names), so the addresses are read here.
"""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

_V4: Final = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)")
_V6: Final = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_LONGEST_V4: Final = 15
_LARGEST_OCTET: Final = 0xFF
_GROUPS: Final = 8
_DIGITS_OF_A_GROUP: Final = 4

# What the upper 96 bits of an IPv4-mapped IPv6 address are.
_MAPPED: Final = 0xFFFF
_MASK: Final = re.compile(r"[+-]?[0-9]{1,20}")
_LARGEST_MASK: Final = 2**31 - 1


class Address(msgspec.Struct, frozen=True, gc=False):
    """An IP address: how many bits it has (32 or 128), and their value."""

    bits: int
    value: int


class BadBlockError(ValueError):
    """A CIDR block that cannot be read; its text is event-ruler's own reason."""


def address(text: str) -> Address | None:
    """Read an IPv4 or IPv6 address.

    Octets and groups may have leading zeros and are decimal and hexadecimal in any case. An
    IPv4-mapped IPv6 address (``::ffff:a00:1``) is the IPv4 address it holds.

    Args:
        text: What may be an address.

    Returns:
        The address, or None for any other text.
    """
    if _V4.fullmatch(text):
        return _v4(text)
    if _V6.fullmatch(text):
        return _v6(text)
    return None


def _v4(text: str) -> Address | None:
    if len(text) > _LONGEST_V4:
        return None
    value = 0
    for part in text.split("."):
        octet = int(part)
        if octet > _LARGEST_OCTET:
            return None
        value = value << 8 | octet
    return Address(32, value)


def _v6(text: str) -> Address | None:
    head, gap, tail = text.partition("::")
    left, right = _groups(head), _groups(tail)
    if left is None or right is None:
        return None
    missing = _GROUPS - len(left) - len(right)
    if missing < 1 if gap else missing != 0:
        return None
    value = 0
    for group in (*left, *([0] * missing), *right):
        value = value << 16 | group
    return Address(32, value & 0xFFFFFFFF) if value >> 32 == _MAPPED else Address(128, value)


def _groups(text: str) -> list[int] | None:
    if not text:
        return []
    # Without the zeros first: Python refuses to read a number of thousands of digits.
    digits = [(part, part.lstrip("0")) for part in text.split(":")]
    if any(not part or len(significant) > _DIGITS_OF_A_GROUP for part, significant in digits):
        return None
    return [int(significant or "0", 16) for _, significant in digits]


@dataclass(frozen=True, slots=True)
class Block:
    """A CIDR block.

    Attributes:
        network: Its first address; bits beyond the mask are cleared.
        free: How many low bits an address of the block may choose.
    """

    network: Address
    free: int

    @classmethod
    def parse(cls, text: str) -> "Block":
        """Read ``address/mask``.

        Host bits are allowed, a mask of all bits (/32, /128) is not.

        Args:
            text: The block.

        Raises:
            BadBlockError: It is not one.
        """
        parts = text.rstrip("/").split("/") if "/" in text else []
        if len(parts) != 2:  # noqa: PLR2004
            raise BadBlockError("Malformed CIDR, one '/' required")
        mask = int(parts[1]) if _MASK.fullmatch(parts[1]) else _LARGEST_MASK + 1
        if not -_LARGEST_MASK - 1 <= mask <= _LARGEST_MASK:
            raise BadBlockError("Malformed CIDR, mask bits must be an integer")
        if mask < 0:
            raise BadBlockError("Malformed CIDR, mask bits must not be negative")
        if not (_V4.fullmatch(parts[0]) or _V6.fullmatch(parts[0])):
            raise BadBlockError(f"Nonstandard IP address: {parts[0]}")
        ip = address(parts[0])
        if ip is None:
            raise BadBlockError(f"Invalid IP address: {parts[0]}")
        if mask >= ip.bits:
            version = 4 if ip.bits == 32 else 6  # noqa: PLR2004
            raise BadBlockError(f"IPv{version} mask bits must be < {ip.bits}")
        free = ip.bits - mask
        return cls(Address(ip.bits, ip.value >> free << free), free)

    def holds(self, ip: Address) -> bool:
        """Whether an address lies in the block; the two versions never meet."""
        return ip.bits == self.network.bits and ip.value >> self.free == self._prefix

    @property
    def _prefix(self) -> int:
        return self.network.value >> self.free
