"""Rules: PutRule, DeleteRule, DescribeRule, EnableRule, DisableRule, ListRules, ListRuleNamesByTarget.

Source: Amazon EventBridge API reference, the operations of these names.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Final, Literal

from keybus.bus.event_bus.custom_bus import NoSuchBus
from keybus.bus.rules.errors import HasTargets, NoSuchRule, TooMuch
from keybus.bus.rules.overlay import usable
from keybus.bus.rules.rule import Rule, path_of, rule_arn
from keybus.errors import PatternError
from keybus.server.access import administer
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.errors import invalid
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, length, pattern
from keybus.server.eventbridge.naming import bus_named, no_bus, own_bus
from keybus.server.eventbridge.pattern_advice import advise
from keybus.server.eventbridge.shapes import BusName, Limit, NextToken, Tag
from keybus.server.eventbridge.tags import checked

RuleName = Annotated[str, length(1, 64), pattern(r"[\.\-_A-Za-z0-9]+")]
RoleArn = Annotated[str, length(1, 1600)]
State = Literal["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"]
READ, MANAGE = administer("rules.read"), administer("rules.manage")
_MOST_PATTERN: Final = 4096


class PutRule(Request, frozen=True):
    """PutRuleRequest."""

    name: RuleName
    schedule_expression: Annotated[str, length(None, 256)] | None = None
    event_pattern: Annotated[str, length(None, _MOST_PATTERN)] | None = None
    state: State | None = None
    description: Annotated[str, length(None, 512)] | None = None
    role_arn: RoleArn | None = None
    tags: tuple[Tag, ...] = ()
    event_bus_name: BusName | None = None


class RuleArn(Answer, frozen=True):
    """PutRuleResponse."""

    rule_arn: str


class OneRule(Request, frozen=True):
    """DescribeRuleRequest, EnableRuleRequest, DisableRuleRequest."""

    name: RuleName
    event_bus_name: BusName | None = None


class DeleteRule(OneRule, frozen=True):
    """DeleteRuleRequest; ``Force`` is for rules that AWS's services manage, and there are none."""

    force: bool = False


class Described(Answer, frozen=True):
    """DescribeRuleResponse, and a Rule of ListRulesResponse, which has no CreatedBy."""

    name: str
    arn: str
    event_pattern: str
    state: str
    event_bus_name: str
    description: str | None = None
    role_arn: str | None = None
    created_by: str | None = None


class ListRules(Request, frozen=True):
    """ListRulesRequest."""

    name_prefix: RuleName | None = None
    event_bus_name: BusName | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class Rules(Answer, frozen=True):
    """ListRulesResponse."""

    rules: list[Described]
    next_token: str | None = None


class ListRuleNamesByTarget(Request, frozen=True):
    """ListRuleNamesByTargetRequest."""

    target_arn: Annotated[str, length(1, 1600)]
    event_bus_name: BusName | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class RuleNames(Answer, frozen=True):
    """ListRuleNamesByTargetResponse."""

    rule_names: list[str]
    next_token: str | None = None


async def put_rule(call: Call, asked: PutRule) -> RuleArn:
    """Make a rule, or replace one."""
    bus = own_bus(call, asked.event_bus_name)
    text = await asyncio.to_thread(_pattern_of, asked)
    if asked.state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS":
        raise invalid(f"State {asked.state} is not supported by Keybus: no CloudTrail is read.")
    rule = Rule(
        call.account,
        asked.name,
        text,
        asked.state or "ENABLED",
        asked.description,
        asked.role_arn,
        created_by=call.account_id,
        tags=checked(asked.tags),
        bus=bus,
    )
    try:
        async with _standing(call, rule):
            await call.bus.rules.put(rule, call.principal)
    except TooMuch as error:
        raise AwsError("LimitExceededException", str(error)) from error
    except NoSuchBus as error:  # it went meanwhile
        raise no_bus(bus) from error
    await advise(call, text)
    return RuleArn(arn_of(call, rule))


async def delete_rule(call: Call, asked: DeleteRule) -> None:
    """Delete a rule that has no targets."""
    path = path_of(own_bus(call, asked.event_bus_name), asked.name)
    try:
        await call.bus.rules.delete(call.account, path, call.principal)
    except HasTargets as error:
        raise invalid("Rule can't be deleted since it has targets.") from error


async def describe_rule(call: Call, asked: OneRule) -> Described:
    """Describe a rule."""
    bus, found = found_rule(call, asked.name, asked.event_bus_name)
    return _described(call, found, bus, created_by=found.created_by)


