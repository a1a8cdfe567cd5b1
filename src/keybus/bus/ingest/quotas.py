"""Quotas: how much an account may publish, as the platform declares it."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from keybus.bus.ingest.bucket import Bucket
from keybus.clock import Clock
from keybus.envelope import Entry, size
from keybus.errors import Throttled
from keybus.governance import Principal
from keybus.topology.model import Platform, Quota

_log = logging.getLogger(__name__)


class _Limited:
    """One account's quota, and how much of it is left."""

    def __init__(self, quota: Quota, clock: Clock) -> None:
        self.quota = quota
        self.events = _bucket(quota.events_per_second, clock)
        self.bytes = _bucket(quota.bytes_per_second, clock)
        self.is_over = False

    @property
    def wait(self) -> tuple[float, str]:
        """Seconds until it may publish again, and what it has used up; 0: now."""
        quota = self.quota
        events = self.events.wait if self.events else 0.0
        size_in_bytes = self.bytes.wait if self.bytes else 0.0
        if events >= size_in_bytes:
            return events, f"{quota.events_per_second} events"
        return size_in_bytes, f"{quota.bytes_per_second} bytes"

    def take(self, entries: Sequence[Entry]) -> None:
        if self.events:
            self.events.take(len(entries))
        if self.bytes:
            self.bytes.take(sum(map(size, entries)))


class Quotas:
    """Lets accounts publish as much as they may. Belongs to one event loop.

    Args:
        clock: Time.

    Attributes:
        throttled: How many entries of each account were not looked at, since the bus was started.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limited: dict[str, _Limited] = {}
        self.throttled: Counter[str] = Counter()

    def follow(self, platform: Platform) -> None:
        """Go by a platform from now on; who has the same quota as before goes on with it."""
        before, self._limited = self._limited, {}
        for name, account in platform.accounts.items():
            if not account.quota.is_declared:
                continue
            known = before.get(name)
            same = known is not None and known.quota == account.quota
            self._limited[name] = known if known and same else _Limited(account.quota, self._clock)

    def take(
        self, entries: Sequence[Entry], principal: Principal, account_of: Callable[[str], str]
    ) -> None:
        """Count entries, all or none.

        Args:
            entries: What is offered.
            principal: Who offers it. Where nobody is asked, it is the account of each source.
            account_of: The account that a source belongs to.

        Raises:
            Throttled: An account has used up its quota; none of them is taken.
        """
        if not self._limited:
            return
        for account, limited, share in (shares := self._shares(entries, principal, account_of)):
            wait, what = limited.wait
            if wait > 0:
                self._refuse(account, limited, len(share), wait, what)
            limited.is_over = False
        for _, limited, share in shares:
            limited.take(share)

    def _refuse(self, account: str, limited: _Limited, count: int, wait: float, what: str) -> None:
        self.throttled[account] += count
        said = f"the account {account!r} publishes more than its quota of {what} a second"
        if not limited.is_over:
            limited.is_over = True
            _log.warning("%s; it is told to wait", said)
        raise Throttled(
            said, retry_after=wait, hint="wait as long as Retry-After says, or raise its quota"
        )

    def _shares(
        self, entries: Sequence[Entry], principal: Principal, account_of: Callable[[str], str]
    ) -> list[tuple[str, _Limited, Sequence[Entry]]]:
        if principal.account:
            shares: Mapping[str, Sequence[Entry]] = {principal.account: entries}
        else:
            by_account: dict[str, list[Entry]] = {}
            for entry in entries:
                by_account.setdefault(account_of(entry.source), []).append(entry)
            shares = by_account
        return [
            (account, limited, share)
            for account, share in shares.items()
            if (limited := self._limited.get(account)) is not None
        ]


def _bucket(rate: int | None, clock: Clock) -> Bucket | None:
    return None if rate is None else Bucket(rate, clock)
