import logging

import pytest

from keybus.server.log_limit import LOGGERS, MOST, WINDOW_SECONDS, LogLimit
from keybus.testing.clock import ManualClock


@pytest.mark.parametrize("name", LOGGERS)
def test_a_message_is_logged_some_times_a_minute_and_then_counted(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, log = ManualClock(), logging.getLogger(name)
    with LogLimit(clock).attached():
        for number in range(MOST + 5):
            log.warning("Bad request %d of 100%%", number)
        assert len(caplog.messages) == MOST
        log.warning("something else")
        assert caplog.messages[-1] == "something else"
        clock.advance(WINDOW_SECONDS)
        log.warning("Bad request %d of 100%%", 99)
        assert caplog.messages[-1] == "Bad request 99 of 100% (and 5 times before, not logged)"
        log.warning("Bad request %d of 100%%", 100)
        assert caplog.messages[-1] == "Bad request 100 of 100%"


def test_no_more_than_the_limit_is_nothing_to_speak_of(caplog: pytest.LogCaptureFixture) -> None:
    clock, log = ManualClock(), logging.getLogger(LOGGERS[0])
    with LogLimit(clock).attached():
        for _ in range(MOST):
            log.warning("Bad")
        clock.advance(WINDOW_SECONDS)
        log.warning("Bad")
        assert caplog.messages == ["Bad"] * (MOST + 1)
