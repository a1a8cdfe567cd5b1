"""One call of an operation of AWS's: who asks, of which bus, and what goes along with the answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from keybus.arns import Arn
from keybus.bus import Bus
from keybus.governance import Principal
from keybus.server.access import bus_of, is_open, principal_of
from keybus.server.leaving import leaves
from keybus.topology.model import NOBODY

WARNING = "x-keybus-warning"
"""A header of answers: what AWS's shapes have no member for, such as a pattern that never matches."""
_MOST_WARNING = 2_000


class Call:
    """One call.

    Args:
        bus: The bus.
        principal: Who asks.
        request: The request that it came with; None: it came with none.

    Attributes:
        headers: What the answer's headers say beside the usual.
    """

    __slots__ = ("_request", "bus", "headers", "principal")

    def __init__(self, bus: Bus, principal: Principal, request: Request | None = None) -> None:
        self.bus, self.principal = bus, principal
        self.headers: dict[str, str] = {}
        self._request = request

    @classmethod
    def of(cls, request: Request) -> "Call":
        """A request's."""
        return cls(bus_of(request), principal_of(request), request)

    @property
    def url(self) -> str:
        """Where the caller has reached the bus: scheme, host and port."""
        if self._request is None:
            return ""
        base = self._request.base_url
        return f"{base.scheme}://{base.netloc}"

    @contextlib.asynccontextmanager
    async def leaves(self) -> AsyncIterator[asyncio.Event]:
        """Set once the caller has closed its connection: for what waits, as a long poll does."""
        if self._request is None:
            yield asyncio.Event()
            return
        async with leaves(self._request) as left:
            yield left

    @property
    def account(self) -> str:
        """The name of the account that asks.

        On a bus that asks nobody for credentials it is the central one; empty where there is none.
        """
        return self.principal.account or self.bus.platform.central or ""

    @property
    def account_id(self) -> str:
        """The 12 digits of that account."""
        return self.id_of(self.account)

    @property
    def is_open(self) -> bool:
        """Whether the bus asks nobody for credentials: whoever asks may do anything."""
        return is_open(self.bus, self.principal)

    def id_of(self, account: str) -> str:
        """The 12 digits of an account, by its name."""
        declared = self.bus.platform.accounts.get(account)
        return NOBODY if declared is None else declared.id

    def account_of(self, account_id: str) -> str | None:
        """The name of an account, by its 12 digits; None where none has them."""
        if account_id == NOBODY and not self.account:
            return ""
        accounts = self.bus.platform.accounts.items()
        return next((name for name, each in accounts if each.id == account_id), None)

    def arn(self, service: str, resource: str, account: str | None = None) -> str:
        """The ARN of a resource of the caller's account, or of another's."""
        holder = self.account if account is None else account
        return str(Arn(service, self.bus.platform.region, self.id_of(holder), resource))

    def warn(self, message: str) -> None:
        """Tell of something beside the answer, in a header."""
        before = self.headers.get(WARNING)
        told = f"{before}; {message}" if before else message
        plain = "".join(each if each.isprintable() else repr(each)[1:-1] for each in told)
        ascii_only = plain.encode("ascii", "backslashreplace").decode()
        self.headers[WARNING] = ascii_only[:_MOST_WARNING]
