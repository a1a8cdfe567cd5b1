"""TypeScript bindings."""

from keybus.contracts.bindings.typescript.package import typescript_package

__all__ = ["typescript_package"]
