"""A delivery as a request: its headers."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from urllib.parse import quote

import msgspec

from keybus.bus.engine import Delivery
from keybus.bus.targets.signature import HEADER, signature

_AGENT = f"keybus/{version('keybus')}"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context
_SAFE = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}~"  # what a header may hold; percent signs are escaped
_MAX_HEADER = 1000


class _Head(msgspec.Struct):
    id: str
    detail_type: str = msgspec.field(name="detail-type")


class _Detail(msgspec.Struct):
    trace: str | None = None


class _Traced(msgspec.Struct):
    detail: _Detail


_heads = msgspec.json.Decoder(_Head)
_traces = msgspec.json.Decoder(_Traced)


def headers_of(
    delivery: Delivery, subscription: str, body: bytes, *, secrets: Sequence[str], now_us: int
) -> dict[str, str]:
    """The headers of a delivery.

    Args:
        delivery: The delivery.
        subscription: The subscription's name.
        body: What is sent of it.
        secrets: What it is signed with; none: it is not.
        now_us: Now, in microseconds since the Unix epoch.
    """
    head = _heads.decode(delivery.envelope)
    found = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": _AGENT,
        "Accept-Encoding": "identity",
        "Keybus-Event-Id": head.id,
        "Keybus-Event-Type": _plain(head.detail_type),
        "Keybus-Subscription": _plain(subscription),
        "Keybus-Attempt": str(delivery.attempt),
    }
    trace = _trace(delivery.envelope)
    if trace:
        found["traceparent"] = trace
    if secrets:
        found[HEADER] = signature(secrets, now_us // 1_000_000, body)
    return found


def _plain(text: str) -> str:
    """A text as a header holds it: what is not printable ASCII is percent-encoded."""
    return quote(text, safe=_SAFE)[:_MAX_HEADER]


def _trace(envelope: bytes) -> str:
    try:
        trace = _traces.decode(envelope).detail.trace or ""
    except msgspec.MsgspecError:
        return ""  # an event of somebody else's, with a `trace` of another kind
    return trace if _TRACEPARENT.fullmatch(trace) else ""
