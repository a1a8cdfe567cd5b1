"""An endpoint that is down costs a probe now and then; what waits for it keeps its attempts."""

import pytest

from keybus.bus.delivery.breaker import THRESHOLD, Breaker
from keybus.testing import ManualClock
from tests.unit.bus.offered import status
from tests.unit.bus.targets.authority import Authority
from tests.unit.bus.targets.conftest import HOST, StartHooked
from tests.unit.bus.targets.endpoint import Endpoint, answers
from tests.unit.bus.targets.watching import until_state

EVENTS = 60


async def test_what_waits_for_a_dead_endpoint_burns_no_attempts(
    hooked: StartHooked, endpoint: Endpoint, clock: ManualClock, authority: Authority
) -> None:
    await endpoint.stop()
    bus = await hooked(settings={"concurrency": THRESHOLD})
    await bus.put([status(number) for number in range(EVENTS)])
    await until_state(bus, delayed=THRESHOLD, in_flight=0)
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert (info.target.state, info.consumers) == ("waiting", 0)
    assert "cannot be connected to" in info.target.reason
    assert info.target.probe_us > clock.time_us()
    for _ in range(3):
        clock.advance((info.target.probe_us - clock.time_us() + 1) / 1_000_000)
        await until_state(bus, waiting=EVENTS)
        [info] = await bus.subscriptions()
        assert info.target is not None
    assert endpoint.connections == 0
    await endpoint.start(authority.serving(HOST))
    clock.advance(600)
    requests = await endpoint.until(EVENTS)
    await until_state(bus, waiting=0, in_flight=0, dead=0)
    attempts = sorted(int(each.headers["keybus-attempt"]) for each in requests)
    assert attempts[: EVENTS - THRESHOLD - 4] == [1] * (EVENTS - THRESHOLD - 4)
    assert sum(attempts) <= EVENTS + THRESHOLD + 4
    [info] = await bus.subscriptions()
    assert info.target is not None
    assert (info.target.state, info.target.reason) == ("delivering", "")


async def test_an_endpoint_that_refuses_events_is_not_down(
    hooked: StartHooked, endpoint: Endpoint
) -> None:
    endpoint.then = [answers(422)]
    bus = await hooked()
    await bus.put([status(number) for number in range(3 * THRESHOLD)])
    await until_state(bus, dead=3 * THRESHOLD)


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(clock, first=4.0, longest=16.0)


def opened(breaker: Breaker) -> Breaker:
    for _ in range(THRESHOLD):
        breaker.failed()
    return breaker


def test_it_opens_after_so_many_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(THRESHOLD - 1):
        breaker.failed()
    breaker.succeeded()
    for _ in range(THRESHOLD - 1):
        breaker.failed()
    assert not breaker.remaining
    breaker.failed()
    assert breaker.state == "open"


def test_it_stays_open_for_longer_each_time_up_to_a_bound(
    breaker: Breaker, clock: ManualClock
) -> None:
    opened(breaker)
    for bound in (4.0, 8.0, 16.0, 16.0, 16.0):
        assert bound / 2 <= breaker.remaining <= bound
        clock.advance(breaker.remaining + 0.001)
        assert breaker.state == "half-open"
        breaker.failed()


def test_what_was_under_way_when_it_opened_makes_it_no_longer(breaker: Breaker) -> None:
    opened(breaker)
    remaining = breaker.remaining
    breaker.failed()
    assert breaker.remaining == remaining


def test_one_success_closes_it(breaker: Breaker, clock: ManualClock) -> None:
    opened(breaker)
    clock.advance(5)
    breaker.succeeded()
    assert breaker.state == "closed"
    opened(breaker)
    assert breaker.remaining <= 4.0
