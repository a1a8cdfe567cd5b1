"""A migration written in JSONata: checked once, evaluated in this process for each event.

Webhooks' expressions are evaluated in a process of their own, since whoever declares a subscription
may write anything there. A migration is released with its contract, and what `bounds` lets in ends;
the limits here are for events that were made to make it take long. It costs some 20 times what field
moves cost: docs/migrations.md has the figures.
"""

import math
import sys
from collections.abc import Callable
from decimal import Decimal
from time import thread_time
from typing import Any, Final, Protocol

from keybus.contracts.hints import clip
from keybus.contracts.migrations.bounds import objections
from keybus.contracts.migrations.error import MigrationError
from keybus.contracts.migrations.moves import Object, Work
from keybus.contracts.migrations.rules import fault
from keybus.contracts.migrations.size import MAX_VALUES, check_size
from keybus.contracts.migrations.steps import CARRIED
from keybus.errors import Fault

MAX_EXPRESSION: Final = 8192
"""Characters of an expression: as many as a webhook's."""
MAX_SECONDS: Final = 0.2
"""Of the processor's time, for one event."""
_MAX_DEPTH: Final = 200
_BETWEEN: Final = 8  # steps from one look at the clock to the next
_REASON: Final = 300  # characters


class _Jsonata(Protocol):
    ast: Any

    def evaluate(self, given: Any, bindings: dict[str, Any]) -> Any: ...

    def set_output_convert_nulls(self, convert: bool) -> None: ...  # noqa: FBT001 - the library's


class _TooMuch(Exception):
    """An event for which it takes too long."""


def read_expression(text: str, file: str) -> tuple[Work | None, list[Fault]]:
    """The work of an expression.

    Args:
        text: The file's.
        file: Its name, for faults.

    Returns:
        The work and no faults, or None and everything that is wrong.
    """
    if not 1 <= len(text) <= MAX_EXPRESSION:
        message = f"An expression has 1 to {MAX_EXPRESSION} characters, this one {len(text)}."
        return None, [fault("migration-expression", message, file)]
    try:
        parsed = _parsed(text)
    except ModuleNotFoundError:
        return None, [fault("migration-extra", "JSONata needs an extra.", file)]
    except RecursionError:
        return None, [fault("migration-expression", "It is nested too deeply.", file)]
    except Exception as error:  # noqa: BLE001 - the parser has errors of many kinds for what is none
        message = f"It cannot be read: {_said(error)}."
        return None, [fault("migration-expression", message, file)]
    faults = [fault("migration-unbounded", each, file) for each in objections(parsed.ast)]
    return (None, faults) if faults else (_work(parsed), [])


def _parsed(text: str) -> _Jsonata:
    # The library is an extra's, and slow to import: whoever has no such migration needs none.
    limit = sys.getrecursionlimit()
    try:
        from jsonata import Jsonata  # noqa: PLC0415
    finally:
        sys.setrecursionlimit(limit)  # the library sets its own
    found: _Jsonata = Jsonata(text)
    found.set_output_convert_nulls(False)
    return found


def _work(expression: _Jsonata) -> Work:
    def work(detail: Object) -> Object:
        try:
            found = expression.evaluate(_given(detail), {"__evaluate_entry": _limit()})
            made = _Plain().of(found, 0)
            check_size(made)
        except MigrationError:
            raise
        except _TooMuch as error:
            raise MigrationError(str(error)) from None
        except RecursionError:
            raise MigrationError("the event is nested too deeply for the expression") from None
        except Exception as error:  # whatever an event was made to do
            raise MigrationError(f"the expression failed: {_said(error)}") from error
        if not isinstance(made, dict):
            raise MigrationError("the expression made no object of the event")
        for name in CARRIED:
            if name in detail:
                made[name] = detail[name]
            else:
                made.pop(name, None)
        return made

    return work


def _limit() -> Callable[[Any, Any, Any], None]:
    """Called before each step of an evaluation."""
    end, left = thread_time() + MAX_SECONDS, _BETWEEN

    def enter(_expression: Any, _given: Any, _environment: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            left = _BETWEEN
            if thread_time() > end:
                raise _TooMuch("the expression takes too long for the event")

    return enter


def _given(value: Any) -> Any:
    """A copy, since the library's own objects may share what it is handed; with its numbers."""
    if isinstance(value, dict):
        return {name: _given(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_given(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


class _Plain:
    """Makes plain JSON of what the library gives, as much as an event may hold."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def of(self, value: Any, depth: int) -> Any:
        """The value in Python's own lists and objects."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise _TooMuch("the expression makes too much of the event")
        if isinstance(value, dict):
            return {name: self.of(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, depth + 1) for inner in value]
        if isinstance(value, float) and not math.isfinite(value):
            raise MigrationError(f"the expression makes {value} of the event, which is no number")
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if type(value).__name__ == "NullValue":  # the library's own null
            return None
        raise MigrationError(f"the expression makes a {type(value).__name__} of the event")


def _said(error: Exception) -> str:
    return clip(str(error).rstrip("."), _REASON) or type(error).__name__
