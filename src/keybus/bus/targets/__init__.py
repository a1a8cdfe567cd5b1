"""Targets: workers that take a subscription's deliveries to where its platform says."""

from keybus.bus.targets.settings import WebhookSettings
from keybus.bus.targets.targets import Targets

__all__ = ["Targets", "WebhookSettings"]
