"""The envelope around an event, as a schema: what EventBridge hands over, and Keybus with it."""

from typing import Any, Final

_ACCOUNT: Final = "^[0-9]{12}$"

REQUIRED: Final = (
    *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"),
)


def envelope_schema(detail: dict[str, Any], event_type: str | None) -> dict[str, Any]:
    """The schema of an envelope.

    Args:
        detail: The schema of the event itself.
        event_type: The event's type; None: any.
    """
    kind: dict[str, Any] = {"type": "string", "description": "The event type."}
    if event_type is not None:
        kind["enum"] = [event_type]
    return {
        "type": "object",
        "required": list(REQUIRED),
        "properties": {
            "version": {"type": "string", "description": "The envelope's own version."},
            "id": {"type": "string", "description": "The bus's id of the event."},
            "detail-type": kind,
            "source": {"type": "string", "description": "The publisher's source."},
            "account": {
                "type": "string",
                "description": "The publisher's account.",
                "pattern": _ACCOUNT,
            },
            "time": {
                "type": "string",
                "format": "date-time",
                "description": "When it was published.",
            },
            "region": {"type": "string", "description": "The bus's region."},
            "resources": {"type": "array", "items": {"type": "string"}},
            "detail": detail,
        },
    }


def enveloped(detail: dict[str, Any], source: str, account: str, region: str) -> dict[str, Any]:
    """An event in its envelope, as an example.

    Args:
        detail: The event, valid by its contract.
        source: The publisher's source.
        account: The id of its account.
        region: The bus's.
    """
    return {
        "version": "0",
        "id": str(detail.get("id", "")),
        "detail-type": detail["type"],
        "source": source,
        "account": account,
        "time": "2026-01-31T08:00:00Z",
        "region": region,
        "resources": [],
        "detail": detail,
    }
