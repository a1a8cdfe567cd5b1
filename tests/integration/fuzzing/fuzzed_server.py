"""A closed bus whose API is fuzzed by some accounts, while others go on with their work."""

import re

from tests.running import ClosedServer

NAMES = ("kestrel.till", "kestrel-feed", "kestrel-of-shop", "kestrels", "kestrel-karl")
"""Names that the fuzzed accounts, but for those that read everything, have nothing to do with."""
EVENT = "osprey"
"""What stands in the events that nobody who is fuzzed may have."""
INSIDES = re.compile(rb"Traceback|\.py\b|site-packages|src/keybus| object at 0x|apsw|\.db\b")
"""What the inside of a process looks like, which is nobody's business."""
WATCHED = "kestrel-of-shop"
"""The subscription of somebody who is not fuzzed to all that a fuzzed publisher puts."""


class FuzzedServer(ClosedServer):
    """`keybus serve` where ``shop`` publishes and ``desk`` receives, and ``kestrels`` do both."""

    PLATFORM = """\
bus: small
organization: o-smallexample
central: operations
accounts:
  operations: {id: "111111111111", owners: [olga]}
  shop: {id: "222222222222", owners: [sven], destinations: [hooks.example.com]}
  desk: {id: "333333333333", owners: [dora], destinations: [hooks.example.com]}
  review: {id: "444444444444", owners: [rita]}
  kestrels: {id: "555555555555", owners: [kestrel-karl]}
publishers:
  shop.till: {account: shop, events: []}
  kestrel.till: {account: kestrels, events: []}
grants:
  desk-sees-sales:
    account: desk
    reason: shows sales
    approver: sven
    expires: "2999-01-01"
    sources: [shop.till]
  shop-is-looked-at:
    account: kestrels
    reason: counts sales
    approver: sven
    expires: "2999-01-01"
    sources: [shop.till]
subscriptions:
  desk-feed: {account: desk, filter: {source: [shop.till]}, retry: {attempts: 0}}
  kestrel-feed: {account: kestrels, filter: {source: [kestrel.till]}}
  kestrel-of-shop: {account: kestrels, filter: {source: [shop.till]}}
"""
