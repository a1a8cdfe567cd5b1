"""What accounts and subscriptions are called, where AWS has digits and other alphabets."""

import re
from collections.abc import Collection, Mapping
from itertools import count

from keybus.topology.model import NAME_PATTERN

_REFUSED = re.compile(r"[^A-Za-z0-9._/-]+")
_OF_DIGITS = re.compile(r"account-([0-9]{12})")
_LONGEST = 128


class Names:
    """Names of accounts.

    Args:
        known: By their 12 digits; two of one name get digits as well.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known: dict[str, str] = {}
        for digits, name in known.items():
            taken = self._known.values()
            is_free = is_name(name) and name not in taken and not is_of_another(name, digits)
            self._known[digits] = name if is_free else _after(digits)

    def of(self, digits: str) -> str:
        """The name of an account."""
        return self._known.get(digits) or _after(digits)

    def digits(self, name: str) -> str:
        """The 12 digits of an account; what is no name of one is taken for them."""
        known = {each: digits for digits, each in self._known.items()}
        return known.get(name) or name.removeprefix(_after(""))


def _after(digits: str) -> str:
    return f"account-{digits}"


def is_of_another(name: str, digits: str) -> bool:
    """Whether another account would be called so after its digits."""
    found = _OF_DIGITS.fullmatch(name)
    return found is not None and found[1] != digits


def is_name(text: str) -> bool:
    """Whether a platform takes it for a name."""
    return re.match(NAME_PATTERN, text) is not None


def fitting(text: str, taken: Collection[str]) -> str:
    """A name after a text that a platform takes and that nothing has yet."""
    plain = _REFUSED.sub("-", text).lstrip("._/-")[:_LONGEST] or "subscription"
    if plain not in taken:
        return plain
    tries = (f"{plain[: _LONGEST - 5]}-{number}" for number in count(2))
    return next(each for each in tries if each not in taken)
