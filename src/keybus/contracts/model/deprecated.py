"""Events of contracts that are to be left: they work, and whoever creates one is told once."""

import warnings
from typing import Any, ClassVar, Final

from keybus.contracts.model.event import Event


class DeprecatedContract(DeprecationWarning):
    """An event was created by a contract that is deprecated, or whose sunset date is past.

    It is told once for each class, at the line that creates the event. Python shows it in programs
    that are run as they are and in tests; `python -W error::DeprecationWarning` makes it an error.
    """


_told: Final[set[type[Event]]] = set()


class DeprecatedEvent(Event):
    """The base of a generated event class whose contract is to be left.

    Attributes:
        DEPRECATED: What is said of it: until when it works, and what replaces it.
    """

    __slots__ = ()

    DEPRECATED: ClassVar[str]

    def __init__(self, /, **fields: Any) -> None:
        super().__init__(**fields)
        kind = type(self)
        if kind not in _told:
            warnings.warn(kind.DEPRECATED, DeprecatedContract, stacklevel=2)
            _told.add(kind)  # afterwards: where it is an error, it is one each time
