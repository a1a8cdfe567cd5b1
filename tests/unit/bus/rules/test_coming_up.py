"""Rules that cannot hold any more do not keep the bus down."""

from typing import cast

import pytest

from keybus.bus import Bus
from keybus.bus.audit.log import AuditLog
from keybus.bus.control.control import Control
from keybus.bus.control.generation import Generation
from keybus.bus.control.overlays import Overlays
from keybus.bus.metering.violations import Violations
from keybus.bus.rules.beside import Beside, subscription_name
from keybus.bus.rules.target import RuleTarget
from keybus.engines.memory import MemoryEngine
from keybus.patterns import Pattern
from keybus.testing import ManualClock
from keybus.topology import Subscription
from tests.unit.bus.rules.making import ME, StartRuled, arn

BROKEN = Beside(
    rule="r",
    arn="",
    account=ME,
    is_enabled=True,
    changed_us=0,
    target=RuleTarget("q", arn("q")),
    pattern=cast("Pattern", None),
    subscription=Subscription(account=ME, filter={"source": "no list"}),  # no index takes that
)


async def test_the_bus_comes_up_without_them(
    ruled: StartRuled, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    engine = MemoryEngine(clock=clock)
    bus: Bus = await ruled(engine=engine)
    audit = await AuditLog.open(engine.documents, clock)
    control = Control(
        engine,
        bus.modes,
        bus.permission,
        audit=audit,
        usage=bus.usage,
        clock=clock,
        meters=bus.meters,
        violations=Violations(clock),
        overlays=Overlays(made=lambda _: {subscription_name(ME, "r", "q"): BROKEN}),
    )
    held: list[Generation] = []
    await control.resume(held.append, required=True)
    assert held[0].subscriptions == bus.platform.subscriptions
    assert "with the rules that were made by hand it cannot hold" in caplog.text
    await control.stop()
    await audit.close()
