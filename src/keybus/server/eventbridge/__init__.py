"""EventBridge's own API: AWS JSON 1.1, by ``X-Amz-Target``."""

from keybus.server.eventbridge.dispatch import OPERATIONS, PATH, Operation, refusal, routes

__all__ = ["OPERATIONS", "PATH", "Operation", "refusal", "routes"]
