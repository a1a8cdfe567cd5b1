"""JSONata expressions, as far as they can be judged before there is an event."""

import sys

from keybus.topology.inputs.fault import InputError

MAX_EXPRESSION = 8192
"""Characters of an expression: as many as a template's."""


def check_expression(text: str) -> None:
    """Refuse what is no JSONata expression.

    Raises:
        InputError: It is none, is too long, or is nested too deeply.
    """
    # The library is the `server` extra's, and slow to import: who declares no expression needs none.
    limit = sys.getrecursionlimit()
    try:
        from jsonata import Jsonata  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            "JSONata expressions need an extra", hint="pip install 'keybus[server]'"
        ) from error
    finally:
        sys.setrecursionlimit(limit)  # the library sets its own
    if not 1 <= len(text) <= MAX_EXPRESSION:
        raise InputError(
            f"an expression has 1 to {MAX_EXPRESSION} characters, this one {len(text)}"
        )
    try:
        Jsonata(text)
    except RecursionError as error:
        raise InputError("the expression is nested too deeply") from error
    except Exception as error:  # the parser has errors of many kinds for what is no expression
        raise InputError(f"the expression cannot be read: {error}") from error
