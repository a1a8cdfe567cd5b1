"""Compliance: the taxonomy of unauthorized exchanges DX00 to DX18, asked of a platform.

`check_compliance` judges the declared topology and, where one was looked at, a running bus.
"""

from keybus.governance.compliance.check import check_compliance
from keybus.governance.compliance.evidence import Evidence, Place
from keybus.governance.compliance.finding import AcceptedUntil, Finding, Report, Severity
from keybus.governance.compliance.rules import RULES, Rule
from keybus.governance.compliance.running import (
    MadeByHand,
    Running,
    RunningConsumer,
    RunningCredential,
    RunningQueue,
)

__all__ = [
    "RULES",
    "AcceptedUntil",
    "Evidence",
    "Finding",
    "MadeByHand",
    "Place",
    "Report",
    "Rule",
    "Running",
    "RunningConsumer",
    "RunningCredential",
    "RunningQueue",
    "Severity",
    "check_compliance",
]
