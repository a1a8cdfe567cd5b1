"""A failure that goes on is told once with its traceback, then a line a second."""

import logging
from collections.abc import Iterator
from importlib import import_module

import pytest

from keybus.errors import StorageFailed
from keybus.server.failure_limit import LOGGERS, FailureLimit
from keybus.testing.clock import ManualClock

INGEST, DESK = "keybus.bus.ingest.ingest", "keybus.bus.delivery.desk"


@pytest.fixture
def limited(clock: ManualClock) -> Iterator[None]:
    with FailureLimit(clock).attached():
        yield


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def fail(name: str, message: str, *args: object, error: Exception | None = None) -> None:
    logging.getLogger(name).error(
        message, *args, exc_info=error or StorageFailed("the disk is full")
    )


@pytest.mark.usefixtures("limited")
def test_a_traceback_comes_once_and_then_a_line_a_second(
    caplog: pytest.LogCaptureFixture, clock: ManualClock
) -> None:
    for _ in range(68):
        fail(INGEST, "%d events are not known to be durable", 3)
    [first] = caplog.records
    assert first.exc_info
    clock.advance(1)
    fail(INGEST, "%d events are not known to be durable", 4)
    fail(INGEST, "%d events are not known to be durable", 5)
    [_, second] = caplog.records
    assert not second.exc_info
    assert second.getMessage() == (
        "4 events are not known to be durable: the disk is full (and 67 times before, not logged)"
    )
    clock.advance(1)
    fail(INGEST, "%d events are not known to be durable", 6)
    assert "(and 1 times before" in caplog.records[-1].getMessage()
    clock.advance(61)
    fail(INGEST, "%d events are not known to be durable", 7)
    assert caplog.records[-1].exc_info


@pytest.mark.usefixtures("limited")
def test_kinds_are_told_apart_and_subscriptions_are_not(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a", "b", "c"):
        fail(DESK, "%s: %s", name, "cannot fetch, trying again")
        fail(DESK, "%s: %s", name, "could not settle, so it is delivered again")
        fail(DESK, "%s: %s", name, "cannot fetch, trying again", error=ValueError("else"))
    assert [each.getMessage() for each in caplog.records] == [
        "a: cannot fetch, trying again",
        "a: could not settle, so it is delivered again",
        "a: cannot fetch, trying again",
    ]


@pytest.mark.usefixtures("limited")
def test_an_error_that_is_the_message_is_said_once(
    caplog: pytest.LogCaptureFixture, clock: ManualClock
) -> None:
    for _ in range(2):
        fail("keybus.server.answers", "%s", StorageFailed("the disk is full"))
        clock.advance(1)
    assert [each.getMessage() for each in caplog.records] == ["the disk is full"] * 2


def test_every_logger_is_one_that_there_is() -> None:
    assert all(hasattr(import_module(name), "_log") for name in LOGGERS)


@pytest.mark.usefixtures("limited")
def test_what_is_no_failure_passes(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        logging.getLogger(INGEST).warning("source %r is reserved", "aws.x")
    fail("keybus.elsewhere", "not limited")
    fail("keybus.elsewhere", "not limited")
    assert len(caplog.records) == 7


def test_the_rest_is_told_in_the_end(caplog: pytest.LogCaptureFixture, clock: ManualClock) -> None:
    with FailureLimit(clock).attached():
        for _ in range(5):
            fail(DESK, "%s: %s", "a", "cannot fetch, trying again")
    fail(DESK, "%s: %s", "a", "cannot fetch, trying again")
    messages = [each.getMessage() for each in caplog.records]
    assert messages == [
        "a: cannot fetch, trying again",
        "cannot fetch, trying again: StorageFailed, 4 times more, not logged",
        "a: cannot fetch, trying again",
    ]
