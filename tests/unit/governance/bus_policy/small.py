"""A platform of two organizations, and statements about it."""

from typing import Any

from keybus.topology import Account, Platform, Publisher

BUS = "arn:aws:events:local:111111111111:event-bus/default"
SHOP, DESK, GUEST, IDLE = "222222222222", "333333333333", "444444444444", "555555555555"
PLATFORM = Platform(
    bus="small",
    organization="o-small",
    central="hub",
    accounts={
        "hub": Account("111111111111"),
        "shop": Account(SHOP),
        "desk": Account(DESK),
        "guest": Account(GUEST, organization="o-guests"),
        "idle": Account(IDLE),
    },
    publishers={
        "shop.till": Publisher("shop", [], ["shop.till", "shop.web"]),
        "desk.bell": Publisher("desk", []),
        "guest.door": Publisher("guest", []),
    },
)


def statement(effect: str = "Deny", **more: Any) -> dict[str, Any]:
    """A statement about putting events, to everybody, with other members where they are given."""
    written = {
        "Sid": "one",
        "Effect": effect,
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": BUS,
    }
    return written | {name.title(): value for name, value in more.items()}
