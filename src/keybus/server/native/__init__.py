"""Keybus's own API: REST under ``/api/v1``, and deliveries over a WebSocket."""

from keybus.server.native.routes import routes

__all__ = ["routes"]
