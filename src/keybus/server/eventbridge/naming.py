"""Which bus and which queue a name or an ARN means; what is nobody's here does not exist."""

from keybus.arns import Arn
from keybus.bus.rules.rule import Rule, path_of, rule_in
from keybus.server.aws import AwsError, Call
from keybus.server.aws.errors import invalid

DEFAULT = "default"
"""What EventBridge calls the bus that every account has; here it is the platform's own for all."""

_INSTEAD = {
    "Archives": "its events are in the log as long as all others, and `keybus replay` sends them",
    "Policies": "only the account that has made it uses it; what goes to other accounts goes over"
    " the platform's bus",
}


def bus_named(call: Call, asked: str | None) -> str:
    """The name of the bus that is asked for, as it was asked; ``default`` where none is named.

    Raises:
        AwsError: ``ResourceNotFoundException``: there is no such bus.
    """
    if asked is None:
        return DEFAULT
    arn = Arn.parse(asked)
    name = asked if arn is None else arn.resource.removeprefix("event-bus/")
    owners = [call.account_id]
    if is_platforms(call, name):
        owners.append(call.id_of(call.bus.platform.central or ""))
    elif call.bus.custom_buses.find(call.account, name) is None:
        raise no_bus(name)
    if arn and arn.account not in owners:
        raise no_bus(name)
    return name


def own_bus(call: Call, asked: str | None) -> str:
    """The same, as rules say it: empty where it is the platform's bus, by whichever name.

    Raises:
        AwsError: ``ResourceNotFoundException``: there is no such bus.
    """
    name = bus_named(call, asked)
    return "" if is_platforms(call, name) else name


def platforms_bus(call: Call, asked: str | None, what: str) -> str:
    """The platform's bus, as it is named, for what no other bus has.

    Args:
        call: The call.
        asked: A name or an ARN; None: ``default``.
        what: What only the platform's bus has, such as ``Archives``.

    Raises:
        AwsError: There is no such bus, or it is another.
    """
    name = bus_named(call, asked)
    if not is_platforms(call, name):
        raise invalid(f"{what} of event bus {name} are not supported by Keybus: {_INSTEAD[what]}.")
    return name


def rule_named(call: Call, text: str) -> Rule | None:
    """The rule that an ARN names, of whichever account; None where it names none."""
    account_id, bus, name = rule_in(text) or ("", "", "")
    account = call.account_of(account_id)
    if account is None:
        return None
    return call.bus.rules.find(account, path_of("" if is_platforms(call, bus) else bus, name))


def is_platforms(call: Call, name: str) -> bool:
    """Whether the platform's bus goes by this name.

    A bus that the account has made keeps its name, also where the platform takes it later.
    """
    if name == DEFAULT:
        return True
    return name == call.bus.platform.bus and call.bus.custom_buses.find(call.account, name) is None


def no_bus(name: str) -> AwsError:
    """That a bus is not there, as AWS words it."""
    return AwsError("ResourceNotFoundException", f"Event bus {name} does not exist.")
