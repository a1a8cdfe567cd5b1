"""Evaluates one JSONata expression; run as a script, in a process of its own, by `evaluator`.

An expression is a program: it may loop, call itself without end, match a pattern that backtracks for
hours or make a text of gigabytes, some of it within one call that nothing in this process could
stop. So the operating system does: a timer ends the process when an evaluation has taken too much
of the processor's time, and memory and files are bounded. It has a low priority and no
environment, and nothing is in it but the expression and one event.

In: the expression, then events, each as four bytes of length (big-endian) and UTF-8. Out: for each
event the same with one byte before the text: ``=`` for JSON, ``!`` for what went wrong.
"""

import contextlib
import json
import os
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

_MEMORY = 512 << 20
_FILES = 16
_DEPTH = 3000
_NICE = 10
_LENGTH = struct.Struct(">I")
_TOO_MUCH: dict[type[Exception], bytes] = {
    RecursionError: b"!the expression calls itself too often",
    MemoryError: b"!the expression takes too much memory",
}


def main(library: str, seconds: float, most: int) -> None:
    """Answer until standard input ends.

    Args:
        library: The folder in which the JSONata library is installed.
        seconds: Of the processor's time, for one evaluation.
        most: Bytes of a result.
    """
    sys.path.append(library)
    from jsonata import Jsonata  # noqa: PLC0415 - found in that folder
    from jsonata.utils import Utils  # noqa: PLC0415

    sys.setrecursionlimit(_DEPTH)
    source, drain = sys.stdin.buffer, sys.stdout.buffer
    _bound()
    text = _read(source)
    expression: Any = None
    with contextlib.suppress(Exception):  # one that cannot be read fails for every event
        expression = Jsonata(text.decode() if text is not None else "")
        expression.set_output_convert_nulls(False)
    while (event := _read(source)) is not None:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its default action ends the process
        answer = _answer(expression, Utils.convert_nulls, event, most)
        signal.setitimer(signal.ITIMER_PROF, 0)
        drain.write(_LENGTH.pack(len(answer)) + answer)
        drain.flush()


def _answer(expression: Any, converted: Any, event: bytes, most: int) -> bytes:
    if expression is None:
        return b"!the expression cannot be read"
    try:
        made = expression.evaluate(json.loads(event))
        if made is None:
            return b"!the expression makes nothing of the event"
        text = json.dumps(
            converted(made), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (RecursionError, MemoryError) as error:
        return _TOO_MUCH[type(error)]
    except Exception as error:  # noqa: BLE001 - whatever an expression was made to do
        return b"!the expression failed: " + str(error)[:300].encode("utf-8", "replace")
    if len(text) > most:
        return b"!the expression makes more than %d bytes" % most
    return b"=" + text


def _bound() -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(source: BinaryIO) -> bytes | None:
    head = source.read(_LENGTH.size)
    return source.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else None


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
