"""The operators of event patterns, one small class each.

An operator looks at one leaf of an event: a string, a `Number`, a boolean or null. Arrays,
absence and the way fields go together are `keybus.patterns.evaluate`'s. Source: Amazon
EventBridge User Guide, "Comparison operators for use in event patterns"; aws/event-ruler 2.0
where the guide is silent.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from keybus.patterns.addresses import Address, Block, address
from keybus.patterns.numbers import Number
from keybus.patterns.wildcard import Wildcard

#: A leaf of an event.
Leaf: TypeAlias = str | Number | bool | None


class Operator(Protocol):
    """One value of a pattern's field."""

    def matches(self, leaf: Leaf) -> bool:
        """Whether a leaf of an event fits."""
        ...


@dataclass(frozen=True, slots=True)
class Exact:
    """A string (``exactly``, or a plain value), a boolean or null; text by its code points."""

    leaf: str | bool | None

    def matches(self, leaf: Leaf) -> bool:
        """The same leaf; a boolean is never a number, whatever Python says."""
        return type(leaf) is type(self.leaf) and leaf == self.leaf


@dataclass(frozen=True, slots=True)
class SameNumber:
    """A plain number: 300, 300.0 and 3e2 are one, "300" is another thing."""

    number: Number

    def matches(self, leaf: Leaf) -> bool:
        """The same value, or the same text where there is no value to compare."""
        return isinstance(leaf, Number) and self.number.same(leaf)


@dataclass(frozen=True, slots=True)
class SameAddress:
    """A plain string that is an IP address matches every way of writing that address."""

    address: Address

    def matches(self, leaf: Leaf) -> bool:
        """A string that holds the same address."""
        return isinstance(leaf, str) and address(leaf) == self.address


@dataclass(frozen=True, slots=True)
class Prefix:
    """``prefix``; the empty one matches every string."""

    text: str

    def matches(self, leaf: Leaf) -> bool:
        """A string that starts so."""
        return isinstance(leaf, str) and leaf.startswith(self.text)


@dataclass(frozen=True, slots=True)
class Suffix:
    """``suffix``; the empty one matches every string."""

    text: str

    def matches(self, leaf: Leaf) -> bool:
        """A string that ends so."""
        return isinstance(leaf, str) and leaf.endswith(self.text)


@dataclass(frozen=True, slots=True)
class AnyCase:
    """Text whose characters may each stand in lower or upper case.

    The cases are those of the *pattern's* characters, one by one, in no language: ``ß`` matches
    ``SS``, and a Kelvin sign matches ``k`` while ``k`` does not match a Kelvin sign.

    Attributes:
        forms: For every character, its lower and its upper form.
    """

    forms: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> "AnyCase":
        """The forms of a pattern's text."""
        return cls(tuple((character.lower(), character.upper()) for character in text))

    def ends(self, text: str) -> set[int]:
        """Everywhere that reading the forms from the start of a text can end."""
        places = {0}
        for forms in self.forms:
            places = {
                at + len(form) for at in places for form in forms if text.startswith(form, at)
            }
        return places

    def starts(self, text: str) -> set[int]:
        """Everywhere that reading the forms backwards from the end of a text can stop."""
        places = {len(text)}
        for forms in reversed(self.forms):
            places = {
                at - len(form) for at in places for form in forms if text.endswith(form, 0, at)
            }
        return places


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """``equals-ignore-case``."""

    text: AnyCase

    def matches(self, leaf: Leaf) -> bool:
        """A string that is the text in some case."""
        return isinstance(leaf, str) and len(leaf) in self.text.ends(leaf)


@dataclass(frozen=True, slots=True)
class PrefixIgnoreCase:
    """``prefix`` with ``equals-ignore-case``."""

    text: AnyCase

    def matches(self, leaf: Leaf) -> bool:
        """A string that starts with the text in some case."""
        return isinstance(leaf, str) and bool(self.text.ends(leaf))


@dataclass(frozen=True, slots=True)
class SuffixIgnoreCase:
    """``suffix`` with ``equals-ignore-case``."""

    text: AnyCase

    def matches(self, leaf: Leaf) -> bool:
        """A string that ends with the text in some case."""
        return isinstance(leaf, str) and bool(self.text.starts(leaf))


@dataclass(frozen=True, slots=True)
class MatchesWildcard:
    """``wildcard``."""

    wildcard: Wildcard

    def matches(self, leaf: Leaf) -> bool:
        """A string that fits as a whole."""
        return isinstance(leaf, str) and self.wildcard.matches(leaf)


@dataclass(frozen=True, slots=True)
class Range:
    """``numeric``: a lower and an upper end, either of which may be missing or left out.

    Attributes:
        bottom: The lower end, None for none.
        top: The upper end, None for none.
        with_bottom: Whether the lower end itself is in the range.
        with_top: Whether the upper end itself is in the range.
    """

    bottom: float | None = None
    top: float | None = None
    with_bottom: bool = False
    with_top: bool = False

    def matches(self, leaf: Leaf) -> bool:
        """A number that can be compared and lies in the range."""
        if not isinstance(leaf, Number) or leaf.value is None:
            return False
        value = leaf.value
        above = self.bottom is None or value > self.bottom
        below = self.top is None or value < self.top
        return (above or (self.with_bottom and value == self.bottom)) and (
            below or (self.with_top and value == self.top)
        )


@dataclass(frozen=True, slots=True)
class InBlock:
    """``cidr``."""

    block: Block

    def matches(self, leaf: Leaf) -> bool:
        """A string that is an IP address of the block."""
        ip = address(leaf) if isinstance(leaf, str) else None
        return ip is not None and self.block.holds(ip)


@dataclass(frozen=True, slots=True)
class Present:
    """``exists: true``; any leaf will do, null and the empty string too."""

    def matches(self, leaf: Leaf) -> bool:  # noqa: ARG002 - that it is there is all there is to it
        """Always: there is a leaf."""
        return True


@dataclass(frozen=True, slots=True)
class Absent:
    """``exists: false``; no leaf matches it, the lack of one does (see `evaluate`)."""

    def matches(self, leaf: Leaf) -> bool:  # noqa: ARG002 - that it is there is enough
        """Never: there is a leaf."""
        return False


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """``anything-but`` in all its forms: a leaf that none of the operators inside matches.

    Leaves of other types pass: null and ``1`` are anything but ``"a"``.
    """

    refused: tuple[Operator, ...]

    def matches(self, leaf: Leaf) -> bool:
        """A leaf that none of the refused operators matches."""
        return not any(operator.matches(leaf) for operator in self.refused)
