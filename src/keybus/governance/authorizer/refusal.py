"""Why something may not be done."""

from typing import Literal

import msgspec

RefusalCode = Literal[
    "credential",  # there is none, or it does not hold
    "role",  # the credential is not for this
    "unknown-account",  # the platform declares no such account
    "source",  # the account has no such source, whether or not another one has
    "event",  # the source's publisher does not list the event type, or its account does not own it
    "reserved-source",  # aws.*
    "denied",  # the bus's policy denies it to the account
    "denied-source",  # … from this source
    "denied-event",  # … of this event type
    "subscription",  # the account has no such subscription, whether or not another one has
    "no-grant",  # nobody granted the event to the account
    "grant-expired",  # a grant has ended
    "clearance",  # the event is classified above the account's clearance
    "contract",  # the event type is not the account's to release
    "approval",  # the account may not approve this release, or not alone
    "action",  # nobody may: there is no such action
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
