import pytest

from keybus.errors import Throttled
from keybus.server.auth.allowance import MOST_BYTES, MOST_BYTES_OF_ADDRESS, Allowance


def test_an_address_has_its_share_and_gets_it_back() -> None:
    allowance = Allowance()
    for trusted in (False, True):
        with allowance.body("192.0.2.1", trusted=trusted) as body:
            body.more(MOST_BYTES_OF_ADDRESS)
            with pytest.raises(Throttled):
                body.more(1)
            with allowance.body("192.0.2.2", trusted=trusted) as other:
                other.more(1)
    assert allowance.addresses == 0


def test_strangers_share_one_bound_and_hold_up_nobody_who_was_good() -> None:
    allowance = Allowance()
    waiting = [allowance.body(f"192.0.2.{number}", trusted=False) for number in range(5)]
    for body in waiting[: MOST_BYTES // MOST_BYTES_OF_ADDRESS]:
        body.more(MOST_BYTES_OF_ADDRESS)
    with pytest.raises(Throttled), waiting[-1] as body:
        body.more(1)
    with allowance.body("192.0.2.9", trusted=True) as good:
        good.more(MOST_BYTES_OF_ADDRESS)
    for body in waiting[: MOST_BYTES // MOST_BYTES_OF_ADDRESS]:
        body.__exit__()
    with allowance.body("192.0.2.4", trusted=False) as body:
        body.more(MOST_BYTES_OF_ADDRESS)
    assert allowance.addresses == 0
