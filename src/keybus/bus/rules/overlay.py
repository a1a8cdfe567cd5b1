"""Rules laid over a platform: a subscription for each target."""

import logging
from collections.abc import Iterable, Mapping

import msgspec

from keybus.arns import Arn
from keybus.bus.event_bus.custom_bus import bus_arn
from keybus.bus.rules.beside import Beside, subscription_name
from keybus.bus.rules.rule import Rule, rule_arn
from keybus.bus.rules.target import RuleTarget
from keybus.errors import PatternError
from keybus.patterns import Pattern
from keybus.topology import Platform, Subscription
from keybus.topology.inputs import Maker
from keybus.topology.inputs import template as templates
from keybus.topology.model import NOBODY

_log = logging.getLogger(__name__)


def usable(text: str) -> Pattern:
    """A pattern that a rule can have.

    Raises:
        PatternError: It is none; or it holds what JSON's readers do not agree on, such as half a
            character or a number beyond a double's range, so that it could not be shown again.
    """
    pattern = Pattern.parse(text)
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PatternError(f"not every reader of JSON can read it: {error}") from error
    return pattern


class Overlay:
    """Lays rules over a platform. Remembers patterns that it has read, which are slow to read."""

    def __init__(self) -> None:
        self._patterns: dict[str, Pattern] = {}

    def beside(self, rules: Iterable[Rule], platform: Platform) -> dict[str, Beside]:
        """The subscriptions of the rules' targets, by name.

        A rule that this release cannot use is left out, and logged: the bus has to come up again.

        Args:
            rules: All rules.
            platform: What is declared.
        """
        names = {each.id: name for name, each in platform.accounts.items()}
        before, self._patterns = self._patterns, {}
        found: dict[str, Beside] = {}
        for rule in rules:
            try:
                read = before.get(rule.pattern)
                pattern = Pattern.parse(rule.pattern) if read is None else read
                self._patterns[rule.pattern] = pattern
                found |= _of(rule, pattern, platform, names)
            except Exception:  # noqa: BLE001 - whatever was put once, the bus has to come up again
                _log.exception("the rule %s cannot be used, and matches nothing", rule.key)
        return found


def _of(
    rule: Rule, pattern: Pattern, platform: Platform, names: Mapping[str, str]
) -> dict[str, Beside]:
    holder = platform.accounts.get(rule.account)
    account_id = holder.id if holder else NOBODY
    arn = rule_arn(platform.region, account_id, rule.name, rule.bus)
    event_bus = bus_arn(platform.region, account_id, rule.bus) if rule.bus else ""
    called = templates.Rule(rule.name, arn)
    asked = msgspec.json.decode(rule.pattern)
    found = {}
    for target in rule.targets.values():
        Maker.compile(target.form, called)  # whether it can be
        found[subscription_name(rule.account, rule.path, target.id)] = Beside(
            rule=rule.name,
            arn=arn,
            account=rule.account,
            is_enabled=rule.state == "ENABLED",
            changed_us=rule.changed_us,
            target=target,
            pattern=pattern,
            subscription=Subscription(
                account=_receiver(rule, target, names),
                filter=asked,
                retry=target.retry,
                target=target.form,
            ),
            event_bus=event_bus,
        )
    return found


def _receiver(rule: Rule, target: RuleTarget, names: Mapping[str, str]) -> str:
    """The account that gets the events: the one that owns the target."""
    arn = Arn.parse(target.arn)
    return rule.account if arn is None or arn.account == NOBODY else names.get(arn.account, "")
