"""`keybus bench isolation`: what three subscriptions notice of a slow one and a dead one."""

from keybus.cli.bench.isolation.command import isolation

__all__ = ["isolation"]
