"""How large the outcome of a migration may be: what is copied may stand in it many times over."""

from typing import Any, Final

from keybus.contracts.migrations.error import MigrationError

MAX_VALUES: Final = 500_000
"""Values in what is made of one event: more than any event that the bus takes has."""
MAX_TEXT: Final = 4_194_304
"""Characters in it, names among them: four times as many as any such event has."""


def check_size(made: Any) -> None:
    """Whether the outcome can be written down; it looks at no more than is allowed.

    Args:
        made: It. Values may be shared within it, so that it is larger than the memory it takes.

    Raises:
        MigrationError: It is too large.
    """
    values, text, waiting = MAX_VALUES, MAX_TEXT, [made]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            text -= len(value)
        elif isinstance(value, list):
            values -= len(value)
        elif isinstance(value, dict):
            values -= len(value)
            text -= sum(map(len, value))
        if values < 0 or text < 0:
            raise MigrationError("the migration makes too much of the event")
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
