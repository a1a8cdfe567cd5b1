"""Calls of boto3's clients, which are not async, from an event loop."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Literal, Protocol

from keybus.client.aws.errors import answered, unanswered
from keybus.client.threads import in_thread
from keybus.errors import SettingsError

Service = Literal["events", "sqs"]
POLL_SECONDS: Final = 20
"""For which SQS keeps a request for messages open while there are none."""


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
        self._clients: dict[tuple[Service, int], Any] = {}
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
        with self._making:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _client(self, service: Service, operation: str) -> Any:
        """The client of a service; a long poll has its own, as its answer takes longer."""
        wait = POLL_SECONDS if operation == "receive_message" else 0
        with self._making:
            found = self._clients.get((service, wait))
            if found is None:
                found = self._clients[service, wait] = self._made(service, self._timeout + wait)
            return found

    def _made(self, service: Service, timeout: float) -> Any:
        try:
            import boto3  # noqa: PLC0415 - an extra, and slow to import
            from botocore.config import Config  # noqa: PLC0415 - as boto3
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - as boto3
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"the transport aws needs an extra ({error.name} is missing)",
                hint="pip install 'keybus[aws]'",
            ) from None
        config = Config(
            connect_timeout=self._timeout,
            read_timeout=timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},  # it is decided above
            max_pool_connections=50,
        )
        try:
            return (self._services or boto3).client(service, config=config)
        except (BotoCoreError, ValueError) as error:  # an endpoint that is no URL is a ValueError
            raise unanswered(error) from None

    def run(self, service: Service, operation: str, parameters: dict[str, Any]) -> Any:
        """Run an operation in this thread; see `ask`."""
        client = self._client(service, operation)
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as boto3
        from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as boto3

        try:
            return getattr(client, operation)(**parameters)
        except ClientError as error:
            raise answered(error, f"{service}:{operation}") from None
        except (BotoCoreError, ResponseParserError) as error:
            raise unanswered(error) from None
