"""The platform of the soak: every way of delivery, and a log that is trimmed all the time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from keybus.bus.control.proposal import Proposal
from keybus.topology import load_platform
from tests.reliability.kills.event import EVENT_TYPE, SOURCE

DESPITE: Final = "the endpoint is on this machine"
DRAINED: Final = ("backlog", "ordered", "evens")
"""Subscriptions whose consumers come and go: their backlog grows and shrinks."""
LATE: Final = "late"
"""The subscription that is declared and removed again, and begins in the past."""
POLLED: Final = "polled"
HOOKED: Final = "hooked"
FORGOTTEN: Final = "forgotten"
"""The one that nobody consumes: what is in it grows too old, and is buried."""

_PAST: Final = timedelta(seconds=20)
"""How far back the subscription that comes late begins."""


def write_platform(folder: Path, port: int) -> None:
    """Write the platform file.

    Args:
        folder: Where the contracts are already.
        port: Where the webhook's endpoint listens.
    """
    (folder / "platform.yaml").write_text(_platform(port))


def proposal(folder: Path, port: int, *, late: bool) -> bytes:
    """The body that lets the platform hold, with or without the subscription that comes late."""
    file = folder / "platform.yaml"
    start = (datetime.now(UTC) - _PAST).strftime("%Y-%m-%dT%H:%M:%SZ")
    more = f"  {LATE}: {{account: desk, events: [{EVENT_TYPE}@1], start: {start}}}\n"
    file.write_text(_platform(port) + (more if late else ""))
    platform, contracts = load_platform(folder)
    return msgspec.json.encode(Proposal(platform, contracts.pack(), despite=DESPITE))


def _platform(port: int) -> str:
    return f"""\
bus: soaked
organization: o-soakedbus01
central: operations
accounts:
  operations: {{id: "111111111111", owners: [operations-team]}}
  checker: {{id: "222222222222", owners: [checker-team]}}
  desk: {{id: "333333333333", owners: [desk-team], destinations: ["localhost:{port}"]}}
publishers:
  {SOURCE}: {{account: checker, events: [{EVENT_TYPE}]}}
grants:
  desk-counts:
    account: desk
    events: [{EVENT_TYPE}]
    reason: counts
    approver: checker-team
    expires: "2999-01-01"
archive: {{max_size: 1000000}}
subscriptions:
  backlog: {{account: desk, events: [{EVENT_TYPE}@1], retry: {{attempts: 3}}}}
  ordered:
    account: desk
    events: [{EVENT_TYPE}@1]
    filter: {{detail: {{third: [true]}}}}
    order: {{key: /key}}
  evens: {{account: desk, events: [{EVENT_TYPE}@1], filter: {{detail: {{even: [true]}}}}}}
  {POLLED}: {{account: desk, events: [{EVENT_TYPE}@1], filter: {{detail: {{third: [true]}}}}}}
  {FORGOTTEN}:
    account: desk
    events: [{EVENT_TYPE}@1]
    filter: {{detail: {{key: [key-7]}}}}
    retry: {{max_age: 60}}
  {HOOKED}:
    account: desk
    events: [{EVENT_TYPE}@1]
    filter: {{detail: {{key: [key-1, key-2]}}}}
    retry: {{attempts: 2, max_age: 120}}
    target:
      webhook: {{url: "https://localhost:{port}/in", secret: hook}}
"""
