"""The authorizer by example: what each rule of docs/authorization.md means."""

import msgspec
import pytest

from keybus.contracts import ContractRepository
from keybus.governance import ANYBODY, ROLES, Principal, Role
from keybus.governance.authorizer import ACTIONS, Authorizer, Refusal
from keybus.topology import Account, Platform, Publisher, Subscription
from keybus.topology.model import Classification, Grant, Waiver, moment_us

END = moment_us("2027-06-30")
PLATFORM = Platform(
    bus="small",
    central="hub",
    accounts={
        "me": Account("111111111111", clearance="pii"),
        "you": Account("222222222222"),
        "hub": Account("333333333333"),
    },
    publishers={
        "orders": Publisher("me", ["order.placed", "order.paid"], ["shop", "AWS.shop", "aws.shop"]),
        "doors": Publisher("you", ["door.opened", "person.seen"]),
    },
    grants={
        "me-doors": Grant("me", "reason", "owner", "2027-06-30", ["door.opened"]),
        "me-doors-soon": Grant("me", "reason", "owner", "2027-01-01", ["door.opened"]),
        "you-orders": Grant("you", "reason", "owner", "2027-06-30", ["order.placed"], ["shop"]),
    },
    subscriptions={
        "mine": Subscription("me", ["order.placed@1", "door.opened@1"]),
        "own": Subscription("me", ["order.placed@1", "order.paid@1"]),
        "anything": Subscription("me", filter={"source": ["shop"]}),
        "yours": Subscription("you", ["order.placed@1"]),
    },
    exceptions={"loop": Waiver("DX11", "/subscriptions/mine", "reason", "owner", "2027-06-30")},
)


@pytest.fixture
def authorizer(contracts: ContractRepository) -> Authorizer:
    return Authorizer(PLATFORM, contracts)


def who(account: str, *roles: Role) -> Principal:
    return Principal(account, frozenset(roles))


def code(refusal: Refusal | None) -> str:
    return refusal.code if refusal else ""


@pytest.mark.parametrize(
    ("source", "event_type", "expected"),
    [
        ("shop", "order.placed", ""),
        ("shop", "foreign.seen", ""),
        ("AWS.shop", "order.placed", ""),
        ("aws.shop", "order.placed", "reserved-source"),
        ("aws.", "foreign.seen", "reserved-source"),
        ("Shop", "order.placed", "source"),
        ("shop.", "order.placed", "source"),
        ("", "order.placed", "source"),
        ("orders", "order.placed", "source"),  # it names sources, so its name is none
        ("doors", "door.opened", "source"),
        ("shop", "door.opened", "event"),
        ("shop", "order.paid", ""),
    ],
)
def test_a_publisher_puts_its_own(
    authorizer: Authorizer, source: str, event_type: str, expected: str
) -> None:
    assert code(authorizer.put(who("me", "publisher"), source, event_type)) == expected


def test_a_type_that_is_listed_but_another_accounts_is_not_put(
    contracts: ContractRepository,
) -> None:
    liar = {"orders": Publisher("me", ["door.opened"], ["shop"])}
    authorizer = Authorizer(msgspec.structs.replace(PLATFORM, publishers=liar), contracts)
    assert code(authorizer.put(who("me", "publisher"), "shop", "door.opened")) == "event"


def test_anothers_subscription_is_answered_like_none(authorizer: Authorizer) -> None:
    asks = who("me", *ROLES)
    anothers, none = authorizer.consume(asks, "yours"), authorizer.consume(asks, "never")
    assert anothers is not None
    assert none is not None
    assert anothers.code == none.code == "subscription"
    assert anothers.message.replace("yours", "never") == none.message
    assert anothers.hint == none.hint
    assert authorizer.consume(asks, "mine") is None
    assert authorizer.replay(asks, "yours") == anothers


def test_names_that_are_very_long_are_not_repeated_whole(authorizer: Authorizer) -> None:
    long, asks = "x" * 100_000, who("me", *ROLES)
    refusals = [
        authorizer.put(asks, long, long),
        authorizer.put(asks, "shop", "door.opened"),
        authorizer.consume(asks, long),
        authorizer.read(asks, long, long, 0),
        authorizer.administer(asks, long),
        authorizer.put(who(long), long, long),
    ]
    assert all(refusal and len(str(refusal)) < 1000 for refusal in refusals)


def test_the_gate_is_open_until_the_first_of_its_grants_ends(authorizer: Authorizer) -> None:
    gate = authorizer.gate("mine")
    assert gate.open_until == END  # of two grants the later one counts
    assert gate.refusal("door.opened", "doors", END - 1) is None
    refusal = gate.refusal("door.opened", "doors", END)
    assert refusal is not None
    assert refusal.code == "grant-expired"
    assert "'me-doors'" in refusal.message
    assert "2027-06-30" in refusal.message
    assert gate.refusal("order.placed", "shop", END) is None  # its own


def test_a_gate_over_own_events_never_closes(authorizer: Authorizer) -> None:
    assert authorizer.gate("own").open_until > moment_us("9999-12-31")


def test_what_was_asked_for_earlier_counts_while_it_may_wait(authorizer: Authorizer) -> None:
    own = PLATFORM.subscriptions["own"]
    assert authorizer.gate("own", [own]).open_until == authorizer.gate("own").open_until
    assert authorizer.gate("own", [PLATFORM.subscriptions["mine"]]).open_until == END
    assert authorizer.gate("own", [PLATFORM.subscriptions["anything"]]).open_until == 0
    assert authorizer.gate("own", [Subscription("me", ["person.seen@1"])]).open_until == 0


