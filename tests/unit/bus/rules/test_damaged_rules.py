"""A rule that cannot be read is left alone, with all that waits for its targets."""

import pytest

from keybus.bus.legible import Damaged
from keybus.bus.rules.rule import Rule
from keybus.bus.rules.target import RuleTarget
from keybus.engines.memory import MemoryEngine
from keybus.governance import ANYBODY
from keybus.testing import ManualClock
from tests.unit.bus.offered import foreign
from tests.unit.bus.rules.making import ME, OTHER, StartRuled, arn, details, queue, received, rule

TO_Q = RuleTarget("q", arn("q"))


@pytest.mark.parametrize("broken", [b"{", b'{"name": 5}'])
async def test_what_waits_for_a_damaged_rule_is_there_once_it_is_mended(
    ruled: StartRuled,
    clock: ManualClock,
    broken: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = MemoryEngine(clock=clock)
    bus = await ruled(engine=engine)
    name = await rule(bus, "r", OTHER, TO_Q)
    await bus.put([foreign(detail='{"n": 1}')])
    await bus.stop()
    whole = await engine.documents.get("rules", f"{ME}/r")
    assert whole is not None
    await engine.documents.put("rules", f"{ME}/r", broken)
    damaged = await ruled(engine=engine)
    assert f"the rule '{ME}/r' cannot be read" in caplog.text
    for change in (
        damaged.rules.put(Rule(ME, "r", '{"source": ["a"]}'), ANYBODY),
        damaged.rules.put_targets(ME, "r", [TO_Q], ANYBODY),
        damaged.rules.remove_targets(ME, "r", ["q"], ANYBODY),
        damaged.rules.delete(ME, "r", ANYBODY),
    ):
        with pytest.raises(Damaged):
            await change
    assert damaged.rules.all() == []
    await damaged.stop()
    await engine.documents.put("rules", f"{ME}/r", whole.value)
    mended = await ruled(engine=engine)
    assert name in mended.control.dispatchers
    await queue(mended, "q")
    clock.advance(1)
    assert details(await received(mended, "q", 1)) == [{"n": 1}]
