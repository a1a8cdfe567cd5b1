"""May this be done? The topology, compiled for the hot path."""

from keybus.governance.authorizer.refusal import Refusal, RefusalCode

__all__ = ["Refusal", "RefusalCode"]
