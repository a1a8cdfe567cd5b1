"""Sprawl: what has grown on a platform that nobody needs, owns or keeps up to date."""

from keybus.governance.sprawl.agent import HEADER, Agent, is_older, parse_agent
from keybus.governance.sprawl.likeness import Likeness, near_duplicates
from keybus.governance.sprawl.report import (
    DAY_US,
    BindingsInUse,
    Software,
    SprawlCode,
    SprawlFinding,
    SprawlReport,
)
from keybus.governance.sprawl.software import bindings_digest
from keybus.governance.sprawl.sprawl import DEFAULT_DAYS, sprawl
from keybus.governance.sprawl.usage import (
    Consumed,
    Delivered,
    OfMajor,
    Published,
    Received,
    Seen,
    UsageSnapshot,
)

__all__ = [
    "DAY_US",
    "DEFAULT_DAYS",
    "HEADER",
    "Agent",
    "BindingsInUse",
    "Consumed",
    "Delivered",
    "Likeness",
    "OfMajor",
    "Published",
    "Received",
    "Seen",
    "Software",
    "SprawlCode",
    "SprawlFinding",
    "SprawlReport",
    "UsageSnapshot",
    "bindings_digest",
    "is_older",
    "near_duplicates",
    "parse_agent",
    "sprawl",
]
