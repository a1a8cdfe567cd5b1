"""Schema registries that accounts keep for themselves, and the contracts as one more of them."""

from keybus.bus.schema_registries.registries import SchemaRegistries

__all__ = ["SchemaRegistries"]
