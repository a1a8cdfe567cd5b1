"""The judge: whatever may not be in a journal is found, and whatever may be is not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.reliability.kills.event import KEYS, SELECTIONS, detail_of, number_of
from tests.reliability.kills.journal import (
    Act,
    Answered,
    Connected,
    Drained,
    Durable,
    Journal,
    Killed,
    Offered,
    Receipt,
    Received,
    Refused,
    Settled,
    Squeezed,
    Started,
    read,
)
from tests.reliability.kills.judge import Judge, Verdict
from tests.reliability.kills.order import KeyOrder, LogOrder
from tests.reliability.kills.witness import CONNECTION_LOST, IN_FLIGHT, NOT_KEPT

NAME = "everything"


def put(first: int, count: int, *, again: bool = False, publisher: int = 0) -> list[Act]:
    return [Offered(publisher, first, count, again), Answered(first, count)]


def came(life: int, *receipts: tuple[int, int], attempt: int = 1, sound: bool = True) -> Received:
    """Deliveries, by position and event."""
    found = [Receipt(position, number, attempt, sound) for position, number in receipts]
    return Received(NAME, life, found)


def judged(*acts: Act | Sequence[Act]) -> Verdict:
    """Of one subscription alone."""
    judge = Judge({NAME: (LogOrder,)}, {NAME: SELECTIONS[NAME]})
    judge.take(Started(1))
    judge.take(Connected(NAME, 1))
    for act in acts:
        for each in act if isinstance(act, Sequence) else [act]:
            judge.take(each)
    return judge.verdict()


def test_a_run_in_which_everything_comes_once_is_good() -> None:
    verdict = judged(
        put(1, 3),
        came(1, (1, 1), (2, 2), (3, 3)),
        Settled(NAME, 1, [1, 2, 3], []),
        Durable(NAME, 1, 3),
    )
    assert (verdict.acknowledged, verdict.delivered, verdict.lost) == (3, 3, 0)
    assert (verdict.problems, verdict.duplicates) == ([], {})


def test_an_acknowledged_event_that_never_came_is_lost() -> None:
    verdict = judged(put(1, 3), came(1, (1, 1), (3, 3)))
    assert verdict.lost == 1
    assert "[2]" in verdict.problems[0]


def test_an_event_that_was_not_acknowledged_may_be_lost() -> None:
    verdict = judged([Offered(0, 1, 3, again=False)], Refused(1, 3, "full"))
    assert (verdict.offered, verdict.refused, verdict.lost, verdict.problems) == (3, 3, 0, [])


def test_only_subscriptions_that_match_have_to_be_sent_an_event() -> None:
    judge = Judge()
    for act in put(1, 6):
        judge.take(act)
    for name, selects in SELECTIONS.items():
        judge.take(Connected(name, 1))
        matching = [
            Receipt(number, number, 1, sound=True) for number in range(1, 7) if selects(number)
        ]
        judge.take(Received(name, 1, matching))
    assert judge.verdict().problems == []


@pytest.mark.parametrize(
    ("acts", "cause"),
    [
        ([Killed(1), Connected(NAME, 2), came(2, (1, 1))], IN_FLIGHT),
        ([Connected(NAME, 1), came(1, (1, 1), attempt=2)], CONNECTION_LOST),
    ],
)
def test_duplicates_with_a_cause_are_counted_by_it(acts: list[Act], cause: str) -> None:
    verdict = judged(put(1, 1), came(1, (1, 1)), acts)
    assert (verdict.duplicates, verdict.problems) == ({cause: 1}, [])


@pytest.mark.parametrize("again", [(1, 1), (2, 1)], ids=["delivered twice", "in the log twice"])
def test_a_duplicate_without_a_cause_is_wrong(again: tuple[int, int]) -> None:
    verdict = judged(put(1, 1), came(1, (1, 1)), came(1, again))
    assert (verdict.duplicates, verdict.wrong) == ({"unexplained": 1}, 1)


def test_what_was_put_again_may_not_be_in_the_log_twice() -> None:
    again: list[Act] = [Offered(0, 1, 1, again=True), Killed(1), Connected(NAME, 2)]
    verdict = judged(again, put(1, 1), came(2, (1, 1)))
    assert (verdict.put_again, verdict.duplicates, verdict.problems) == (1, {}, [])
    verdict = judged(put(1, 1), came(1, (1, 1)), again, came(2, (2, 1)))
    assert (verdict.duplicates, verdict.wrong) == ({"unexplained": 1}, 1)


def test_what_was_settled_on_a_full_disk_may_come_again_and_nothing_later() -> None:
    full: Act = Squeezed(1, full=True)
    well: Act = Squeezed(1, full=False)
    settled: Act = Settled(NAME, 1, [1], [])
    again: Act = came(1, (1, 1))
    for acts in ([again, full, settled, again, well], [full, again, settled, well, again]):
        verdict = judged(put(1, 1), acts)
        assert (verdict.duplicates, verdict.problems) == ({NOT_KEPT: 1}, [])
    assert judged(put(1, 1), full, well, again, settled, again).wrong == 1


def test_a_disk_may_be_full_before_anybody_consumes() -> None:
    squeezed: list[Act] = [Killed(1), Squeezed(2, full=True), Connected(NAME, 2)]
    again: list[Act] = [came(2, (1, 1)), Settled(NAME, 2, [1], []), came(2, (1, 1))]
    verdict = judged(put(1, 1), squeezed, again)
    assert (verdict.duplicates, verdict.problems) == ({NOT_KEPT: 1}, [])
    next_life: list[Act] = [Killed(2), Connected(NAME, 3)]
    verdict = judged(put(1, 1), squeezed, next_life, came(3, (1, 1)), came(3, (1, 1)))
    assert verdict.wrong == 1


def test_what_failed_and_comes_again_is_no_duplicate() -> None:
    verdict = judged(
        put(1, 1), came(1, (1, 1)), Settled(NAME, 1, [], [1]), came(1, (1, 1), attempt=2)
    )
    assert (verdict.retried, verdict.duplicates, verdict.problems) == (1, {}, [])


def test_what_was_acknowledged_durably_may_not_come_again() -> None:
    acts: list[Act] = [
        Settled(NAME, 1, [1, 2], []),
        Durable(NAME, 1, 1),
        Killed(1),
        Connected(NAME, 2),
    ]
    assert judged(put(1, 2), came(1, (1, 1), (2, 2)), acts, came(2, (2, 2))).problems == []
    verdict = judged(put(1, 2), came(1, (1, 1), (2, 2)), acts, came(2, (1, 1)))
    assert "CAME BACK" in verdict.problems[0]


def test_first_deliveries_have_to_come_in_log_order_between_kills() -> None:
    after_a_kill: list[Act] = [Killed(1), Connected(NAME, 2)]
    assert judged(put(1, 2), came(1, (2, 2)), after_a_kill, came(2, (1, 1))).problems == []
    assert judged(put(1, 2), came(1, (2, 2)), came(1, (1, 1), attempt=2)).problems == []
    assert judged(put(1, 2), came(1, (2, 2)), came(1, (1, 1))).wrong == 1
    full: Act = Squeezed(1, full=True)
    assert judged(put(1, 2), full, came(1, (2, 2)), came(1, (1, 1))).problems == []


def test_a_publishers_events_have_to_stand_in_the_order_of_its_puts() -> None:
    acts = [*put(1, 1), *put(2, 1), came(1, (1, 2), (2, 1))]
    assert "publisher 0" in judged(acts).problems[0]
    acts = [*put(1, 1), *put(2, 1, publisher=1), came(1, (1, 2), (2, 1))]
    assert judged(acts).problems == []


def test_what_was_never_put_or_was_changed_on_the_way_is_wrong() -> None:
    assert judged(put(1, 1), came(1, (1, 1), sound=False)).wrong == 1
    assert number_of(detail_of(17)) == 17
    assert number_of(b"[") == -1


def test_a_subscription_that_does_not_end_empty_is_wrong() -> None:
    assert judged(Drained(NAME, waiting=0, in_flight=0, dead=0)).wrong == 0
    assert judged(Drained(NAME, waiting=0, in_flight=0, dead=1)).wrong == 1


class Keyed:
    """Deliveries of some keys, as `KeyOrder` sees them: what is wrong with each."""

    def __init__(self) -> None:
        self.order = KeyOrder()
        self.frame = 0

    def take(self, *deliveries: tuple[int, int]) -> list[bool]:
        """A frame of deliveries, by position and key; whether each may come."""
        self.frame += 1
        return [
            not self.order.takes(
                Receipt(position, key + position * KEYS, 1, sound=True), self.frame
            )
            for position, key in deliveries
        ]


def test_of_a_key_the_next_batch_comes_when_the_one_before_is_settled() -> None:
    keyed = Keyed()
    assert keyed.take((1, 1), (2, 1), (3, 2)) == [True, True, True]
    keyed.order.settled([1], [])
    assert keyed.take((4, 2)) == [False]
    assert keyed.take((5, 1)) == [False]
    keyed.order.settled([2, 5], [])
    assert keyed.take((6, 1)) == [True]


def test_of_a_key_none_overtakes_another() -> None:
    keyed = Keyed()
    assert keyed.take((3, 1), (2, 2), (1, 1)) == [True, True, False]


def test_of_a_key_none_passes_one_that_failed() -> None:
    keyed = Keyed()
    assert keyed.take((1, 1), (2, 1)) == [True, True]
    keyed.order.settled([], [1, 2])
    assert keyed.take((3, 2)) == [True]
    assert keyed.take((2, 1)) == [False]
    keyed = Keyed()
    keyed.take((1, 1), (2, 1))
    keyed.order.settled([2], [1])
    assert keyed.take((1, 1)) == [True]
    assert keyed.take((3, 1)) == [False]
    keyed.order.settled([1, 3], [])
    assert keyed.take((4, 1)) == [True]


def test_of_a_key_what_was_out_at_a_kill_comes_again_before_what_follows() -> None:
    keyed = Keyed()
    keyed.take((1, 1), (2, 1))
    keyed.order.settled([1, 2], [])
    keyed.take((3, 1))
    keyed.order.connects()
    # That 1 was acknowledged may not have been durable; that 3 was, nobody said.
    assert keyed.take((2, 1)) == [True]
    keyed.order.settled([2], [])
    assert keyed.take((4, 1)) == [False]
    keyed.order.connects()
    assert keyed.take((3, 1)) == [True]
    keyed.order.settled([3], [])
    assert keyed.take((1, 1)) == [False]


def test_of_a_key_what_was_settled_on_a_full_disk_may_come_again_and_nothing_before_it() -> None:
    keyed = Keyed()
    assert keyed.take((1, 1), (2, 1)) == [True, True]
    keyed.order.settled([1, 2], [])
    assert keyed.take((1, 1)) == [False]
    keyed.order.settled([1], [])
    keyed.order.disturbed()
    assert keyed.take((1, 1), (2, 1)) == [True, True]
    assert keyed.take((4, 1)) == [False]
    keyed.order.settled([1, 2, 4], [])
    assert keyed.take((3, 1)) == [False]


def test_a_journal_is_read_as_it_was_written_but_for_a_line_that_was_cut(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    acts = [Started(1), *put(1, 2), came(1, (1, 1)), Durable(NAME, 1, 4)]
    for act in acts:
        journal.note(act)
    journal.close()
    with journal.path.open("ab") as file:
        file.write(b'{"type":"killed"')
    assert list(read(journal.path)) == acts
