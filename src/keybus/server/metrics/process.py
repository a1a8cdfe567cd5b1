"""The process itself: its memory, its time, and how late its event loop is."""

import asyncio
import os
import sys
import time
from typing import Final

from keybus.server.metrics.exposition import Metric, Sample

_TICK_SECONDS: Final = 0.1
_STARTED: Final = time.time()


class LoopLag:
    """How late the event loop is with what is due: the worst since it was asked last.

    It begins with the first question; nobody who does not ask pays for it.
    """

    def __init__(self) -> None:
        self._worst = 0.0
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def worst(self) -> float:
        """Seconds; 0 where it was not asked before."""
        loop = asyncio.get_running_loop()
        if self._handle is None:
            self._next(loop)
        else:
            self._late(loop)
        worst, self._worst = self._worst, 0.0
        return worst

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + _TICK_SECONDS
        self._handle = loop.call_at(self._due, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._late(loop)
        self._next(loop)

    def _late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._worst = max(self._worst, loop.time() - self._due)


def process_metrics(lag: LoopLag) -> list[Metric]:
    """The process, by the names that Prometheus' own client libraries use."""
    found = [
        _gauge("process_start_time_seconds", "Start of the process, Unix time.", _STARTED),
        Metric(
            "process_cpu_seconds_total",
            "counter",
            "CPU time of the process.",
            [Sample(round(time.process_time(), 6))],
        ),
        _gauge(
            "keybus_event_loop_lag_seconds",
            "How late the event loop was at worst since the last scrape.",
            round(lag.worst(), 6),
        ),
        _gauge("keybus_event_loop_tasks", "Tasks of the event loop.", len(asyncio.all_tasks())),
    ]
    if (resident := _resident()) is not None:
        text = "Memory of the process that is in RAM."
        found.append(_gauge("process_resident_memory_bytes", text, resident))
    return found


def _resident() -> int | None:
    """Bytes; None where the system does not say."""
    if sys.platform != "linux":
        return None
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - no path's business
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _gauge(name: str, text: str, value: float) -> Metric:
    return Metric(name, "gauge", text, [Sample(value)])
