"""What was appended lately is found by its digest, and what was appended before is not."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from keybus.bus.ingest.recent import Recent


def digest(number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).digest()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5), st.booleans()), max_size=200))
def test_it_answers_as_a_list_would(steps: list[tuple[int, int, bool]]) -> None:
    recent, plain, position, floor = Recent(rows=2), list[tuple[bytes, int]](), 0, 0
    for number, step, forget in steps:
        position += step
        if forget:
            floor = max(floor, position - 7)
            recent.forget(floor)
        recent.add([digest(number)], [position])
        plain.append((digest(number), position))
        for asked in range(22):
            wanted = [at for key, at in plain if key == digest(asked) and at > floor]
            assert recent.find(digest(asked)) == wanted
            assert recent.knows_any([digest(21), digest(asked)]) or not wanted


def test_what_was_never_added_is_hardly_ever_known() -> None:
    recent = Recent()
    recent.add([digest(number) for number in range(50_000)], range(50_000))
    assert not recent.knows_any([digest(number) for number in range(50_000, 100_000)])
    assert all(recent.knows_any([digest(number)]) for number in range(50_000))


def test_a_digest_that_only_lies_across_two_records_is_not_found() -> None:
    recent, zeros = Recent(rows=1), bytes(16)
    recent.add([b"\0\0abcdef", b"\0\0ghijkl"], [1, 2])  # six zeros of a position, and its own two
    assert recent.find(zeros) == []
    recent.add([zeros], [3])
    assert recent.find(zeros) == [3]


def test_a_window_that_moves_on_keeps_no_more_than_it_needs() -> None:
    recent = Recent(rows=16)
    for position in range(1, 20_001):
        recent.forget(position - 1_000)
        recent.add([digest(position)], [position])
    assert recent.find(digest(20_000)) == [20_000]
    assert recent.find(digest(19_001)) == [19_001]
    assert recent.find(digest(19_000)) == []
    assert len(recent) <= 1_000 + 16 * 8


def test_a_row_of_which_everything_is_old_begins_anew() -> None:
    recent = Recent(rows=1)
    recent.add([digest(number) for number in range(1, 1_001)], range(1, 1_001))
    recent.forget(1_000)
    recent.add([digest(number) for number in range(1_001, 1_010)], range(1_001, 1_010))
    assert len(recent) <= 9
    assert recent.find(digest(1_001)) == [1_001]
