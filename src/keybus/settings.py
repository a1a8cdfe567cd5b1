"""One typed settings object a process, read once from ``KEYBUS_*`` variables."""

import os
from collections.abc import Mapping

import msgspec

from keybus.errors import SettingsError

DEFAULT_PORT = 7411
"""The port of `keybus dev`, and where a client looks for it."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Bounds, in seconds, of a client's backoff after its first failure and after many."""
_PREFIX = "KEYBUS_"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a Keybus process can be told through its environment.

    Attributes:
        url: ``KEYBUS_URL``: where clients find the bus.
        publisher: ``KEYBUS_PUBLISHER``: the name under which this service publishes; empty asks
            the bus which publisher owns the event's type.
        request_timeout: ``KEYBUS_REQUEST_TIMEOUT``: seconds that one request may take.
        retry_timeout: ``KEYBUS_RETRY_TIMEOUT``: seconds for which a publish is tried again
            before `BusUnavailable` is raised.
    """

    url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    publisher: str = ""
    request_timeout: float = 10.0
    retry_timeout: float = 30.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read ``KEYBUS_*``; what is absent keeps its default.

        Raises:
            SettingsError: A value cannot be used; the message names the variable.
        """
        environ = os.environ if environ is None else environ
        given = {
            name: environ[_PREFIX + name.upper()]
            for name in cls.__struct_fields__
            if environ.get(_PREFIX + name.upper())
        }
        try:
            settings = msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            variable = _PREFIX + str(error).rpartition("$.")[2].rstrip("`").upper()
            raise SettingsError(
                f"{variable} is {environ[variable]!r}", hint="give a number of seconds"
            ) from error
        for name in ("request_timeout", "retry_timeout"):
            if not getattr(settings, name) > 0:
                raise SettingsError(f"{_PREFIX}{name.upper()} must be more than 0 seconds")
        settings.bus(None)
        return settings

    def bus(self, given: str | None) -> str:
        """The bus's address: the one that is given, or else the setting.

        Raises:
            SettingsError: It is no http or https address.
        """
        url = given or self.url
        if not url.startswith(("http://", "https://")):
            raise SettingsError(
                f"{url!r} is no address of a bus",
                hint=f"for example KEYBUS_URL=http://127.0.0.1:{DEFAULT_PORT}",
            )
        return url.rstrip("/")
