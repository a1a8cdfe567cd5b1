"""What is remembered of values already seen, within a bound that a whole index shares."""

from threading import Lock
from typing import Final, Protocol
from weakref import WeakSet

_LONGEST: Final = 512
_CHARACTERS_OF_A_UNIT: Final = 64


class Forgetful(Protocol):
    """Something that remembers answers and can do without."""

    def forget(self) -> None:
        """Drop what is remembered."""
        ...


class Budget:
    """How much may be remembered; when it is used up, everything is forgotten.

    Args:
        units: About how many short texts that is, some 200 bytes each.
    """

    def __init__(self, units: int) -> None:
        self._units = self._left = units
        self._spenders: WeakSet[Forgetful] = WeakSet()
        self._telling = Lock()

    def join(self, spender: Forgetful) -> None:
        """Be told when to forget, as long as you live."""
        with self._telling:
            self._spenders.add(spender)

    def allows(self, text: str, answers: int) -> bool:
        """Spend what it takes to remember the answer for a text.

        Args:
            text: The text.
            answers: How much the answer holds, in pointers.

        Returns:
            False where the text is too long to be worth it.
        """
        self._left -= 1
        if len(text) + answers > _CHARACTERS_OF_A_UNIT:
            if len(text) > _LONGEST:
                return False
            self._left -= (len(text) + answers) // _CHARACTERS_OF_A_UNIT
        if self._left < 0:
            self._left = self._units
            with self._telling:
                for spender in list(self._spenders):
                    spender.forget()
        return True
