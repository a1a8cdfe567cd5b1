"""What an app tells a construct, checked before anything is made of it."""

from typing import Any, TypeVar

import msgspec

from keybus.cdk.deployment import NotDeclared

_Told = TypeVar("_Told")


def told(name: str, value: _Told, kind: Any, hint: str) -> _Told:
    """An argument, if it is of its kind.

    Args:
        name: Its name.
        value: What was given.
        kind: What it has to be: a type, as msgspec takes it.
        hint: What to give instead.

    Raises:
        NotDeclared: It is of another.
    """
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise NotDeclared(f"{name} cannot be {value!r:.80}", hint=f"give {hint}") from None
    return value
