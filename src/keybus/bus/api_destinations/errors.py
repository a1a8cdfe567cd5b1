"""What is refused of connections and API destinations."""

from keybus.errors import KeybusError


class NotFound(KeybusError):
    """There is none of this name."""

    code = "not-found"


class Exists(KeybusError):
    """There is one of this name already."""

    code = "exists"


class TooMany(KeybusError):
    """An account has as many as it may have."""

    code = "too-many"


class NotAuthorizing(KeybusError):
    """Authorization parameters with which nothing can be authorized."""

    code = "authorization-parameters"


class NotSealed(KeybusError):
    """Secrets cannot be kept, as there is no key to seal them under."""

    code = "not-sealed"

    def __init__(self) -> None:
        super().__init__(
            "connections' secrets are kept sealed, and there is no sealing key",
            hint="make one with `keybus credentials new-key`, and set KEYBUS_SEALING_KEY_FILE",
        )


class Obstacle(KeybusError):
    """Something has to be done first before anything can be sent."""

    code = "obstacle"
