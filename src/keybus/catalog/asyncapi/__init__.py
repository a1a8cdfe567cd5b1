"""The AsyncAPI 3.0 document of a platform.

Source: AsyncAPI Specification 3.0.0 (asyncapi.com).
"""

from keybus.catalog.asyncapi.document import Options, asyncapi_document
from keybus.catalog.asyncapi.servers import Server
from keybus.catalog.asyncapi.writing import as_json, as_yaml

__all__ = ["Options", "Server", "as_json", "as_yaml", "asyncapi_document"]
