from keybus.server.auth.throttle import FREE_FAILURES, LONGEST_PAUSE, MAX_REMEMBERED, Throttle
from keybus.testing.clock import ManualClock


def tried(throttle: Throttle, times: int, address: str = "192.0.2.1", name: str = "K") -> None:
    for _ in range(times):
        throttle.failed(address, name)


def test_some_failures_are_free_then_pauses_double_up_to_a_bound() -> None:
    clock = ManualClock()
    throttle = Throttle(clock)
    tried(throttle, FREE_FAILURES - 1)
    assert throttle.pause("192.0.2.1", "K") == 0
    pauses = []
    for _ in range(12):
        tried(throttle, 1)
        pauses.append(throttle.pause("192.0.2.1", "K"))
        clock.advance(pauses[-1])
        assert throttle.pause("192.0.2.1", "K") == 0
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, *[LONGEST_PAUSE] * 3]


def test_failures_are_forgotten_after_a_quiet_minute() -> None:
    clock = ManualClock()
    throttle = Throttle(clock)
    tried(throttle, FREE_FAILURES)
    clock.advance(62)
    tried(throttle, FREE_FAILURES - 1)
    assert throttle.pause("192.0.2.1", "K") == 0


def test_an_address_pauses_whatever_it_claims_to_be() -> None:
    throttle = Throttle(ManualClock())
    for number in range(FREE_FAILURES):
        throttle.failed("192.0.2.1", f"K{number}")
    assert throttle.pause("192.0.2.1", "another") > 0
    assert throttle.pause("192.0.2.2", "another") == 0


def test_a_credential_pauses_wherever_it_is_tried() -> None:
    throttle = Throttle(ManualClock())
    for number in range(FREE_FAILURES):
        throttle.failed(f"192.0.2.{number}", "K")
    throttle.failed("198.51.100.1", "")
    assert throttle.pause("198.51.100.1", "K") > 0
    assert throttle.pause("198.51.100.1", "L") == 0


def test_nobody_is_locked_out_everywhere_by_failures_with_the_id() -> None:
    clock = ManualClock()
    throttle = Throttle(clock)
    tried(throttle, 50)
    assert throttle.pause("198.51.100.1", "K") == 0  # a first try, or one after a quiet minute
    throttle.failed("198.51.100.1", "K")
    assert throttle.pause("198.51.100.1", "K") > 0
    clock.advance(LONGEST_PAUSE + 61)
    tried(throttle, 1)
    assert throttle.pause("198.51.100.1", "K") == 0


def test_who_was_good_from_there_goes_on_whatever_others_do() -> None:
    throttle = Throttle(ManualClock())
    throttle.succeeded("192.0.2.1", "mine")
    tried(throttle, 50, name="theirs")
    tried(throttle, 50, name="mine")
    assert throttle.pause("192.0.2.1", "mine") == 0
    assert throttle.pause("192.0.2.1", "theirs") > 0
    throttle.failed("192.0.2.9", "another")
    assert throttle.pause("192.0.2.9", "mine") > 0


def test_a_network_of_ipv6_is_one_address() -> None:
    throttle = Throttle(ManualClock())
    for number in range(FREE_FAILURES):
        throttle.failed(f"2001:db8::{number:x}", f"K{number}")
    assert throttle.pause("2001:db8::ffff", "another") > 0
    assert throttle.pause("2001:db8:0:1::1", "another") == 0
    assert throttle.pause("::ffff:192.0.2.1", "another") == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle(ManualClock())
    for number in range(MAX_REMEMBERED + 100):
        throttle.failed("", f"K{number}")
        throttle.succeeded("", f"K{number}")
    assert throttle.remembered == MAX_REMEMBERED
