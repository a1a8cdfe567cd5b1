"""A platform declared in Python, in the manner of the AWS CDK: the same data as in YAML.

```python
platform = Platform("shop", central="orders")
Account(platform, "orders", id="111111111111", owners=["orders-team"])
Account(platform, "mail", id="222222222222")
Publisher(platform, "shop.orders", account="orders", events=["order.placed"])
Subscription(platform, "mailer",
    account="mail",
    events=["order.placed@1"],
)
```

What is wrong with it is found as in a YAML file, each fault with the file and line of the call.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from keybus.topology.model import (
    Alarms,
    Classification,
    InputTransformer,
    Minimum,
    Order,
    Quota,
    Retry,
    Target,
    Webhook,
)
from keybus.topology.root_construct import Platform

__all__ = [
    "Account",
    "Alarms",
    "Grant",
    "InputTransformer",
    "Minimum",
    "Order",
    "Platform",
    "Publisher",
    "Quota",
    "Retry",
    "Subscription",
    "Target",
    "Waiver",
    "Webhook",
]


class Account:
    """A team's isolated area."""

    def __init__(
        self,
        platform: Platform,
        name: str,
        *,
        id: str,  # noqa: A002 - it is the key's name in YAML as well
        clearance: Classification | None = None,
        owners: Sequence[str] | None = None,
        organization: str | None = None,
        destinations: Sequence[str] | None = None,
        quota: Quota | Mapping[str, Any] | None = None,
    ) -> None:
        """Declare an account; for what the arguments mean, see `keybus.topology.Account`."""
        self.name = name
        said = {
            "id": id,
            "clearance": clearance,
            "owners": owners,
            "organization": organization,
            "destinations": destinations,
            "quota": quota,
        }
        platform.declare("accounts", name, said)


class Publisher:
    """A service of an account."""

    def __init__(
        self,
        platform: Platform,
        name: str,
        *,
        account: str,
        events: Sequence[str],
        sources: Sequence[str] | None = None,
    ) -> None:
        """Declare a publisher; for what the arguments mean, see `keybus.topology.Publisher`."""
        self.name = name
        said = {"account": account, "events": events, "sources": sources}
        platform.declare("publishers", name, said)


class Grant:
    """An approved, expiring permission for an account to receive events."""

    def __init__(
        self,
        platform: Platform,
        name: str,
        *,
        account: str,
        reason: str,
        approver: str,
        expires: str,
        events: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
    ) -> None:
        """Declare a grant; for what the arguments mean, see `keybus.topology.model.Grant`."""
        self.name = name
        said = {
            "account": account,
            "reason": reason,
            "approver": approver,
            "expires": expires,
            "events": events,
            "sources": sources,
        }
        platform.declare("grants", name, said)


class Subscription:
    """A durable queue in the subscriber's account."""

    def __init__(  # noqa: PLR0913 - as many as the part has keys
        self,
        platform: Platform,
        name: str,
        *,
        account: str,
        events: Sequence[str] | None = None,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - it is the key's name in YAML
        fields: Sequence[str] | None = None,
        allow_undeclared: Sequence[str] | None = None,
        order: Order | Mapping[str, Any] | None = None,
        start: str | None = None,
        retry: Retry | Mapping[str, Any] | None = None,
        target: Target | Mapping[str, Any] | None = None,
        alarms: Alarms | Mapping[str, Any] | None = None,
    ) -> None:
        """Declare a subscription; for its arguments, see `keybus.topology.Subscription`."""
        self.name = name
        said = {
            "account": account,
            "events": events,
            "filter": filter,
            "fields": fields,
            "allow_undeclared": allow_undeclared,
            "order": order,
            "start": start,
            "retry": retry,
            "target": target,
            "alarms": alarms,
        }
        platform.declare("subscriptions", name, said)


class Waiver:
    """A compliance finding that is accepted for a time."""

    def __init__(
        self,
        platform: Platform,
        name: str,
        *,
        rule: str,
        subject: str,
        reason: str,
        approver: str,
        expires: str,
    ) -> None:
        """Declare an exception; for what the arguments mean, see `keybus.topology.model.Waiver`."""
        self.name = name
        said = {
            "rule": rule,
            "subject": subject,
            "reason": reason,
            "approver": approver,
            "expires": expires,
        }
        platform.declare("exceptions", name, said)
