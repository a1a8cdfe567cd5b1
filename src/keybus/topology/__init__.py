"""The declared platform: accounts, publishers and subscriptions as data."""

from keybus.topology.load import load_platform
from keybus.topology.model import Account, EventRef, Platform, Publisher, Retry, Subscription

__all__ = [
    "Account",
    "EventRef",
    "Platform",
    "Publisher",
    "Retry",
    "Subscription",
    "load_platform",
]
