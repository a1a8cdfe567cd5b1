"""The native API as the command line asks it: one blocking request."""

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar

import msgspec

from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    Throttled,
    Unauthenticated,
)
from keybus.protocol import API, Problem
from keybus.settings import Settings

T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "DELETE"]
_SECONDS = 10
_UNAUTHENTICATED, _FORBIDDEN, _THROTTLED, _SERVER_FAULT = 401, 403, 429, 500


class Refused(KeybusError):
    """What the bus answered instead.

    Attributes:
        code: The error's code, as the bus answered it.
        status: The HTTP status.
    """

    code = "refused"

    def __init__(self, problem: Problem, status: int) -> None:
        super().__init__(problem.message, hint=problem.hint)
        self.code = problem.code  # type: ignore[misc]  # the bus's own, not this class's
        self.status = status


def get(url: str, path: str, kind: type[T]) -> T:
    """``GET url/api/v1/path``, decoded; see `send`."""
    return send("GET", url, path, None, kind)


def send(method: Method, url: str, path: str, body: object, kind: type[T]) -> T:
    """``METHOD url/api/v1/path``, with the token of ``KEYBUS_TOKEN``, decoded.

    Args:
        method: The method.
        url: The bus.
        path: The path behind ``/api/v1``, encoded.
        body: What to send, as JSON; None: nothing.
        kind: What is answered.

    Raises:
        BusUnavailable: No Keybus bus answered, or it cannot now.
        Unauthenticated: ``KEYBUS_TOKEN`` is not set, or does not hold.
        Forbidden: The token's account or roles may not.
        Throttled: Too much was asked.
        Refused: The bus refused for another reason; the error has its code.
        SettingsError: The token would be sent in the clear.
    """
    with _asked(method, url, path, body, seconds=_SECONDS) as answer:
        return msgspec.json.decode(answer.read(), type=kind)


@contextmanager
def lines(url: str, path: str, body: object, *, seconds: float) -> Iterator[Iterator[bytes]]:
    """``POST url/api/v1/path``, whose answer is read line by line, as it comes.

    Args:
        url: The bus.
        path: The path behind ``/api/v1``, encoded.
        body: What to send, as JSON.
        seconds: After so long without a line, nobody is taken to be there.

    Raises:
        KeybusError: As `send`, also while it is read.
    """
    with _asked("POST", url, path, body, seconds=seconds) as answer:
        yield iter(answer.readline, b"")


@contextmanager
def _asked(
    method: Method, url: str, path: str, body: object, *, seconds: float
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request, while it is read."""
    settings = Settings.from_environment()
    headers = {"Content-Type": "application/json"} if body is not None else {}
    headers.update(settings.authorization(url))
    request = urllib.request.Request(  # noqa: S310 - Settings lets http and https through only
        f"{url}{API}{path}",
        data=None if body is None else msgspec.json.encode(body),
        headers=headers,
        method=method,
    )
    try:
        with _opener(settings.tls()).open(request, timeout=seconds) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, f"{url}{API}{path}") from None
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _no_answer(f"{url}{API}{path}", error) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was given, and nowhere else."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener(tls: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=tls), _NoRedirect, urllib.request.ProxyHandler({})
    )


def _no_answer(address: str, error: Exception) -> BusUnavailable:
    """Nothing came, in the words of whoever noticed."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    hint = "is the bus running, and is KEYBUS_URL right?"
    if isinstance(reason, ssl.SSLCertVerificationError):
        reason = f"its certificate does not hold: {reason.verify_message}"
        hint = "does KEYBUS_CA_FILE name the certificates of whoever signed it?"
    elif isinstance(reason, OSError) and reason.strerror:
        reason = reason.strerror
    return BusUnavailable(f"no answer from {address}: {reason}", hint=hint)


def _refusal(error: urllib.error.HTTPError, address: str) -> KeybusError:
    """What the bus answered, as an error."""
    try:
        problem = msgspec.json.decode(error.read(), type=Problem)
    except (OSError, http.client.HTTPException, msgspec.DecodeError, UnicodeDecodeError):
        return BusUnavailable(f"{address} answered {error.code}", hint="is it a Keybus bus?")
    if error.code == _UNAUTHENTICATED:
        hint = "" if Settings.from_environment().token else "set KEYBUS_TOKEN"
        return Unauthenticated(problem.message, hint=hint or problem.hint)
    if error.code == _FORBIDDEN:
        return Forbidden(problem.message, rule="", hint=problem.hint)
    if error.code == _THROTTLED:
        after = error.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else 1.0
        return Throttled(problem.message, retry_after=seconds, hint=problem.hint)
    if error.code >= _SERVER_FAULT:
        return BusUnavailable(f"{address}: {problem.message}", hint=problem.hint)
    return Refused(problem, error.code)
