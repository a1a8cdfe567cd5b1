"""The event envelope: EventBridge's shape, and the rules of size and form that every entry obeys.

Source: Amazon EventBridge user guide, "Event structure" and "Sending events with PutEvents".
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from keybus.arns import Arn
from keybus.clock import rfc3339
from keybus.errors import EnvelopeError

MAX_ENTRY_BYTES = 1 << 20
"""An entry, and all entries of a PutEvents request together, stay within 1 MiB."""
MAX_DEPTH = 1000
"""Levels of nesting in ``detail``, itself included."""
MAX_DETAIL_TYPE = 128
"""Characters of ``detail-type``."""
MAX_SOURCE = 256
"""Characters of ``source``."""
_TIME_BYTES = 14
_DIGITS = bytes(48 if each in b"0123456789" else 32 for each in range(256))
"""Makes a nought of every digit and a space of all else: what follows is then found fast."""
_LONG_INTEGER = b"0" * 19
_TIMES = range(-62_135_596_800_000_000, 253_402_300_800_000_000)
_INT64 = range(-(1 << 63), 1 << 63)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An event offered to the bus.

    Attributes:
        source: Who says so: the publisher's source, such as ``key.delivery``.
        detail_type: The event type, such as ``delivery.status.updated``.
        detail: The event itself: a JSON object's bytes, kept as they are.
        resources: ARNs or names that the event is about.
        time_us: When it happened, in microseconds since the Unix epoch; None: now.
    """

    source: str
    detail_type: str
    detail: msgspec.Raw
    resources: tuple[str, ...] = ()
    time_us: int | None = None


class EntryResult(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of an entry: an event id, or why it was not taken.

    Attributes:
        event_id: The envelope's id; empty where the entry was refused.
        code: PutEvents' error code, such as ``MalformedDetail``; empty where it was taken.
        message: The reason.
        warning: What its publisher has to know although it was taken: that its version is
            deprecated, and what replaces it.
    """

    event_id: str = ""
    code: str = ""
    message: str = ""
    warning: str = ""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An event as subscribers receive it, field by field as on EventBridge.

    ``replay_name`` is the name of the replay by which the event came once more, as in EventBridge's
    ``replay-name``; empty, and not written, where it came as it was published. ``event_bus`` is the
    ARN of the bus that it was put on, where that is another than the platform's own.
    """

    version: str
    id: str
    detail_type: str = msgspec.field(name="detail-type")
    source: str
    account: str
    time: str
    region: str
    resources: tuple[str, ...]
    detail: msgspec.Raw
    replay_name: str = msgspec.field(default="", name="replay-name")
    event_bus: str = msgspec.field(default="", name="event-bus")

    def decoded_detail(self) -> dict[str, Any]:
        """The detail as Python values: a new dict each time."""
        detail: dict[str, Any] = msgspec.json.decode(self.detail)
        return detail


_BEGINNING = b'{"version":"0",'
_REPLAYED = b'{"version":"0","replay-name":'


class _Head(msgspec.Struct):
    detail_type: str = msgspec.field(name="detail-type")
    source: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)
_heads = msgspec.json.Decoder(_Head)


def encode(envelope: Envelope) -> bytes:
    """The envelope as JSON; the detail's bytes stand in it unchanged."""
    return _encoder.encode(envelope)


def decode(data: bytes | msgspec.Raw) -> Envelope:
    """Read an envelope; the detail stays undecoded.

    Raises:
        EnvelopeError: The bytes are no envelope.
    """
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise EnvelopeError(f"not an event envelope: {error}") from error


def head(envelope: bytes) -> tuple[str, str]:
    """The detail-type and the source of an envelope that the bus wrote."""
    found = _heads.decode(envelope)
    return found.detail_type, found.source


def replayed(envelope: bytes, name: str) -> bytes:
    """An envelope that a bus wrote, with ``replay-name``.

    The name stands right behind the version, so that `is_replayed` need not read the event.

    Raises:
        EnvelopeError: No bus wrote it, or it was replayed already.
    """
    if not envelope.startswith(_BEGINNING) or is_replayed(envelope):
        raise EnvelopeError("not an envelope as a bus writes it")
    return b"%b%b,%b" % (_REPLAYED, _encoder.encode(name), envelope[len(_BEGINNING) :])


def is_replayed(envelope: bytes) -> bool:
    """Whether an envelope that the bus wrote is one that was replayed."""
    return envelope.startswith(_REPLAYED)


def is_of_platform(envelope: bytes) -> bool:
    """Whether an envelope that the bus wrote was put on the platform's own bus.

    What ends it is its detail then, an object; else it is the ARN of the other bus.
    """
    return not envelope.endswith(b'"}')


def is_of_account(envelope: bytes, account_id: str) -> bool:
    """Whether an envelope that the bus wrote was put on a bus that this account has made.

    Args:
        envelope: The envelope.
        account_id: The account's 12 digits.
    """
    arn = Arn.parse(decode(envelope).event_bus)
    return arn is not None and arn.account == account_id


def seal(
    entry: Entry, *, event_id: str, account: str, region: str, now_us: int, event_bus: str = ""
) -> Envelope:
    """The envelope of an entry that the bus takes."""
    when = now_us if entry.time_us is None else entry.time_us
    return Envelope(
        version="0",
        id=event_id,
        detail_type=entry.detail_type,
        source=entry.source,
        account=account,
        time=rfc3339(when, fraction=False),
        region=region,
        resources=entry.resources,
        detail=entry.detail,
        event_bus=event_bus,
    )


