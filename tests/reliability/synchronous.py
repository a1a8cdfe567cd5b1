"""Runs stores with a weaker `PRAGMA synchronous` than theirs: what a fault of ours would be like."""

import contextlib
from collections.abc import Iterator
from typing import Literal

import apsw

Level = Literal["OFF", "NORMAL"]


@contextlib.contextmanager
def weakened(level: Level) -> Iterator[None]:
    """Every connection that is opened meanwhile syncs less, whatever it is told later."""

    def weaken(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA synchronous = {level}")
        connection.authorizer = _pass_over

    apsw.connection_hooks.append(weaken)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(weaken)


def _pass_over(
    action: int, first: str | None, _second: str | None, _database: str | None, _trigger: str | None
) -> int:
    told = action == apsw.SQLITE_PRAGMA and first == "synchronous"
    return apsw.SQLITE_IGNORE if told else apsw.SQLITE_OK
