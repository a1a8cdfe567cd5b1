"""Keybus's own API: REST under ``/api/v1``, and deliveries over a WebSocket or by polling."""

from keybus.server.native.pollers import Pollers
from keybus.server.native.routes import routes

__all__ = ["Pollers", "routes"]
