"""Platforms to put on AWS: the reference application's, and small ones over its contracts."""

import re
import shutil
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from keybus.cdk import Deployment, deployment_of
from keybus.topology.constructs import Account, Grant, Platform, Publisher, Subscription
from tests.running import ROOT

EXAMPLE = ROOT / "examples" / "amazon_key"
LEFT_OUT = ("/subscriptions/notifications/fields",)
REGION = "eu-west-1"
NOW_US = 1_800_000_000_000_000  # early in 2027, when all grants of the example hold


MISSING = (
    "node is not installed"
    if shutil.which("node") is None
    else "aws-cdk-lib is not installed"
    if find_spec("aws_cdk") is None
    else ""
)
"""Why nothing can be synthesized here; empty where it can."""
FENCE = re.compile(r"^```(\w+)\n(?:# ([\w/.]+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, str]:
    """The blocks of docs/aws-cdk.md, by the name in their first line, or else their language."""
    page = (ROOT / "docs" / "aws-cdk.md").read_text()
    return {name or kind: text for kind, name, text in FENCE.findall(page)}


@cache
def example() -> Deployment:
    """The reference application's platform."""
    return deployment_of(EXAMPLE, region=REGION, leave_out=LEFT_OUT, now_us=NOW_US)


def small(more: Callable[[Platform], object] | None = None, **said: Any) -> Platform:
    """A bus with a publisher and a subscriber, and what is declared beside them."""
    keys = {"organization": "o-small1", "central": "hub", "region": REGION} | said
    platform = Platform("small", contracts=str(Path(__file__).parent / "contracts"), **keys)
    Account(platform, "hub", id="100000000000", owners=["ines"])
    Account(platform, "deliveries", id="111111111111", owners=["jo"])
    Account(platform, "mail", id="222222222222", owners=["kim"])
    Publisher(
        platform,
        "key.delivery",
        account="deliveries",
        events=["delivery.completed", "delivery.failed"],
    )
    Grant(
        platform,
        "mail-deliveries",
        account="mail",
        events=["delivery.completed", "delivery.failed"],
        reason="tells customers",
        approver="jo",
        expires="2028-01-31",
    )
    if more is not None:
        more(platform)
    return platform


def subscribed(name: str = "mailer", **said: Any) -> Platform:
    """The same, with a subscription of mail's."""
    keys = {"account": "mail", "events": ["delivery.completed@1"]} | said
    return small(lambda platform: Subscription(platform, name, **keys))


def deployed(platform: Platform, **said: Any) -> Deployment:
    """One of them on AWS."""
    return deployment_of(platform, **({"now_us": NOW_US} | said))
