"""Calls of boto3's clients, which are not async, from an event loop."""

import asyncio
import threading
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, Final, Literal, Protocol

from keybus.client.threads import in_thread
from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    PublishError,
    SettingsError,
    Throttled,
    Unauthenticated,
)

Service = Literal["events", "sqs"]
_THROTTLED: Final = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestThrottled"}
    | {"RequestLimitExceeded", "SlowDown", "OverLimit", "ConcurrentModificationException"}
)
_UNKNOWN: Final = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"}
    | {"SignatureDoesNotMatch", "ExpiredTokenException", "ExpiredToken", "InvalidAccessKeyId"}
    | {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"}
)
_FORBIDDEN: Final = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError"})
_SERVER_FAULT: Final = 500
_SECONDS: Final = 1.0


class Services(Protocol):
    """Where boto3's clients come from; a ``boto3.Session`` is one."""

    def client(self, service_name: Any, **options: Any) -> Any:
        """A client of this service."""


class Calls:
    """Runs a client's operations in threads, and tells their errors in Keybus's words.

    Args:
        services: Where the clients come from; None: boto3's default session.
        timeout: Seconds that one request may take.
    """

    def __init__(self, services: Services | None, timeout: float) -> None:
        self._services, self._timeout = services, timeout
        self._making = threading.Lock()  # making clients is not safe in several threads

    def ask(
        self,
        service: Service,
        operation: str,
        unwanted: Callable[[Any], None] | None = None,
        **parameters: Any,
    ) -> "asyncio.Future[Any]":
        """Run an operation in a thread, in which it goes on where nobody waits for it any more.

        Args:
            service: Whose client.
            operation: The client's method.
            unwanted: Given, in a thread, an answer that came when nobody waited for it any more.
            parameters: The operation's.

        Raises:
            BusUnavailable: No answer, or one that trying again may mend.
            Throttled: Too much was asked.
            Unauthenticated: There is no credential, or AWS does not know it.
            Forbidden: The credential is not for this.
            PublishError: It was refused; trying again will not help.
        """
        work = partial(self.run, service, operation, parameters)
        return in_thread(work, "keybus aws", unwanted)

    def close(self) -> None:
        """Let go of the clients that were made."""
        for name in ("_events", "_sqs"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()

    @cached_property
    def _events(self) -> Any:
        return self._made("events")

    @cached_property
    def _sqs(self) -> Any:
        return self._made("sqs")

    def _made(self, service: Service) -> Any:
        try:
            import boto3  # noqa: PLC0415 - an extra, and slow to import
            from botocore.config import Config  # noqa: PLC0415 - as boto3
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"the transport aws needs an extra ({error.name} is missing)",
                hint="pip install 'keybus[aws]'",
            ) from None
        # What is tried again, and how often, is decided above; a long poll's answer takes longer.
        config = Config(
            connect_timeout=self._timeout,
            read_timeout=self._timeout + (20 if service == "sqs" else 0),
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=50,
        )
        return (self._services or boto3).client(service, config=config)

    def run(self, service: Service, operation: str, parameters: dict[str, Any]) -> Any:
        """Run an operation in this thread; see `ask`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as boto3

        try:
            with self._making:
                client = self._events if service == "events" else self._sqs
            return getattr(client, operation)(**parameters)
        except ClientError as error:
            raise _told(error, f"{service}:{operation}") from None
        except BotoCoreError as error:
            raise _without_answer(error) from None


def _told(error: Any, what: str) -> KeybusError:
    """An error that AWS answered."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    words = f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = code.rpartition(".")[2]  # SQS's codes for queries have a prefix
    if code in _THROTTLED:
        return Throttled(words, retry_after=_SECONDS)
    if code in _UNKNOWN:
        return Unauthenticated(words, hint="are the AWS credentials right, and do they still hold?")
    if code in _FORBIDDEN:
        return Forbidden(
            words, rule="aws", hint="does the role allow it, and the resource's policy?"
        )
    if status >= _SERVER_FAULT:
        return BusUnavailable(words)
    return PublishError(words)


def _without_answer(error: Any) -> KeybusError:
    """An error before there was an answer."""
    from botocore.exceptions import (  # noqa: PLC0415 - as boto3
        ConnectionError as NoConnection,
    )
    from botocore.exceptions import HTTPClientError, NoCredentialsError  # noqa: PLC0415

    if isinstance(error, NoCredentialsError):
        return Unauthenticated(str(error), hint="set AWS credentials as for the AWS CLI")
    if isinstance(error, HTTPClientError | NoConnection):
        return BusUnavailable(str(error), hint="is AWS_ENDPOINT_URL right, and the network there?")
    return SettingsError(str(error), hint="boto3 reads AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL")
