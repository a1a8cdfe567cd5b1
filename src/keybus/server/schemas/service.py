"""Which operations of EventBridge Schemas are answered, and which are refused on purpose."""

from collections.abc import Mapping
from typing import Final

from keybus.server.schemas import (
    code_bindings,
    discovered_schemas,
    discoverers,
    kept_schemas,
    read_schemas,
    registries,
    tagging,
)
from keybus.server.schemas.face import Face
from keybus.server.schemas.operation import Operation, Refused

_POLICY: Final = "/v1/policy"
_TOPOLOGY: Final = (
    "who reads a contract follows from the platform, its grants and the contract's classification;"
    " a registry of an account is that account's alone"
)

OPERATIONS: Final[Mapping[str, Operation]] = {
    **registries.OPERATIONS,
    **kept_schemas.OPERATIONS,
    **read_schemas.OPERATIONS,
    **code_bindings.OPERATIONS,
    **tagging.OPERATIONS,
    **discoverers.OPERATIONS,
    **discovered_schemas.OPERATIONS,
}
"""What is answered, by name."""
REFUSED: Final[Mapping[str, Refused]] = {
    "DeleteResourcePolicy": Refused("DELETE", _POLICY, _TOPOLOGY),
    "GetResourcePolicy": Refused("GET", _POLICY, _TOPOLOGY),
    "PutResourcePolicy": Refused("PUT", _POLICY, _TOPOLOGY),
}
"""What is refused, by name; each has its reason."""
SCHEMAS: Final = Face("schemas", OPERATIONS, REFUSED)
