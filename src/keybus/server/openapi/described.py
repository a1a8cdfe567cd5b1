"""An operation as the document has it."""

from typing import Any

from keybus.errors import KeybusError, Throttled, Unauthenticated
from keybus.governance.authorizer import ACTIONS
from keybus.protocol import Problem
from keybus.server.access import Access
from keybus.server.answers import status_of
from keybus.server.openapi.schemas import Schema, Schemas
from keybus.server.operation import ANYWHERE, JSON, Operation

_STATUS_TEXT = {200: "Done.", 201: "Made.", 202: "Begun."}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to ask again.",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}


def described_operation(
    access: Access, operation: Operation, schemas: Schemas, *, closed: bool
) -> dict[str, Any]:
    """An Operation Object.

    Args:
        access: Who may use its route.
        operation: What it is asked and answers.
        schemas: Has all of its types.
        closed: Whether the bus asks for credentials.
    """
    public = access.rule == "public"
    fails = (*operation.fails, *operation.unread, *(() if public else ANYWHERE))
    found: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "x-keybus-decision": _decision(access),
    }
    if operation.description:
        found["description"] = operation.description
    if parameters := [*_path(operation), *_query(operation, schemas)]:
        found["parameters"] = parameters
    if (body := operation.body) is not None:
        content = {JSON: {"schema": schemas[body.kind]}}
        found["requestBody"] = {
            "description": f"At most {body.limit} bytes.",
            "required": not body.optional,
            "content": content,
        }
    found["responses"] = _answers(operation, schemas) | _errors(fails, schemas)
    if closed:
        found["security"] = [] if public else [{"bearer": []}, {"signature": []}]
    return found


def shared_errors(schemas: Schemas) -> dict[str, Any]:
    """The Response Objects that most operations have."""
    return {kind.__name__: _written([kind], schemas[Problem]) for kind in ANYWHERE}


def _decision(access: Access) -> dict[str, Any]:
    if access.rule != "administer":
        return {"rule": access.rule}
    return {"rule": access.action, "roles": sorted(ACTIONS[access.action])}


def _path(operation: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "description": text, "schema": schema}
        for name, text in operation.path.items()
    ]


def _query(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = schemas.inline(operation.query.kind)
    return [
        _parameter(name, each, schema["required"]) for name, each in schema["properties"].items()
    ]


def _parameter(name: str, schema: Schema, required: list[str]) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "description"}
    return {
        "name": name,
        "in": "query",
        "required": name in required,
        "description": schema["description"],
        "schema": plain,
    }


def _answers(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    return {
        str(status): {
            "description": _STATUS_TEXT[status],
            "content": {operation.media_type: {"schema": schemas[kind]}},
        }
        for status, kind in operation.answers.items()
    }


def _errors(fails: tuple[type[KeybusError], ...], schemas: Schemas) -> dict[str, Any]:
    """A Response Object for each status of these errors, which names their codes."""
    by_status: dict[int, list[type[KeybusError]]] = {}
    for kind in dict.fromkeys(fails):
        by_status.setdefault(status_of(kind), []).append(kind)
    return {str(status): _error(by_status[status], schemas) for status in sorted(by_status)}


def _error(kinds: list[type[KeybusError]], schemas: Schemas) -> dict[str, Any]:
    if len(kinds) == 1 and kinds[0] in ANYWHERE:
        return {"$ref": f"#/components/responses/{kinds[0].__name__}"}
    return _written(kinds, schemas[Problem])


def _written(kinds: list[type[KeybusError]], schema: Schema) -> dict[str, Any]:
    told = [f"- `{kind.code}`: {(kind.__doc__ or '').partition(chr(10))[0]}" for kind in kinds]
    found: dict[str, Any] = {
        "description": "\n".join(told),
        "content": {JSON: {"schema": schema}},
    }
    if any(issubclass(kind, Unauthenticated) for kind in kinds):
        found["headers"] = _CHALLENGE
    if any(issubclass(kind, Throttled) for kind in kinds):
        found["headers"] = _RETRY_AFTER
    return found