async def enable_rule(call: Call, asked: OneRule) -> None:
    """Let a rule match."""
    await _switch(call, asked, enabled=True)


async def disable_rule(call: Call, asked: OneRule) -> None:
    """Let a rule match nothing."""
    await _switch(call, asked, enabled=False)


async def list_rules(call: Call, asked: ListRules) -> Rules:
    """List the account's rules."""
    bus, prefix = bus_named(call, asked.event_bus_name), asked.name_prefix or ""
    rules = _of_bus(call, asked.event_bus_name)
    shown, token = page(
        [each for each in rules if each.name.startswith(prefix)],
        lambda each: each.name,
        listing="ListRules",
        token=asked.next_token,
        limit=asked.limit,
    )
    return Rules([_described(call, each, bus) for each in shown], token)


async def list_rule_names_by_target(call: Call, asked: ListRuleNamesByTarget) -> RuleNames:
    """List the account's rules that send to a target."""
    arn = asked.target_arn
    shown, token = page(
        [
            rule.name
            for rule in _of_bus(call, asked.event_bus_name)
            if any(target.arn == arn for target in rule.targets.values())
        ],
        str,
        listing="ListRuleNamesByTarget",
        token=asked.next_token,
        limit=asked.limit,
    )
    return RuleNames(shown, token)


def found_rule(call: Call, name: str, bus: str | None) -> tuple[str, Rule]:
    """The bus as it was named, and a rule of the caller's account.

    Raises:
        AwsError: ``ResourceNotFoundException``: there is no such bus, or no such rule.
    """
    named = bus_named(call, bus)
    found = call.bus.rules.find(call.account, path_of(own_bus(call, bus), name))
    if found is None:
        raise no_rule(name, named)
    return named, found


def no_rule(name: str, bus: str) -> AwsError:
    """That a rule is not there, as AWS words it."""
    return AwsError("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")


def arn_of(call: Call, rule: Rule) -> str:
    """The ARN of a rule of the caller's account."""
    return rule_arn(call.bus.platform.region, call.account_id, rule.name, rule.bus)


def _standing(call: Call, rule: Rule) -> AbstractAsyncContextManager[None]:
    """The rule's bus stays until this ends."""
    if not rule.bus:
        return nullcontext()
    return call.bus.custom_buses.standing(rule.account, rule.bus)


def _of_bus(call: Call, bus: str | None) -> list[Rule]:
    """The account's rules of a bus."""
    own = own_bus(call, bus)
    return [rule for rule in call.bus.rules.of(call.account) if rule.bus == own]


async def _switch(call: Call, asked: OneRule, *, enabled: bool) -> None:
    bus = bus_named(call, asked.event_bus_name)
    try:
        path = path_of(own_bus(call, asked.event_bus_name), asked.name)
        await call.bus.rules.enable(call.account, path, call.principal, enabled=enabled)
    except NoSuchRule as error:
        raise no_rule(asked.name, bus) from error


def _pattern_of(asked: PutRule) -> str:
    """The event pattern, checked."""
    if asked.schedule_expression:
        raise invalid(
            "ScheduleExpression is not supported by Keybus: rules match events, and none runs by"
            " the clock. Let a scheduler of your own put an event, and match that."
        )
    if not asked.event_pattern:
        raise invalid("Parameter(s) EventPattern must be specified.")
    try:
        usable(asked.event_pattern)
    except PatternError as error:
        told = f"Event pattern is not valid. Reason: {error.args[0]}"
        raise AwsError("InvalidEventPatternException", told) from error
    return asked.event_pattern


def _described(call: Call, rule: Rule, bus: str, *, created_by: str | None = None) -> Described:
    return Described(
        rule.name,
        arn_of(call, rule),
        rule.pattern,
        rule.state,
        bus,
        rule.description,
        rule.role_arn,
        created_by,
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "PutRule": Operation(PutRule, put_rule, MANAGE),
    "DeleteRule": Operation(DeleteRule, delete_rule, MANAGE),
    "DescribeRule": Operation(OneRule, describe_rule, READ),
    "EnableRule": Operation(OneRule, enable_rule, MANAGE),
    "DisableRule": Operation(OneRule, disable_rule, MANAGE),
    "ListRules": Operation(ListRules, list_rules, READ),
    "ListRuleNamesByTarget": Operation(ListRuleNamesByTarget, list_rule_names_by_target, READ),
}
