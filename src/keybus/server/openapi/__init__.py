"""The native API's OpenAPI document, made from the routes and the types that their handlers read by."""

from keybus.server.openapi.document import document
from keybus.server.openapi.route import routes

__all__ = ["document", "routes"]
