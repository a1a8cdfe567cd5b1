"""Answers without what differs each time, and between any two accounts and regions."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ACCOUNT: Final = re.compile(r"\b\d{12}\b")
_REGION: Final = re.compile(r"(?<=:)(local|eu-central-1)(?=:)")
_PLACE: Final = re.compile(r"https?://[^/]+")
OPAQUE: Final = {
    "EventId": "ID",
    "MessageId": "ID",
    "NextToken": "TOKEN",
    "ReceiptHandle": "RECEIPT",
    "SequenceNumber": "SEQUENCE",
    "TaskHandle": "TASK",
    "SenderId": "SENDER",
    "SentTimestamp": "TIME",
    "ApproximateFirstReceiveTimestamp": "TIME",
    "CreatedTimestamp": "TIME",
    "LastModifiedTimestamp": "TIME",
    "StartedTimestamp": "TIME",
    "ErrorMessage": "TEXT",
    "Message": "TEXT",
    "region": "REGION",
}
"""Members that say something else each time; what counts is that they are there."""


_REPLAYING: Final = frozenset({"STARTING", "RUNNING", "COMPLETED"})
"""A replay's states, through which it goes while it is asked about."""
_LATER: Final = frozenset({"ResponseMetadata", "ReplayEndTime", "EventLastReplayedTime"})
"""Members that are not told of, or not yet."""


def normal(value: Any, name: str = "") -> Any:
    """A value without what differs each time; JSON in a text is looked into."""
    if isinstance(value, Mapping):
        found = {
            _text(each): normal(held, each) for each, held in value.items() if each not in _LATER
        }
        if isinstance(found.get("Body"), dict) and "MD5OfBody" in found:
            found["MD5OfBody"] = "DIGEST"  # of ids and times as well
        return found
    if isinstance(value, list):
        return [normal(each, name) for each in value]
    if isinstance(value, dt.datetime):
        return "TIME"
    if name == "State" and value in _REPLAYING:
        return "REPLAYING"
    if name in OPAQUE and value:
        return OPAQUE[name]
    return _parsed(value) if isinstance(value, str) else value


def _parsed(text: str) -> Any:
    if text.startswith(("{", "[")):
        try:
            return normal(json.loads(text))
        except json.JSONDecodeError:
            pass
    return _text(text)


def _text(text: str) -> str:
    text = _TIME.sub("TIME", _ID.sub("ID", text))
    return _PLACE.sub("PLACE", _REGION.sub("REGION", _ACCOUNT.sub("ACCOUNT", text)))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that has no others in it, with its path; of what is empty, that it is."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from leaves(each, f"{path}.{number}")
    else:
        yield path, value
