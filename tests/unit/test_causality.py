import re

from keybus.causality import Cause, caused_by, current_cause, next_trace
from keybus.testing import ManualClock

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01")


def test_outside_of_handlers_every_event_starts_a_trace() -> None:
    clock = ManualClock()
    first, second = next_trace(clock), next_trace(clock)
    assert TRACEPARENT.fullmatch(first)
    assert first[3:35] != second[3:35]
    assert current_cause() is None


def test_inside_the_trace_goes_on_in_a_new_span() -> None:
    clock = ManualClock()
    trace = next_trace(clock)
    with caused_by(Cause("e1", "c1", trace)):
        below = next_trace(clock)
        assert current_cause() == Cause("e1", "c1", trace)
    assert below[:35] == trace[:35]
    assert below[36:52] != trace[36:52]
    assert current_cause() is None


def test_a_trace_that_is_none_is_not_carried_on() -> None:
    for foreign in ("", "00-zz-1-01", "x" * 200, "00-" + "0" * 32):
        with caused_by(Cause("e1", "c1", foreign)):
            assert TRACEPARENT.fullmatch(next_trace(ManualClock()))
