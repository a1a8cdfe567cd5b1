"""Why something may not be done."""

from typing import Literal

import msgspec

RefusalCode = Literal[
    "role",  # the credential is not for this
    "unknown-account",  # the platform declares no such account
    "source",  # another account's source, or nobody's
    "event",  # the publisher of the source does not own the event type
    "reserved-source",  # aws.*
    "account",  # another account's subscription, queue or dead letters
    "subscription",  # there is no such subscription
    "no-grant",  # nobody granted the event to the account
    "grant-expired",  # a grant has ended
    "clearance",  # the event is classified above the account's clearance
]


class Refusal(msgspec.Struct, frozen=True):
    """A decision against something.

    Attributes:
        code: Which rule decided.
        message: What was refused, and why.
        hint: What to do next.
    """

    code: RefusalCode
    message: str
    hint: str = ""
