"""The rule of flatness: a leak is found however noisy it is, and what only once needed more is none."""

import random
from collections.abc import Sequence

import pytest

from tests.reliability.soak.flatness import BOUNDS, Growth, judged

MIB = 1 << 20


def growth(values: Sequence[float], name: str = "resident") -> Growth:
    """Of troughs a minute apart."""
    found = judged(name, [(float(minute), value) for minute, value in enumerate(values)])
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
def test_what_grows_a_little_each_time_is_not_flat_however_noisy_it_is(seed: int) -> None:
    draw = random.Random(seed)
    leaking = [100 * MIB + cycle * MIB + draw.uniform(-2, 2) * MIB for cycle in range(20)]
    assert not growth(leaking).flat
    steady = [100 * MIB + draw.uniform(-2, 2) * MIB for _ in range(20)]
    assert growth(steady).flat


def test_what_grows_at_first_and_then_no_more_is_flat() -> None:
    filling = [60 * MIB + min(cycle, 8) * 10 * MIB for cycle in range(20)]
    found = growth(filling)
    assert (found.flat, found.growth, found.level, found.minutes) == (True, 0.0, 140 * MIB, 9.0)


def test_one_trough_that_was_measured_at_a_bad_moment_changes_nothing() -> None:
    values = [100.0 * MIB] * 12
    values[-1] = 300.0 * MIB
    assert growth(values).growth == 0.0


def test_what_shrinks_is_flat() -> None:
    assert growth([(200 - cycle) * float(MIB) for cycle in range(20)]).flat


def test_small_numbers_may_waver_and_not_climb() -> None:
    assert growth([40.0, 41.0] * 6, "files").flat
    assert not growth([40.0 + cycle for cycle in range(12)], "files").flat
    assert not growth([40.0 + cycle for cycle in range(12)], "threads").flat


def test_few_troughs_say_nothing() -> None:
    assert judged("resident", [(float(minute), 1.0) for minute in range(4)]) is None
    assert judged("resident", []) is None


def test_a_bound_is_a_share_of_what_is_large() -> None:
    assert BOUNDS["resident"].of(10 * MIB) == 4 * MIB
    assert BOUNDS["resident"].of(1_000 * MIB) == pytest.approx(30 * MIB)
