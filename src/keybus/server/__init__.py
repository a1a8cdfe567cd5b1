"""The bus over HTTP: the native API, and EventBridge's own, on one port."""

from keybus.server.app import application
from keybus.server.dev import serve_dev

__all__ = ["application", "serve_dev"]
