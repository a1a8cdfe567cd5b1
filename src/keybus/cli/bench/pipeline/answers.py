"""What a bus answers, finished beforehand, for servers that stand in for it."""

from typing import Final

import msgspec

from keybus.cli.bench.pipeline.bodies import detail
from keybus.cli.bench.pipeline.project import EVENT_TYPE, SOURCE
from keybus.envelope import Entry, EntryResult, encode, seal
from keybus.protocol import Delivered, Frame, PutResponse

_ID: Final = "2f1d3a56-8c2e-4b61-9d0f-5a7c1e9b3d24"


def answer(per_request: int) -> bytes:
    """The body of the answer to a request of so many events."""
    return msgspec.json.encode(PutResponse([EntryResult(event_id=_ID)] * per_request))


def envelope() -> bytes:
    """An event as the log has it."""
    entry = Entry(SOURCE, EVENT_TYPE, msgspec.Raw(detail()))
    return encode(seal(entry, event_id=_ID, account="222222222222", region="local", now_us=0))


def frame(deliveries: int) -> bytes:
    """A frame of so many deliveries, as a message's bytes."""
    each = msgspec.Raw(envelope())
    return msgspec.json.encode(Frame([Delivered(n, 0, 1, each) for n in range(deliveries)]))
