"""The document as a whole.

Source: OpenAPI Specification 3.1.1.
"""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from keybus.protocol import Problem
from keybus.server.access import Guarded, GuardedSocket
from keybus.server.openapi.described import described_operation, shared_errors
from keybus.server.openapi.schemas import Schemas

_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token: `keybus credentials issue`.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "AWS Signature Version 4 with an access key: `keybus credentials issue --key`.",
    },
}
_ABOUT: Final = """\
Each operation says under `x-keybus-decision` what a request has to be allowed, and which roles may
be. Errors are `Problem`s. What OpenAPI does not describe: WebSockets (%s), and what AWS's clients
ask: `POST /`, and all of `/v1/` and `/tags/`."""


def document(routes: Iterable[object], *, closed: bool) -> dict[str, Any]:
    """The OpenAPI 3.1 document of routes.

    Args:
        routes: All of an application's; those without an operation are left out.
        closed: Whether the bus asks for credentials.
    """
    found = list(routes)
    described = [
        (route, route.operation)
        for route in found
        if isinstance(route, Guarded) and route.operation is not None
    ]
    schemas = Schemas(Problem, *(operation for _, operation in described))
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in described:
        [method] = (route.methods or set()) - {"HEAD"}
        path = paths.setdefault(_plain(route.path), {})
        path[method.lower()] = described_operation(route.access, operation, schemas, closed=closed)
    sockets = [f"`{_plain(each.path)}`" for each in found if isinstance(each, GuardedSocket)]
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Keybus",
            "version": version("keybus"),
            "description": _ABOUT % ", ".join(sockets),
        },
        "paths": paths,
        "components": {
            "responses": shared_errors(schemas),
            "schemas": schemas.components,
            **({"securitySchemes": _SCHEMES} if closed else {}),
        },
    }


def _plain(path: str) -> str:
    """A path as OpenAPI writes it."""
    return _PARAMETER.sub(r"{\1}", path)
