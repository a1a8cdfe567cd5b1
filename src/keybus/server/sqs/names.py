"""How queues are named: by a plain name, a URL or an ARN.

Source: Amazon SQS developer guide, "Queue and message identifiers".
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from keybus.arns import Arn
from keybus.server.aws import Call
from keybus.server.sqs.errors import failure, invalid_value, no_such_queue, no_such_resource

FIFO: Final = ".fifo"
"""What names of queues that keep order end with."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_PATH: Final = re.compile(r"/?([0-9]{12})/([^/]{1,256})/?")


class Place(NamedTuple):
    """A queue's account, by name, and its own name; it need not exist."""

    account: str
    name: str


def place_of_url(call: Call, url: str) -> Place:
    """The place that a queue URL names; of which host it speaks does not matter.

    Raises:
        AwsError: ``InvalidAddress``: it is no queue's URL; ``QueueDoesNotExist``: it is one of
            another account's, or of nobody's.
    """
    try:
        found = _PATH.fullmatch(urlsplit(url).path)
    except ValueError:
        found = None
    if found is None:
        raise failure("InvalidAddress", f"The address {url[:256]} is not valid for this endpoint.")
    account = _own(call, found[1])
    if account is None:
        raise no_such_queue()
    return Place(account, unquote(found[2]))


def place_of_arn(call: Call, text: str, parameter: str) -> Place:
    """The place that an ARN names.

    Args:
        call: The call.
        text: The ARN.
        parameter: Which parameter has it.

    Raises:
        AwsError: ``InvalidParameterValue``: it is no queue's ARN; ``ResourceNotFoundException``:
            it is one of another account's, or of nobody's.
    """
    arn = Arn.parse(text)
    if arn is None or arn.service != "sqs" or not arn.account:
        raise invalid_value(f"Value {text[:256]} for parameter {parameter} is invalid.")
    account = _own(call, arn.account)
    if account is None:
        raise no_such_resource(
            f"The resource that you specified for the {parameter} parameter doesn't exist."
        )
    return Place(account, unquote(arn.resource))


def url_of(call: Call, place: Place) -> str:
    """A queue's URL, at the address by which the caller has reached the bus."""
    return f"{call.url}/{call.id_of(place.account)}/{quote(place.name, safe='')}"


def arn_of(call: Call, place: Place) -> str:
    """A queue's ARN."""
    return call.arn("sqs", quote(place.name, safe=""), place.account)


def checked_name(name: str) -> str:
    """A name that a queue can be given.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    if _NAME.fullmatch(name) is None:
        raise invalid_value(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    return name


def _own(call: Call, account_id: str) -> str | None:
    """The name of an account whose queues the caller may know of; on an open bus that is any."""
    account = call.account_of(account_id)
    return account if account == call.account or call.is_open else None
