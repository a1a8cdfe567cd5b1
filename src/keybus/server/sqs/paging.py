"""Pages of lists: by name, so that they stay whole while queues come and go."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from keybus.server.sqs.errors import invalid_value

MOST: Final = 1_000


def page(
    names: Iterable[str], *, limit: int | None, token: str | None
) -> tuple[list[str], str | None]:
    """A page of names in their order, and the token of the next; None where there is none.

    Args:
        names: All of them.
        limit: How many are asked for at most, 1 to `MOST`; None: that many, and no token.
        token: The page before's; None: this is the first.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    if limit is not None and not 1 <= limit <= MOST:
        reason = f"MaxResults must be an integer between 1 and {MOST}."
        raise invalid_value(f"Value {limit} for parameter MaxResults is invalid. Reason: {reason}")
    if token and limit is None:
        raise invalid_value("NextToken is given together with MaxResults.")
    after = _after(token) if token else ""
    left = sorted(name for name in set(names) if name > after)
    shown = left[: limit or MOST]
    more = limit is not None and len(left) > len(shown)
    return shown, base64.urlsafe_b64encode(shown[-1].encode()).decode() if more else None


def _after(token: str) -> str:
    try:
        return base64.b64decode(token.encode("ascii"), b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error) as error:
        told = "Invalid or expired next token."
        raise invalid_value(f"Value for parameter NextToken is invalid. Reason: {told}") from error
