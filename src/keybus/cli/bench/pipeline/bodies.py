"""Requests as bytes, made beforehand: for each one only ids, keys and times are written anew."""

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from keybus.cli.bench.pipeline.project import EVENT_TYPE, SOURCE
from keybus.protocol import API

KEYS: Final = 10_000
"""Different ordering keys, in turn."""
BLOCKED: Final = "99999999"
"""The digits of a key that is in no turn."""
EPOCH: Final = 10**15
"""Added to times, so that they all have as many digits."""
_ID: Final = "00000000-0000-4000-8000-000000000000"
_KEY: Final = b"88888888"
_TIME: Final = 7_777_777_777_777_777


class Bodies:
    """Requests of so many events each, no two events alike.

    Args:
        url: The bus.
        token: Whose requests they are; empty: nobody's.
        per_request: Events of one request.
        run: Told apart from other runs' events by this number.
        key: The digits of the only key; empty: all of them in turn.
    """

    def __init__(self, url: str, token: str, per_request: int, run: int = 0, key: str = "") -> None:
        entry = {
            "source": SOURCE,
            "detail_type": EVENT_TYPE,
            "detail": _detail(f"{run:08x}{_ID[8:]}"),
        }
        body = msgspec.json.encode({"entries": [entry] * per_request})
        host = urlsplit(url).netloc
        credential = f"authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"POST {API}/events HTTP/1.1\r\nhost: {host}\r\n{credential}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._bytes = bytearray(head.encode() + body)
        self._key = key.encode()
        ids = _places(self._bytes, f"-{_ID[24:]}".encode())
        self._places = list(
            zip(
                (each + 1 for each in ids),
                _places(self._bytes, b"PCL-" + _KEY),
                _places(self._bytes, str(_TIME).encode()),
                strict=True,
            )
        )
        self._made = 0

    def next(self, sent_us: int) -> bytearray:
        """The next request, until the one after it is made.

        Args:
            sent_us: When it is to be sent, by the machine's monotonic clock.
        """
        request, made = self._bytes, self._made
        time = b"%d" % (EPOCH + sent_us)
        for id_at, key_at, time_at in self._places:
            request[id_at : id_at + 12] = b"%012x" % made
            request[key_at + 4 : key_at + 12] = self._key or b"%08d" % (made % KEYS)
            request[time_at : time_at + 16] = time
            made += 1
        self._made = made
        return request


def detail() -> bytes:
    """One event, as it stands in a request."""
    return msgspec.json.encode(_detail(_ID))


def _places(within: bytearray, what: bytes) -> list[int]:
    found, at = [], within.find(what)
    while at >= 0:
        found.append(at)
        at = within.find(what, at + 1)
    return found


def _detail(event_id: str) -> dict[str, Any]:
    """An event of about 800 bytes, which in its envelope is 1 KB."""
    return {
        "id": event_id,
        "type": EVENT_TYPE,
        "time": "2026-01-31T08:00:00.000Z",
        "publisher": SOURCE,
        "schema_version": "1.0.0",
        "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "correlation_id": "0b1c7e9a-51cb-4d0b-9a55-7a0c3a6f2d11",
        "parcel_id": f"PCL-{_KEY.decode()}",
        "status": "ON_THE_WAY",
        "sent_us": _TIME,
        "weight_grams": 2_350,
        "site": {
            "name": "Sorting hall, north gate",
            "city": "Harbour Town",
            "latitude": 47.61234,
            "longitude": -122.33456,
        },
        "window": {"from": "2026-01-31T09:00:00.000Z", "until": "2026-01-31T11:00:00.000Z"},
        "labels": ["fragile", "this side up", "leave with the neighbours", "signature"],
        "note": "The gate is opened from eight in the morning. Ring twice, then wait at the second "
        "door on the left; the lift is out of order until the end of the month. Large parcels go "
        "to the loading bay behind the building.",
    }
