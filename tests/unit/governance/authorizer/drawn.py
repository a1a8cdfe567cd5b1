"""Platforms and requests, drawn from one small vocabulary so that they meet.

Names are shared by accounts, publishers, sources, grants and subscriptions, and some are built to be
confused: prefixes of each other, other capitals, dots at the end, nothing at all.
"""

from datetime import UTC, datetime

from hypothesis import strategies as st

from keybus.governance import ANYBODY, ROLES, Principal
from keybus.governance.authorizer import ACTIONS
from keybus.topology import Account, Platform, Publisher, Subscription
from keybus.topology.model import CLASSIFICATIONS, Grant, moment_us

ACCOUNTS = ("me", "you", "Me", "me.", "hub", "")
NAMES = (*ACCOUNTS, "m", "me.door", "aws.key", "AWS.key", "aws", "aws.", "mé", "me/door", "ME")
SOURCES = (*NAMES, "aws.key.more", "me\u0301", "\x00", " me", "me ", "x" * 300)
CONTRACTS = {
    "order.placed": ("me", "public"),
    "order.paid": ("me", "internal"),
    "door.opened": ("you", "confidential"),
    "person.seen": ("you", "pii"),
    "person.met": ("Me", "pii"),
    "bin.emptied": ("nobody", "internal"),
    "hub.started": ("hub", "public"),
}
"""Each event type's owner and classification."""
TYPES = tuple(CONTRACTS)
FOREIGN = ("order", "order.place", "order.placed.", "Order.placed", "", "foreign.seen", "me", "é")
MOMENTS = ("2027-01-01", "2027-01-01T00:00:01Z", "2027-06-30", "2028-02-29T12:00:00Z")
_AT = tuple(moment_us(each) for each in MOMENTS)
INSTANTS = (0, *(at + off for at in _AT for off in (-1, 0, 1)), 2**62)

accounts = st.sampled_from(("me", "me", "you", "you", *ACCOUNTS))  # so that they meet often
types = st.sampled_from(TYPES)
any_type = st.one_of(types, types, st.sampled_from(FOREIGN), st.text(max_size=4))
any_source = st.one_of(*[st.sampled_from(SOURCES)] * 3, st.text(max_size=4))
any_subscription = st.one_of(*[st.sampled_from(NAMES)] * 3, st.text(max_size=4))
any_action = st.one_of(
    st.sampled_from((*ACTIONS, "", "platform", "platform.read ", "PLATFORM.READ"))
)
instants = st.one_of(
    st.sampled_from(INSTANTS),
    st.integers(0, int(datetime(2040, 1, 1, tzinfo=UTC).timestamp()) * 10**6),
)


def _some(of: st.SearchStrategy[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(of, max_size=most, unique=True)


principals = st.one_of(
    st.builds(
        Principal,
        st.one_of(accounts, st.sampled_from(("stranger", "ME", "m", "é"))),
        st.frozensets(st.sampled_from(ROLES)),
    ),
    st.builds(Principal, accounts, st.just(frozenset(ROLES))),
    st.just(ANYBODY),
)
declared_account = st.builds(Account, st.just("111111111111"), st.sampled_from(CLASSIFICATIONS))
publishers = st.builds(
    Publisher, accounts, _some(st.one_of(types, st.just("foreign.seen")), 4),
    _some(st.sampled_from(SOURCES), 3),
)  # fmt: skip
grants = st.builds(
    Grant,
    accounts,
    st.just("it is needed"),
    st.just("somebody"),
    st.sampled_from(MOMENTS),
    _some(st.one_of(types, st.just("foreign.seen")), 4),
    _some(st.sampled_from(SOURCES), 3),
)
subscriptions = st.builds(
    Subscription,
    accounts,
    _some(
        st.sampled_from(
            [f"{each}@{major}" for each in (*TYPES, "foreign.seen") for major in (0, 1)]
        ),
        3,
    ),
    st.one_of(st.none(), st.just({"source": ["me"]})),
)


def _platforms(least: int) -> st.SearchStrategy[Platform]:
    names = st.sampled_from(NAMES)
    return st.builds(
        Platform,
        bus=st.just("drawn"),
        central=st.one_of(st.none(), accounts),
        accounts=st.dictionaries(accounts, declared_account, min_size=least, max_size=5),
        publishers=st.dictionaries(names, publishers, min_size=least, max_size=6),
        grants=st.dictionaries(names, grants, min_size=2 * least, max_size=8),
        subscriptions=st.dictionaries(names, subscriptions, min_size=least, max_size=6),
    )


platforms = st.one_of(_platforms(0), _platforms(3))
