"""Usage: who writes and who reads which event type, version and field, and whom a change breaks."""

from keybus.governance.usage.release import Impact, Impacts, can_release
from keybus.governance.usage.removal import Removal, can_remove
from keybus.governance.usage.report import Read, Reader, UsageReport, Writer, usage_of
from keybus.governance.usage.users import PublisherOf, SubscriptionTo, Users, users_of
from keybus.governance.usage.verdicts import EXIT_CODES, Affected, Reason, Verdict

__all__ = [
    "EXIT_CODES",
    "Affected",
    "Impact",
    "Impacts",
    "PublisherOf",
    "Read",
    "Reader",
    "Reason",
    "Removal",
    "SubscriptionTo",
    "UsageReport",
    "Users",
    "Verdict",
    "Writer",
    "can_release",
    "can_remove",
    "usage_of",
    "users_of",
]
