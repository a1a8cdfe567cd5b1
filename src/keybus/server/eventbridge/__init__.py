"""EventBridge's own API: AWS JSON 1.1, by ``X-Amz-Target``."""

from keybus.server.eventbridge.dispatch import routes

__all__ = ["routes"]
