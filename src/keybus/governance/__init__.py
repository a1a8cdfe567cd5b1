"""Who may do what on the bus, and the proof: principals, the authorizer, compliance, audit."""

from keybus.governance.principal import ANYBODY, ROLES, Principal, Role

__all__ = ["ANYBODY", "ROLES", "Principal", "Role"]
