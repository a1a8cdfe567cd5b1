"""Which bus and which queue a name or an ARN means; what is nobody's here does not exist."""

from keybus.arns import Arn
from keybus.server.aws import AwsError, Call

DEFAULT = "default"
"""What EventBridge calls the bus that every account has; here it is the one bus there is."""


def bus_named(call: Call, asked: str | None) -> str:
    """The name of the bus that is asked for, as it was asked; ``default`` where none is named.

    Raises:
        AwsError: ``ResourceNotFoundException``: there is no such bus.
    """
    if asked is None:
        return DEFAULT
    arn = Arn.parse(asked)
    name = asked if arn is None else arn.resource.removeprefix("event-bus/")
    owners = (call.account_id, call.id_of(call.bus.platform.central or ""))
    if name not in (DEFAULT, call.bus.platform.bus) or (arn and arn.account not in owners):
        raise AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
    return name
