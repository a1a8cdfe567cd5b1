"""Which dead letters may go is what looking at all of them would say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.bus.dead_letters.lineup import Lineup, Waiting

GROUPS = st.sampled_from(["", "a", "b", "c"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), GROUPS),
        st.tuples(st.just("pick"), st.integers(1, 4)),
        st.tuples(st.just("back"), st.integers(0, 9)),
        st.tuples(st.just("gone"), st.integers(0, 9)),
    ),
    max_size=60,
)


class Naive:
    """The same, looked through from the start each time."""

    def __init__(self) -> None:
        self.waiting: list[Waiting] = []
        self.out: list[Waiting] = []

    def pick(self, most: int) -> list[Waiting]:
        busy = {group for _, group in self.out if group}
        picked = [each for each in sorted(self.waiting) if each[1] not in busy][:most]
        self.waiting = [each for each in self.waiting if each not in picked]
        self.out += picked
        return picked


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_it_is_as_if_all_were_looked_at(steps: list[tuple[str, str | int]]) -> None:
    lineup, naive = Lineup(), Naive()
    for number, (step, what) in enumerate(steps):
        if isinstance(what, str):
            naive.waiting.append((f"{number:03}", what))
            lineup.add([naive.waiting[-1]])
        elif step == "pick":
            picked = lineup.pick(what)
            assert picked == naive.pick(what)
            for _, group in picked:
                lineup.went(group)
        elif naive.out:
            letter, group = naive.out.pop(what % len(naive.out))
            lineup.came(group)
            if step == "back":
                naive.waiting.append((letter, group))
                lineup.add([(letter, group)])
        assert len(lineup) == len(naive.waiting)
        assert all(letter in lineup for letter, _ in naive.waiting)
