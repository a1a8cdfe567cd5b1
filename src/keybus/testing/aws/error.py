"""What cannot be deployed."""

from keybus.errors import KeybusError


class NotDeployable(KeybusError):
    """A template that this deployer does not understand whole."""

    code = "not-deployable"