def test_where_anything_may_come_each_event_is_looked_at(authorizer: Authorizer) -> None:
    gate = authorizer.gate("anything")
    assert gate.open_until == 0
    assert gate.refusal("foreign.seen", "shop", 0) is None
    assert code(gate.refusal("foreign.seen", "doors", 0)) == "no-grant"
    assert code(gate.refusal("person.seen", "doors", 0)) == "no-grant"


def test_nothing_goes_to_a_subscription_that_is_not_declared(authorizer: Authorizer) -> None:
    gate = authorizer.gate("never")
    assert gate.open_until == 0
    assert code(gate.refusal("order.placed", "shop", 0)) == "subscription"


def test_a_grant_on_a_source_is_for_events_without_a_contract(authorizer: Authorizer) -> None:
    assert authorizer.deliver("yours", "foreign.seen", "shop", 0) is None
    assert code(authorizer.deliver("yours", "order.paid", "shop", 0)) == "no-grant"
    assert code(authorizer.deliver("yours", "foreign.seen", "AWS.shop", 0)) == "no-grant"


@pytest.mark.parametrize(
    ("clearance", "event_type", "expected"),
    [
        ("public", "order.placed", ""),
        ("public", "order.paid", "clearance"),
        ("public", "foreign.seen", "clearance"),
        ("internal", "order.paid", ""),
        ("internal", "foreign.seen", ""),
        ("pii", "order.paid", ""),
    ],
)
def test_clearance_is_asked_of_others_events(
    contracts: ContractRepository, clearance: Classification, event_type: str, expected: str
) -> None:
    accounts = PLATFORM.accounts | {"you": Account("222222222222", clearance=clearance)}
    ended = Grant("you", "reason", "owner", "2027-06-30", ["order.placed", "order.paid"], ["shop"])
    platform = msgspec.structs.replace(PLATFORM, accounts=accounts, grants={"all": ended})
    authorizer = Authorizer(platform, contracts)
    assert code(authorizer.deliver("yours", event_type, "shop", 0)) == expected
    assert code(authorizer.deliver("yours", event_type, "shop", END)) == (
        expected or "grant-expired"
    )
    assert authorizer.deliver("yours", "person.seen", "doors", 0) is None  # its own, though pii


def test_content_is_read_by_whom_it_may_be_delivered_to(authorizer: Authorizer) -> None:
    def read(principal: Principal, event_type: str, now: int = 0) -> str:
        return code(authorizer.read(principal, event_type, "any", now))

    assert not read(who("me", "publisher"), "order.placed")
    assert not read(who("me", "subscriber"), "order.placed")
    assert not read(who("me", "subscriber"), "door.opened", END - 1)
    assert read(who("me", "subscriber"), "door.opened", END) == "grant-expired"
    assert read(who("me", "publisher"), "door.opened") == "role"
    assert read(who("me", "subscriber", "publisher"), "person.seen") == "no-grant"
    assert read(who("hub", "central", "auditor"), "hub.started") == "role"


def test_central_counts_only_in_the_central_account(authorizer: Authorizer) -> None:
    for action, roles in ACTIONS.items():
        allowed = authorizer.administer(who("hub", "central"), action) is None
        assert allowed == ("central" in roles)
        assert code(authorizer.administer(who("me", "central"), action)) == "role"
        auditor = authorizer.administer(who("me", "auditor", "central"), action)
        assert (auditor is None) == ("auditor" in roles)
    assert code(authorizer.consume(who("hub", "central"), "mine")) == "role"
    assert code(authorizer.consume(who("hub", *ROLES), "mine")) == "subscription"
    assert code(authorizer.put(who("hub", *ROLES), "shop", "order.placed")) == "source"


def test_where_no_account_is_central_nobody_administers(contracts: ContractRepository) -> None:
    authorizer = Authorizer(msgspec.structs.replace(PLATFORM, central=None), contracts)
    for account in PLATFORM.accounts:
        assert code(authorizer.administer(who(account, "central"), "platform.apply")) == "role"


def test_nobody_may_do_anything(contracts: ContractRepository) -> None:
    """Not even where something is declared under the empty name."""
    nameless = Account("444444444444", clearance="pii")
    platform = msgspec.structs.replace(
        PLATFORM,
        central="",
        accounts=PLATFORM.accounts | {"": nameless},
        publishers={"shop": Publisher("", ["order.placed"])},
        subscriptions={"nobodys": Subscription("", ["order.placed@1"])},
    )
    authorizer = Authorizer(platform, contracts)
    assert code(authorizer.put(ANYBODY, "shop", "foreign.seen")) == "unknown-account"
    assert code(authorizer.consume(ANYBODY, "nobodys")) == "unknown-account"
    assert code(authorizer.read(ANYBODY, "foreign.seen", "shop", 0)) == "unknown-account"
    assert code(authorizer.deliver("nobodys", "order.placed", "shop", 0)) == "unknown-account"
    assert not authorizer.visible(ANYBODY).publishers
    for action in (*ACTIONS, "never"):
        assert code(authorizer.administer(ANYBODY, action)) == "unknown-account"


def test_an_account_sees_itself_and_both_sides_of_a_grant(authorizer: Authorizer) -> None:
    visible = authorizer.visible(who("you", "subscriber"))
    assert visible.accounts == {"you"}
    assert visible.publishers == {"doors"}
    assert visible.subscriptions == {"yours"}
    assert visible.grants == {"me-doors", "me-doors-soon", "you-orders"}
    assert not visible.everything
    part = visible.cut(PLATFORM)
    assert part.central is None
    assert list(part.accounts) == ["you"]
    assert not part.exceptions
    everything = authorizer.visible(who("you", "auditor"))
    assert everything.everything
    assert everything.cut(PLATFORM) is PLATFORM
    assert authorizer.visible(who("you", "central")) == authorizer.visible(who("stranger"))
