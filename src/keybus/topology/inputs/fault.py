"""An input that cannot be used, or that nothing can be made of for one event."""

from keybus.errors import KeybusError


class InputError(KeybusError):
    """A path, template or expression that is wrong, or that makes nothing of an event."""

    code = "input"
