"""What is said of a rule's pattern stays one line, in the log as in the answer's header."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.bus import Bus
from keybus.governance import ANYBODY
from keybus.server.aws import Call
from keybus.server.aws.call import WARNING
from keybus.server.eventbridge.pattern_advice import advise
from tests.unit.bus.rules.making import StartRuled

FORGED = "a\nERROR keybus: all is lost\x1b[2J\x00\x7f\x85\u2028"
NO_BUS = cast("Bus", None)  # nobody asks it for anything


async def test_a_pattern_forges_no_line_of_the_log(
    ruled: StartRuled, caplog: pytest.LogCaptureFixture
) -> None:
    call = Call(await ruled(), ANYBODY)
    caplog.clear()
    await advise(call, json.dumps({FORGED: ["x"], "source": [FORGED]}))
    told = [each.getMessage() for each in caplog.records if "pattern" in each.getMessage()]
    assert told
    assert all(each.isprintable() for each in told)
    assert "all is lost" in call.headers[WARNING]


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_header_holds_what_a_header_may(messages: list[str]) -> None:
    call = Call(NO_BUS, ANYBODY)
    for each in messages:
        call.warn(each)
    told = call.headers[WARNING]
    assert told.isascii()
    assert told.isprintable()
