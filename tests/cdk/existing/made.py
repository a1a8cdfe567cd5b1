"""Values as they are read from AWS, for tests that need no AWS."""

from functools import cache
from typing import Any

from keybus.cdk.existing import Part
from keybus.cdk.existing.inventory import Bus, Rule, Target
from keybus.contracts import ContractRepository
from tests.cdk.existing.shop import BUS, HUB, REGION, policy, statement
from tests.running import EXAMPLE

DELIVERIES, ACCESS, FINANCE = "111111111111", "222222222222", "555555555555"
NAMES = {HUB: "hub", DELIVERIES: "deliveries", ACCESS: "access", FINANCE: "finance"}
KEY_STATEMENTS = (
    statement("deliveries", DELIVERIES, **{"events:source": "key.delivery"}),
    statement("access", ACCESS, **{"events:source": "key.access"}),
)


@cache
def contracts() -> ContractRepository:
    """Those of the reference application."""
    return ContractRepository.load(EXAMPLE / "contracts")


def queue(name: str, account: str = FINANCE) -> str:
    """The ARN of a queue."""
    return f"arn:aws:sqs:{REGION}:{account}:{name}"


def rule(name: str, pattern: dict[str, Any] | None, *targets: str | Target, **said: Any) -> Rule:
    """A rule of the bus, with the ARNs of its targets."""
    found = (
        each if isinstance(each, Target) else Target(str(number), each)
        for number, each in enumerate(targets)
    )
    return Rule(
        f"arn:aws:events:{REGION}:{HUB}:rule/shop/{name}",
        name,
        pattern,
        targets=tuple(found),
        **said,
    )


def bus(*rules: Rule, statements: tuple[dict[str, Any], ...] = KEY_STATEMENTS, **said: Any) -> Bus:
    """The bus."""
    return Bus(BUS, "shop", policy(*statements), rules, **said)


def part(*buses: Bus, name: str = "hub", account: str = HUB, **said: Any) -> Part:
    """What stands in an account."""
    return Part(name, account, REGION, {each.arn: each for each in buses}, **said)