class Letterhead:
    """What stands in every envelope of one source and event type, written once.

    Args:
        source: The source; refused (``UnicodeEncodeError``) where it is no text, as the type is.
        detail_type: The event type.
        account: The id of the account that the source belongs to.
        region: The platform's.
        event_bus: The ARN of the bus that they are put on; empty: the platform's own.
    """

    __slots__ = ("_heading", "_tail", "_where")

    def __init__(
        self, source: str, detail_type: str, account: str, region: str, event_bus: str = ""
    ) -> None:
        of_type, of_source, of_account = map(_encoder.encode, (detail_type, source, account))
        self._heading = b'","detail-type":%b,"source":%b,"account":%b,"time":"' % (
            of_type,
            of_source,
            of_account,
        )
        self._where = b'","region":%b,"resources":' % _encoder.encode(region)
        self._tail = b',"event-bus":%b}' % _encoder.encode(event_bus) if event_bus else b"}"

    def write(self, event_id: str, time: bytes, resources: Sequence[str], detail: bytes) -> bytes:
        """The same as `encode` makes of `seal`'s envelope, at a fraction of its cost.

        Args:
            event_id: A UUID.
            time: When it happened, as `written` has it.
            resources: The entry's.
            detail: The event's own bytes.
        """
        return b"".join(
            (
                b'{"version":"0","id":"',
                event_id.encode(),
                self._heading,
                time,
                self._where,
                _encoder.encode(resources) if resources else b"[]",
                b',"detail":',
                detail,
                self._tail,
            )
        )


def written(time_us: int) -> bytes:
    """A time as envelopes have it: RFC 3339 in UTC, to the second."""
    return rfc3339(time_us, fraction=False).encode()


def size(entry: Entry) -> int:
    """Bytes of an entry as EventBridge counts them.

    14 for the time where it is set, and the UTF-8 bytes of source, detail-type, detail and
    resources. Source: EventBridge user guide, "Calculating PutEvents event entry size".
    """
    return (
        (_TIME_BYTES if entry.time_us is not None else 0)
        + len(entry.source.encode())
        + len(entry.detail_type.encode())
        + len(bytes(entry.detail))
        + sum(len(resource.encode()) for resource in entry.resources)
    )


def check_head(source: str, detail_type: str) -> int:
    """Check the form of what all events of one source and type have in common.

    Returns:
        Its bytes, as EventBridge counts them.

    Raises:
        EnvelopeError: With PutEvents' error code as ``reason``.
    """
    for name, value, limit in (
        ("Source", source, MAX_SOURCE),
        ("DetailType", detail_type, MAX_DETAIL_TYPE),
    ):
        if not value.strip():
            raise EnvelopeError(f"{name} is required and may not be blank")
        if len(value) > limit:
            raise EnvelopeError(f"{name} has {len(value)} characters; at most {limit} are allowed")
    return len(source.encode()) + len(detail_type.encode())


def check(entry: Entry, text: bytes, head: int) -> dict[str, Any]:
    """Check the rest of an entry's form, and its size, and decode its detail.

    Args:
        entry: The entry.
        text: Its detail.
        head: The bytes of its source and type, as `check_head` has counted them.

    Returns:
        The detail as Python values.

    Raises:
        EnvelopeError: With PutEvents' error code as ``reason``.
    """
    bytes_in_all = head + len(text)
    if entry.time_us is not None:
        if entry.time_us not in _TIMES:
            raise EnvelopeError(
                "Time is outside of the years 1 to 9999", hint="seconds, not milliseconds"
            )
        bytes_in_all += _TIME_BYTES
    if entry.resources:
        bytes_in_all += sum(len(resource.encode()) for resource in entry.resources)
    if bytes_in_all > MAX_ENTRY_BYTES:
        raise EnvelopeError(
            f"the entry has {bytes_in_all} bytes; at most {MAX_ENTRY_BYTES} are allowed",
            hint="put large content elsewhere and send its address",
        )
    return _decode_detail(text)


def _decode_detail(text: bytes) -> dict[str, Any]:
    try:
        detail = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnvelopeError(f"Detail is malformed: {error}", reason="MalformedDetail") from error
    except RecursionError:
        raise _too_deep() from None
    if not isinstance(detail, dict):
        raise EnvelopeError("Detail is not a JSON object", reason="MalformedDetail")
    # The two walks are rare: a text without so many brackets, or such long numbers, needs none.
    if (
        len(text) > 2 * MAX_DEPTH  # a level is two brackets at least
        and text.count(b"{") + text.count(b"[") > MAX_DEPTH
        and _depth(detail) > MAX_DEPTH
    ):
        raise _too_deep()
    if _LONG_INTEGER in text.translate(_DIGITS):
        _check_integers(detail)
    return detail


def _too_deep() -> EnvelopeError:
    return EnvelopeError(f"Detail is nested deeper than {MAX_DEPTH}", reason="MalformedDetail")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _depth(value: object) -> int:
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _check_integers(value: object) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, int) and item not in _INT64:
            raise EnvelopeError(
                "Detail has an integer outside of 64 bits",
                reason="MalformedDetail",
                hint="send large numbers as strings",
            )
        stack.extend(_children(item))
