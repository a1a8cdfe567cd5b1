"""The disk's own baseline: SQLite alone, which writes so many events and syncs them, again and again."""

import tempfile
import time
from array import array
from pathlib import Path
from typing import Final

import apsw

from keybus.cli.bench.pipeline.answers import envelope
from keybus.cli.bench.pipeline.figures import Figures, Processors
from keybus.cli.bench.pipeline.latency import percentiles
from keybus.cli.bench.pipeline.plan import Case
from keybus.cli.bench.pipeline.slow_disk import SlowDisk

_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL")


def run_commits(case: Case, seconds: float, within: Path | None) -> Figures:
    """Commit for so many seconds; each transaction is one row of so many events' bytes.

    Args:
        case: How many events a transaction has, and what a sync takes longer.
        seconds: For how long.
        within: The folder whose disk is measured.
    """
    sync_ms = case.setup.sync_ms
    disk = None if sync_ms is None else SlowDisk(sync_ms / 1000)
    with tempfile.TemporaryDirectory(prefix="keybus-bench-", dir=within) as folder:
        connection = apsw.Connection(str(Path(folder) / "bare.db"))
        try:
            return _commit(connection, envelope() * case.load.per_request, case, seconds)
        finally:
            connection.close()
            if disk is not None:
                disk.unregister()


def _commit(connection: apsw.Connection, row: bytes, case: Case, seconds: float) -> Figures:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE log (position INTEGER PRIMARY KEY, envelopes BLOB) STRICT")
    times = array("I")
    spent, began = time.process_time(), time.monotonic()
    at = began
    while at < began + seconds:
        with connection:
            connection.execute("INSERT INTO log (envelopes) VALUES (?)", (row,))
        before, at = at, time.monotonic()
        times.append(round(1e6 * (at - before)))
    gone, busy = at - began, time.process_time() - spent
    return Figures(
        taken=len(times) * case.load.per_request / gone,
        delivered=0.0,
        processors=Processors(0.0, busy / gone, 0.0),
        answered=percentiles(times),
        handled=None,
        late_ms=0.0,
        again=0,
        missing=0,
        refused="",
    )
