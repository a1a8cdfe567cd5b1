"""Amazon EventBridge Schemas' API: the contracts of the bus, and registries that accounts keep."""

from keybus.server.schemas.service import OPERATIONS, REFUSED, SCHEMAS

__all__ = ["OPERATIONS", "REFUSED", "SCHEMAS"]
