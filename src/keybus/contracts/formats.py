"""The formats that draft-04 does not know but contracts use.

``date-time``, ``email``, ``uri``, ``ipv4``, ``ipv6`` and ``hostname`` are draft-04's own and are
asserted by the validator, which asserts ``date``, ``time``, ``regex`` and ``idn-email`` as well; any
other name is an annotation, as the specification allows.
"""

import re
from collections.abc import Callable, Mapping

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DURATION = re.compile(
    r"P(?=[0-9T])(?:[0-9]+W"
    r"|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?)"
)


def is_uuid(text: str) -> bool:
    """A UUID in its canonical text form (RFC 9562, section 4), of any version."""
    return _UUID.fullmatch(text) is not None


def is_duration(text: str) -> bool:
    """An ISO 8601 duration such as ``P3DT4H`` (section 5.5.2.2), seconds with a fraction or not."""
    return _DURATION.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {"uuid": is_uuid, "duration": is_duration}

MEANINGS: Mapping[str, str] = {
    "uuid": "a UUID such as 3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a",
    "duration": "an ISO 8601 duration such as PT15M",
    "date-time": "an RFC 3339 time such as 2026-01-31T08:00:00Z",
    "email": "an e-mail address",
    "uri": "an absolute URI",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "regex": "a regular expression",
}
