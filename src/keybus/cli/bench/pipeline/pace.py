"""When requests are to be sent: at settled moments, or as soon as there is room."""

from keybus.cli.bench.pipeline.board import Board


class Steady:
    """A request each so many microseconds, whatever becomes of the ones before it.

    What is late is sent late and measured from when it was due, so that a bus which stalls is
    charged for all that would have come meanwhile (no coordinated omission).

    Args:
        begin_us: When the first one is due.
        end_us: When none is any more.
        interval: Microseconds from one to the next.
    """

    def __init__(self, begin_us: int, end_us: int, interval: float) -> None:
        self._begin, self._end, self._interval = begin_us, end_us, interval
        self._sent = 0

    def due(self, now_us: int) -> int | None:
        """When the next request was due; None where it is not due yet, or never."""
        at = self._next()
        if at > now_us or at >= self._end:
            return None
        self._sent += 1
        return at

    def wait(self, now_us: int) -> float:
        """Seconds until there may be something to send."""
        return max(0, self._next() - now_us) / 1e6

    def over(self, _: int) -> bool:
        """Whether nothing more will be due."""
        return self._next() >= self._end

    def _next(self) -> int:
        return self._begin + round(self._sent * self._interval)


class Saturating:
    """As many as are answered, while no subscription is too far behind.

    What is taken in faster than it goes out is no rate that a bus can keep.

    Args:
        begin_us: When the first one is due.
        end_us: When none is any more.
        board: How far subscriptions are.
        lag: By how many events they may be behind; 0: by any number.
        most: Requests in all; 0: any number.
    """

    _PAUSE = 0.0005

    def __init__(self, begin_us: int, end_us: int, board: Board, lag: int, most: int = 0) -> None:
        self._begin, self._end, self._board = begin_us, end_us, board
        self._lag, self._left = lag, most or -1

    def due(self, now_us: int) -> int | None:
        """Now, if there is room."""
        if now_us < self._begin or self.over(now_us):
            return None
        if self._lag and self._board.lag >= self._lag:
            return None
        self._left -= 1
        return now_us

    def wait(self, _: int) -> float:
        """Seconds until there may be room."""
        return self._PAUSE

    def over(self, now_us: int) -> bool:
        """Whether nothing more will be due."""
        return now_us >= self._end or not self._left
