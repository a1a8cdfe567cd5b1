"""One typed settings object a process, read once from ``KEYBUS_*`` variables."""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

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
        token: ``KEYBUS_TOKEN``: the bearer token by which the bus knows this process; empty sends
            none. It is in no text that this object makes of itself.
        ca_file: ``KEYBUS_CA_FILE``: certificates (PEM) of the authorities that the bus's own
            certificate is checked against; empty: the system's.
        transport: ``KEYBUS_TRANSPORT``: ``http`` (a bus of Keybus) or ``aws`` (EventBridge and SQS).
        event_bus: ``KEYBUS_EVENT_BUS``: the name or ARN of the bus that the transport aws puts on.
        publisher: ``KEYBUS_PUBLISHER``: the name under which this service publishes; empty asks
            the bus which publisher owns the event's type.
        request_timeout: ``KEYBUS_REQUEST_TIMEOUT``: seconds that one request may take.
        retry_timeout: ``KEYBUS_RETRY_TIMEOUT``: seconds for which a publish is tried again
            before `BusUnavailable` is raised.
    """

    url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    token: str = ""
    ca_file: str = ""
    transport: str = "http"
    event_bus: str = "default"
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
        if not (settings.token.isascii() and settings.token.isprintable()) or " " in settings.token:
            raise SettingsError(
                f"{_PREFIX}TOKEN holds what no token has", hint="set it to the token alone"
            )
        return settings

    def __repr__(self) -> str:
        """Without the token: settings are logged."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name != "token"}
        token = "set" if self.token else "not set"
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in shown.items())}, token {token})"

    __str__ = __repr__

    def authorization(self, url: str) -> dict[str, str]:
        """The header that says who asks; none where there is no token.

        Raises:
            SettingsError: The token would cross a network in the clear.
        """
        if not self.token:
            return {}
        if not url.startswith("https://") and not _is_loopback(urlsplit(url).hostname or ""):
            raise SettingsError(
                f"{url} is plain HTTP, and the token would be sent for all to read",
                hint="use the bus's https address",
            )
        return {"Authorization": f"Bearer {self.token}"}

    def tls(self) -> ssl.SSLContext | None:
        """What the bus's certificate is checked against; None: the system's authorities.

        Raises:
            SettingsError: ``KEYBUS_CA_FILE`` cannot be used.
        """
        if not self.ca_file:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"{_PREFIX}CA_FILE: {self.ca_file}: {error}", hint="give a file of PEM certificates"
            ) from error

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


def _is_loopback(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
