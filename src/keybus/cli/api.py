"""The native API as the command line asks it: one blocking GET."""

import http.client
import urllib.request
from typing import TypeVar

import msgspec

from keybus.errors import BusUnavailable
from keybus.protocol import API

T = TypeVar("T")
_SECONDS = 10


def get(url: str, path: str, kind: type[T]) -> T:
    """``GET url/api/v1/path``, decoded.

    Raises:
        BusUnavailable: No Keybus bus answered.
    """
    try:
        with urllib.request.urlopen(f"{url}{API}{path}", timeout=_SECONDS) as answer:  # noqa: S310 - Settings lets http and https through only
            return msgspec.json.decode(answer.read(), type=kind)
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BusUnavailable(
            f"no answer from {url}{API}{path}: {error}",
            hint="is the bus running, and is KEYBUS_URL right?",
        ) from error
