"""The judge of replays, and of subscriptions that begin in the past."""

from collections.abc import Sequence

from tests.reliability.kills.event import KEYS, REPLAYED, REPLAYED_KEY
from tests.reliability.kills.journal import (
    Act,
    Answered,
    Connected,
    Declared,
    Killed,
    Offered,
    Receipt,
    Received,
    Replaying,
    Started,
)
from tests.reliability.kills.judge import Judge, Verdict
from tests.reliability.kills.replays import PAGE_AGAIN

NUMBERS = (REPLAYED_KEY, REPLAYED_KEY + KEYS)
"""The first events that replays bring."""
PUT: list[Act] = [Offered(0, 1, 2 * KEYS, again=False), Answered(1, 2 * KEYS)]
ASKED: list[Act] = [Replaying("r", 1, begun=False), Replaying("r", 1, begun=True)]


def judged(*acts: Act | Sequence[Act]) -> Verdict:
    judge = Judge({}, {})
    begun: list[Act] = [Started(1), Connected(REPLAYED, 1), Connected("late-3", 1)]
    for each in begun:
        judge.take(each)
    for act in acts:
        for each in act if isinstance(act, Sequence) else [act]:
            judge.take(each)
    return judge.verdict()


def came(life: int, *receipts: tuple[int, int], to: str = REPLAYED, replay: str = "r") -> Received:
    """Deliveries, by position and event."""
    found = [
        Receipt(position, number, 1, sound=True, replay=replay) for position, number in receipts
    ]
    return Received(to, life, found)


def test_a_replay_that_brings_all_of_its_key_is_good() -> None:
    verdict = judged(PUT, ASKED, came(1, (201, NUMBERS[0]), (202, NUMBERS[1])))
    assert (verdict.replays, verdict.lost, verdict.problems) == (1, 0, [])


def test_what_a_replay_does_not_bring_is_lost_if_it_was_begun() -> None:
    verdict = judged(PUT, ASKED, came(1, (201, NUMBERS[0])))
    assert (verdict.replays, verdict.lost) == (1, 1)
    assert f"[{NUMBERS[1]}]" in verdict.problems[0]
    verdict = judged(PUT, ASKED[0])
    assert (verdict.replays, verdict.lost) == (0, 0)


def test_what_is_acknowledged_later_is_no_part_of_a_replay() -> None:
    assert judged(ASKED, PUT).lost == 0


def test_a_page_may_come_again_over_a_kill_and_not_otherwise() -> None:
    first, again = came(1, (201, NUMBERS[0]), (202, NUMBERS[1])), (301, NUMBERS[0])
    killed = judged(PUT, ASKED, first, Killed(1), Connected(REPLAYED, 2), came(2, again))
    assert (killed.duplicates, killed.problems) == ({PAGE_AGAIN: 1}, [])
    alive = judged(PUT, ASKED, first, came(1, again))
    assert alive.problems == [f"{REPLAYED}, life 1: {NUMBERS[0]} came 2 times by r"]


def test_every_replay_brings_an_event_for_itself() -> None:
    second = [Replaying("s", 1, begun=False), Replaying("s", 1, begun=True)]
    both = [(201, NUMBERS[0]), (202, NUMBERS[1])]
    verdict = judged(PUT, ASKED, came(1, *both), second)
    assert verdict.lost == 2
    later = [(position + 100, number) for position, number in both]
    verdict = judged(PUT, ASKED, came(1, *both), second, came(1, *later, replay="s"))
    assert (verdict.lost, verdict.duplicates, verdict.problems) == (0, {}, [])


def test_what_came_by_no_replay_or_is_of_another_key_is_wrong() -> None:
    [problem] = judged(PUT, came(1, (201, NUMBERS[0]), replay="x")).problems
    assert "201 came by no replay" in problem
    problems = judged(PUT, ASKED, came(1, (201, 1))).problems
    assert any("201 is not an event that was put, or not for this" in each for each in problems)


def test_one_that_begins_in_the_past_is_owed_all_of_it_once_it_is_declared() -> None:
    assert judged(PUT).lost == 0
    verdict = judged(PUT, Declared("late-3"), came(1, (3, 3), to="late-3", replay=""))
    assert (verdict.filled, verdict.lost) == (1, 1)
    assert f"late-3: 1 events, from [{3 + KEYS}]" in verdict.problems[0]
