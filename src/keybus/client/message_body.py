"""A queue message's body as an envelope's JSON."""

from typing import Final

import msgspec

_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NONE: Final = msgspec.Raw(b'""')


def envelope_in(body: str) -> msgspec.Raw:
    """The envelope that a message carries, its bytes as they are.

    Emulators of EventBridge leave the account out; it is empty then. What is no envelope is
    answered as it is, for whoever reads it to refuse.
    """
    text = body.encode("utf-8", "backslashreplace")  # half a pair of surrogates is no character
    try:
        members = _MEMBERS.decode(text)
    except msgspec.MsgspecError:
        return msgspec.Raw(text)
    if "account" in members or "detail-type" not in members:
        return msgspec.Raw(text)
    return msgspec.Raw(msgspec.json.encode({**members, "account": _NONE}))
