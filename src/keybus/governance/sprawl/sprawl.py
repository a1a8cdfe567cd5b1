"""Makes the report."""

from keybus.contracts import ContractRepository
from keybus.governance.sprawl.report import SprawlReport
from keybus.governance.sprawl.rules import (
    Scene,
    event_findings,
    grant_findings,
    subscription_findings,
)
from keybus.governance.sprawl.software import software, software_findings
from keybus.governance.sprawl.usage import UsageSnapshot
from keybus.topology.model import Platform

DEFAULT_DAYS = 30
"""After as many days without use something is idle, where nothing else is asked."""


def sprawl(
    platform: Platform,
    contracts: ContractRepository,
    usage: UsageSnapshot | None,
    now_us: int,
    *,
    days: int = DEFAULT_DAYS,
) -> SprawlReport:
    """What has grown on a platform that nobody needs, owns or keeps up to date.

    Args:
        platform: What is declared.
        contracts: Its contracts.
        usage: What was counted; None where nothing is known, and only what is declared counts.
        now_us: Microseconds since the Unix epoch.
        days: After how many days without use something is idle. What was counted for fewer days
            is not called idle.
    """
    scene = Scene(platform, contracts, usage, now_us, days)
    running = software(scene)
    return SprawlReport(
        bus=platform.bus,
        at_us=now_us,
        days=days,
        since_us=0 if usage is None else usage.since_us,
        events=len(contracts),
        grants=len(platform.grants),
        subscriptions=len(platform.subscriptions),
        findings=(
            *event_findings(scene),
            *grant_findings(scene),
            *subscription_findings(scene),
            *software_findings(scene, running),
        ),
        software=running,
    )
