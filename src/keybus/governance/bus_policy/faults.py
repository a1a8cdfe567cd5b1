"""What is wrong with a policy, or with what it allows."""

from keybus.errors import KeybusError


class MalformedPolicy(KeybusError):
    """A policy that cannot be read, or says what would not be evaluated."""

    code = "malformed-policy"


class NotCovered(KeybusError):
    """A statement that allows what the topology does not."""

    code = "not-covered"
