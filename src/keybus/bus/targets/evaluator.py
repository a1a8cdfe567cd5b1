"""Evaluates a subscription's JSONata expression in a process of its own, within bounds."""

import asyncio
import contextlib
import struct
import sys
from importlib.util import find_spec
from pathlib import Path

from keybus.errors import KeybusError
from keybus.topology.inputs import InputError
from keybus.topology.inputs.given import MAX_INPUT_BYTES

EVALUATION_SECONDS = 1.0
"""Of the processor's time, for one event; the process of what takes more is started anew."""
_PATIENCE = 10.0  # seconds, on a machine that is busy
_ENDING_SECONDS = 0.2
_STARTED_BADLY = range(1, 256)  # exit codes; what was ended by a signal has a negative one
_LENGTH = struct.Struct(">I")
_SCRIPT = Path(__file__).with_name("sandbox.py")


class NotEvaluated(KeybusError):
    """An evaluation that could not be made now, for no fault of the expression's or the event's."""

    code = "not-evaluated"


class Evaluator:
    """One expression; its process is started with the first event. Belongs to one event loop.

    Args:
        expression: A sound JSONata expression.
        seconds: For one event.
    """

    def __init__(self, expression: str, *, seconds: float = EVALUATION_SECONDS) -> None:
        self._expression, self._seconds = expression, seconds
        self._process: asyncio.subprocess.Process | None = None
        self._closed = False
        self._one_at_a_time = asyncio.Lock()

    async def evaluate(self, event: bytes) -> bytes:
        """What the expression makes of an event, as JSON.

        Raises:
            InputError: It fails, makes nothing, or takes too long or too much.
            NotEvaluated: Its process cannot be started, or the machine is too busy.
        """
        async with self._one_at_a_time:
            if self._closed:
                raise NotEvaluated("the subscription has another input by now, or the bus stops")
            try:
                async with asyncio.timeout(_PATIENCE):
                    answer = await _ask(await self._running(), event)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                code = await self._end()
                if code in _STARTED_BADLY:
                    raise NotEvaluated(f"the expression's process ended with {code}") from error
                raise InputError(
                    f"the expression takes longer than {self._seconds:g} s, or too much memory"
                ) from error
            except (TimeoutError, OSError) as error:
                await self._end()
                raise NotEvaluated(f"the expression's process does not answer: {error}") from error
            except BaseException:
                await self._end()  # what was asked would be answered to the next one
                raise
        if answer[:1] == b"!":
            raise InputError(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    async def close(self) -> None:
        """End the process, for good."""
        self._closed = True
        async with self._one_at_a_time:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()  # it ends by itself where it waits
            await self._end()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            found = find_spec("jsonata")
            if found is None or found.origin is None:
                raise InputError("JSONata expressions need the extra keybus[server]")
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_SCRIPT),
                str(Path(found.origin).parents[1]),
                str(self._seconds),
                str(MAX_INPUT_BYTES),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
            )
            await _send(self._process, self._expression.encode())
        return self._process

    async def _end(self) -> int:
        """End the process; answers its exit code, which is its own where it had ended already."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                return await process.wait()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        return await process.wait()


async def _ask(process: asyncio.subprocess.Process, event: bytes) -> bytes:
    await _send(process, event)
    assert process.stdout is not None
    head = await process.stdout.readexactly(_LENGTH.size)
    return await process.stdout.readexactly(_LENGTH.unpack(head)[0])


async def _send(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(_LENGTH.pack(len(data)) + data)
    await process.stdin.drain()
