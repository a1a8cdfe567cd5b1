"""Grants and exceptions: who may approve them, for what, and until when."""

import pytest

from tests.unit.topology.conftest import FaultsOf

GOOD = """\
bus: tiny
central: hub
accounts:
  hub: {id: "000000000001", owners: [hub-team]}
  me: {id: "111111111111", owners: [my-team]}
  you: {id: "222222222222", owners: [your-team]}
publishers:
  shop: {account: me, events: [order.placed]}
grants:
  orders: {account: you, events: [order.placed], reason: to count, approver: my-team, expires: 2027-06-30}
  abroad: {account: you, sources: [aws.key], reason: to see, approver: hub-team, expires: 2027-06-30T12:00:00Z}
  shop: {account: you, sources: [shop], reason: to see, approver: my-team, expires: 2020-01-01}
subscriptions:
  all: {account: you, events: [order.placed@1], order: {key: /status}}
exceptions:
  odd: {rule: DX15, subject: /grants/orders, reason: until moved, approver: hub-team, expires: 2027-06-30}
"""
CASES = [
    ("unknown-account", "orders: {account: you", "orders: {account: yu", "/grants/orders/account", "'you'"),
    ("unknown-event", "you, events: [order.placed]", "you, events: [order.placd]", "/grants/orders/events/0", "'order.placed'"),
    ("no-events", "events: [order.placed], reason", "reason", "/grants/orders", "allows nothing"),
    ("bad-date", "2027-06-30}", "2027-06-31}", "/grants/orders/expires", "no '2027-06-31'"),
    ("bad-date", "12:00:00Z", "25:00:00Z", "/grants/abroad/expires", "2027-06-30"),
    ("duplicate-event", "you, events: [order.placed]", "you, events: [order.placed, order.placed]", "/grants/orders/events/1", "twice"),
    ("duplicate-source", "[aws.key]", "[aws.key, aws.key]", "/grants/abroad/sources/1", "twice"),
    ("needless-grant", "orders: {account: you", "orders: {account: me", "/grants/orders/events/0", "needs no grant"),
    ("needless-grant", "shop: {account: you", "shop: {account: me", "/grants/shop/sources/0", "needs no grant"),
    ("not-approver", "to count, approver: my-team", "to count, approver: your-team", "/grants/orders/approver", "'me'"),
    ("not-approver", "[aws.key], reason: to see, approver: hub-team", "[aws.key], reason: to see, approver: my-team", "/grants/abroad/approver", "'hub'"),
    ("not-approver", "moved, approver: hub-team", "moved, approver: my-team", "/exceptions/odd/approver", "hub-team"),
    ("unknown-subject", "/grants/orders, ", "/grants/oders, ", "/exceptions/odd/subject", "nothing"),
    ("bad-value", "orders: {account: you", 'orders: {account: "*"', "/grants/orders/account", "one by one"),
    ("bad-value", "[aws.key]", '["*"]', "/grants/abroad/sources/0", "one by one"),
    ("bad-value", "reason: to count", 'reason: "\\u2003 \\x1c"', "/grants/orders/reason", "blank"),
    ("bad-value", "rule: DX15", "rule: DX19", "/exceptions/odd/rule", "DX00 to DX18"),
    ("no-order-key", "order: {key: /status}", "order: {}", "/subscriptions/all/order", "name it"),
    ("no-order-key", "/status", "/statsu", "/subscriptions/all/order/key", "'status'"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[2][:30]}")
def test_a_fault_is_found_where_it_stands(
    faults_of: FaultsOf, case: tuple[str, str, str, str, str]
) -> None:
    code, old, new, pointer, words = case
    assert faults_of(GOOD) == ()
    assert old in GOOD
    [fault] = faults_of(GOOD.replace(old, new, 1))
    assert (fault.code, fault.pointer) == (code, pointer)
    assert words in f"{fault.message} ({fault.hint})"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("to count, approver: my-team", "to count, approver: hub-team"),
        ("subject: /grants/orders", "subject: /organization"),  # that it is not there
        ("subject: /grants/orders", "subject: /grants/orders/events/0"),
        ("subject: /grants/orders", "subject: /subscriptions/all/target/webhook/url"),
    ],
)
def test_what_may_be_meant_is_no_fault(faults_of: FaultsOf, old: str, new: str) -> None:
    assert faults_of(GOOD.replace(old, new, 1)) == ()
