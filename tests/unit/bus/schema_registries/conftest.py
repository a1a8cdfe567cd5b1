"""The registry's closed bus."""

from tests.unit.bus.registry.conftest import Restart, another, bus, small

__all__ = ["Restart", "another", "bus", "small"]
