"""Amazon EventBridge's own API, over this bus."""

from keybus.server.eventbridge.service import EVENTS

__all__ = ["EVENTS"]
