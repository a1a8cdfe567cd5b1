"""A store as the first version of Keybus left it: schema 1, with something in every table."""

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import apsw

from keybus.engines.sqlite.migrations import migrations
from tests.reliability.answers import GONE, Answers, Append, Queue, Standing
from tests.reliability.life import STORE

_EVENTS, _SEGMENT = 60, 20
_FLOOR, _SPARSE = 10, (13, 17)
_RETRIED, _BURIED = (4, 5, 30), (6, 7)
_DUE_AT = 100_000_000
"""Long ago: the first version did not keep how long a delay was."""


def old_store(answers: Answers) -> dict[str, bytes]:
    """Its files by name, and in the answers what an engine is to find in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STORE
        connection = apsw.Connection(str(path))
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute(migrations()[1])
            connection.execute("UPDATE meta SET value = 1 WHERE key = 'schema'")
            _fill(connection, answers)
        # As after a crash: most of it is still in the WAL.
        files = {name: path.with_name(name).read_bytes() for name in (STORE, f"{STORE}-wal")}
        connection.close()
    return files


def _fill(connection: apsw.Connection, answers: Answers) -> None:
    queues = {"all": Queue(), "some": Queue()}
    answers.queues.update(queues)
    for first in range(1, _EVENTS + 1, _SEGMENT):
        append = answers.offer([("all", "some")] * _SEGMENT)
        _write_segment(connection, append, first)
        answers.appended(append, range(first, first + _SEGMENT))
    for number, (name, queue) in enumerate(queues.items(), 1):
        queue.certain = True
        _write_queue(connection, number, name, queue, answers)
    connection.execute("INSERT INTO document VALUES ('tests', 'key-1', 5, x'0102')")
    connection.execute("UPDATE meta SET value = 5 WHERE key = 'document_version'")
    answers.documents["key-1"] = [b"\x01\x02"]


def _write_segment(connection: apsw.Connection, append: Append, first: int) -> None:
    last = first + len(append.texts) - 1
    connection.execute(
        "INSERT INTO log VALUES (?, ?, ?, 0, ?, ?, ?)",
        (
            first,
            last,
            append.at,
            _packed("q", [append.at] * len(append.texts)),
            _packed("I", [len(text) for text in append.texts]),
            b"".join(append.texts),
        ),
    )
    positions = _packed("Q", range(first, last + 1))
    for number in (1, 2):
        row = (number, last, last - first + 1, positions)
        connection.execute("INSERT INTO match VALUES (?, ?, ?, ?)", row)


def _write_queue(
    connection: apsw.Connection, number: int, name: str, queue: Queue, answers: Answers
) -> None:
    sparse = sorted({*_SPARSE, *(each for each in _RETRIED if each > _FLOOR)})
    connection.execute(
        "INSERT INTO subscription VALUES (?, ?, ?, ?)", (number, name, _FLOOR, _packed("Q", sparse))
    )
    for position in (*range(1, _FLOOR + 1), *_SPARSE):
        queue.fate(position).answered(GONE)
    for position in _RETRIED:
        queue.fate(position).answered(Standing("line", 2))
        connection.execute(
            "INSERT INTO exception VALUES (?, ?, 2, ?, 'busy')", (number, position, _DUE_AT)
        )
    for position in _BURIED:
        queue.fate(position).answered(Standing("dead", 3))
        text = answers.appends[0].texts[position - 1]
        connection.execute(
            "INSERT INTO dead_letter VALUES (NULL, ?, ?, 1000, 3, 2000, 'poison', ?)",
            (number, position, text),
        )


def _packed(form: str, values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}{form}", *values)
