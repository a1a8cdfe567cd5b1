"""Read events by their classes, copy them through their constructors, and write them."""

import json
import sys
from pathlib import Path

import made_events
import msgspec

from keybus import InvalidEvent
from keybus.contracts import bound

assert made_events.__all__
for line in Path(sys.argv[1]).read_bytes().splitlines():
    row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    event_class = bound(msgspec.json.decode(row["type"], type=str))
    assert event_class is not None
    try:
        read = event_class.from_json(bytes(row["detail"]))
        # What a program sees of it, back into a copy; what is absent stays so.
        seen = {name: getattr(read, name) for name in event_class._form.properties}  # noqa: SLF001
        written = read.replace(**{name: value for name, value in seen.items() if value is not None})
        answer = {"ok": True, "json": read.to_json().decode()}
        assert written == read, f"{written} is not {read}"
    except InvalidEvent as error:
        pointers = [fault.pointer for fault in error.faults]
        answer = {"ok": False, "pointers": pointers, "error": str(error)}
    print(json.dumps(answer))
