"""Nothing leaves the window before its time, and everything within a second after it."""

from hypothesis import given
from hypothesis import strategies as st

from keybus.bus.ingest.window import Window

PLENTY = 1_000_000
Added = st.lists(st.tuples(st.floats(0, 40), st.integers(1, 9)), min_size=1, max_size=80)


@given(Added)
def test_it_reaches_as_far_as_it_should(steps: list[tuple[float, int]]) -> None:
    window, now, position = Window(30.0, PLENTY), 1_000.0, 0
    added: list[tuple[float, int]] = []
    for wait, count in steps:
        now += wait
        position += count
        window.add(now, position, count)
        added.append((now, position))
        for moment in (now, now + 29.5, now + 31.0):
            _assert_exact(window, added, moment)
            if moment > now:
                window = _again(added)  # moving on may not be taken back
        assert not window.crowded
        assert window.reach(now) == 30.0


def _again(added: list[tuple[float, int]]) -> Window:
    window, before = Window(30.0, PLENTY), 0
    for now, position in added:
        window.add(now, position, position - before)
        before = position
    return window


def _assert_exact(window: Window, added: list[tuple[float, int]], moment: float) -> None:
    window.move(moment)
    young = [position for at, position in added if at >= moment - 30.0]
    old = [position for at, position in added if at < moment - 31.0]
    assert all(position > window.floor for position in young)
    assert all(position <= window.floor for position in old)


@given(Added, st.integers(1, 300))
def test_there_are_never_more_than_it_has_room_for(
    steps: list[tuple[float, int]], limit: int
) -> None:
    window, now, position, group = Window(30.0, limit), 0.0, 0, max(1, limit // 64) + 9
    for wait, count in steps:
        now += wait / 40
        position += count
        if window.add(now, position, count):
            window.move(now)
        assert position - window.floor <= limit + 2 * group
        if window.crowded:
            assert position - window.floor >= limit - 2 * group
            assert window.reach(now) <= 30.0


def is_crowded(window: Window) -> bool:
    return window.crowded


def test_one_that_is_crowded_says_how_far_it_reaches() -> None:
    window = Window(300.0, 64)
    for second in range(100):
        window.add(float(second), second + 1, 1)
        window.move(float(second))
    assert is_crowded(window)
    assert 62 <= window.reach(99.0) <= 66
    window.move(500.0)
    assert not is_crowded(window)
    assert window.floor == 100
    assert window.reach(500.0) == 300.0
