"""The declared platform: accounts, publishers and subscriptions as data."""

from keybus.topology.filters import lint_filters
from keybus.topology.load import load_platform
from keybus.topology.model import Account, EventRef, Platform, Publisher, Retry, Subscription

__all__ = [
    "Account",
    "EventRef",
    "Platform",
    "Publisher",
    "Retry",
    "Subscription",
    "lint_filters",
    "load_platform",
]
