"""The registry: released contracts in the bus's store, who publishes them, and what is pending."""

from keybus.bus.registry.registry import ContractRegistry

__all__ = ["ContractRegistry"]
