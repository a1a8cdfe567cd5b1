"""Percentiles of measured times."""

from collections.abc import Iterable

import msgspec


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds, by the nearest rank."""

    p50: float
    p90: float
    p99: float
    most: float


def percentiles(times_us: Iterable[int]) -> Percentiles | None:
    """Of so many microseconds; None where there are none."""
    ordered = sorted(times_us)
    if not ordered:
        return None
    ranks = (-(-len(ordered) * percent // 100) - 1 for percent in (50, 90, 99))
    p50, p90, p99 = (ordered[rank] / 1000 for rank in ranks)
    return Percentiles(p50, p90, p99, ordered[-1] / 1000)
