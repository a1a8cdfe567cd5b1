"""Guessing is slowed down: failures are counted by address and by credential.

After 10 failures in a row, each no more than a minute after the one before or after its pause, an
address is answered 429 for a second, then for twice as long after each further failure, up to five
minutes. The same goes for a credential's id, from wherever it is tried, but for an address's first
try: nobody can lock a credential out everywhere by failing with its id.

Whoever has shown a good credential from an address may go on with that credential from there,
whatever others do at the same address (behind one proxy, say) or with the same id: what is left to
guess there is a secret of 240 bits or more.
"""

import functools
import ipaddress
from collections import OrderedDict

import msgspec

from keybus.clock import Clock

FREE_FAILURES = 10
FORGET_SECONDS = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
_TRUST_SECONDS = 24 * 3600.0
MAX_REMEMBERED = 10_000


class _Failures(msgspec.Struct):
    count: int = 0
    until: float = 0.0


class Throttle:
    """Counts failures, in bounded memory: of too many, those that failed least lately go.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._trusted: OrderedDict[tuple[str, str], float] = OrderedDict()

    @property
    def remembered(self) -> int:
        """How many failing and how many good ones it remembers, the larger of both."""
        return max(len(self._failures), len(self._trusted))

    def pause(self, address: str, credential_id: str) -> float:
        """Seconds for which nothing is verified for them; 0: it is now.

        Args:
            address: The client's.
            credential_id: What it claims to be; empty where it claims nothing.
        """
        if self.trusts(address, credential_id):
            return 0.0
        now, network = self._clock.monotonic(), network_of(address)
        here, *claimed = [self._failures.get(key) for key in _keys(network, credential_id)]
        if here is None or now > here.until + FORGET_SECONDS:
            return 0.0
        return max([0.0, *(each.until - now for each in (here, *claimed) if each is not None)])

    def trusts(self, address: str, credential_id: str) -> bool:
        """Whether the credential was good from there, within a day."""
        until = self._trusted.get((network_of(address), credential_id), 0.0)
        return until > self._clock.monotonic()

    def failed(self, address: str, credential_id: str) -> None:
        """Count a failure."""
        now = self._clock.monotonic()
        for key in _keys(network_of(address), credential_id):
            failures = self._failures.setdefault(key, _Failures(until=now))
            if now > failures.until + FORGET_SECONDS:
                failures.count = 0
            failures.count += 1
            over = failures.count - FREE_FAILURES
            wait = min(FIRST_PAUSE * 2.0 ** min(over, 32), LONGEST_PAUSE) if over >= 0 else 0.0
            failures.until = now + wait
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, address: str, credential_id: str) -> None:
        """Remember that the credential was good from there."""
        place = (network_of(address), credential_id)
        self._trusted[place] = self._clock.monotonic() + _TRUST_SECONDS
        self._trusted.move_to_end(place)
        while len(self._trusted) > MAX_REMEMBERED:
            self._trusted.popitem(last=False)


def _keys(network: str, credential_id: str) -> list[str]:
    return [f"@{network}", credential_id] if credential_id else [f"@{network}"]


@functools.lru_cache(MAX_REMEMBERED)
def network_of(address: str) -> str:
    """The address; of IPv6 the first 64 bits, of which one machine has all the rest."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
