"""The constraints of AWS's shapes, as annotations of the members of requests.

A request is a msgspec Struct with ``rename="pascal"`` whose members say what AWS's service models
say of them; `keybus.server.aws.reading` reads it, and tells in AWS's words what does not fit.
"""

from typing import Final

import msgspec


def length(least: int | None = None, most: int | None = None) -> msgspec.Meta:
    """How long a text, or a list, is."""
    return msgspec.Meta(min_length=least, max_length=most)


def pattern(text: str, *, linear: str = "") -> msgspec.Meta:
    """What a text looks like, the whole of it.

    Args:
        text: The regular expression as the service model has it; errors show it.
        linear: One that means the same, where that one would take for ever over some texts.
    """
    checked = linear or text
    return msgspec.Meta(pattern=rf"\A(?:{checked})\Z", extra={"pattern": text, "checked": checked})


SENSITIVE: Final = msgspec.Meta(extra={"sensitive": True})
"""Of a text that errors do not repeat."""


def between(least: int | None = None, most: int | None = None) -> msgspec.Meta:
    """How large a number is."""
    return msgspec.Meta(ge=least, le=most)


class Request(msgspec.Struct, frozen=True, rename="pascal"):
    """What is asked for: members without a default are required; what is unknown is passed over."""


class Answer(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    """What is answered; a member that is None is left out."""


class Nothing(Request, frozen=True):
    """A request without members."""
