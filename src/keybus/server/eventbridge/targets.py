"""Targets of rules: PutTargets, RemoveTargets, ListTargetsByRule.

Source: Amazon EventBridge API reference, the operations of these names and "Target".
"""

from collections.abc import Mapping
from typing import Annotated, Final

from keybus.bus.rules.errors import NoSuchRule, TooMuch
from keybus.bus.rules.rule import path_of
from keybus.bus.rules.target import RuleTarget
from keybus.server.aws import AwsError, Call, Operation
from keybus.server.aws.paging import page
from keybus.server.aws.shapes import Answer, Request, length
from keybus.server.eventbridge.naming import bus_named, own_bus
from keybus.server.eventbridge.rules import MANAGE, READ, RuleName, found_rule, no_rule
from keybus.server.eventbridge.shapes import BusName, Limit, NextToken
from keybus.server.eventbridge.target_entries import (
    Target,
    TargetId,
    TargetRefused,
    check_arns,
    target_of,
)


class PutTargets(Request, frozen=True):
    """PutTargetsRequest."""

    rule: RuleName
    targets: Annotated[tuple[Target, ...], length(1, 100)]
    event_bus_name: BusName | None = None


class RemoveTargets(Request, frozen=True):
    """RemoveTargetsRequest; ``Force`` is for rules that AWS's services manage, and there are none."""

    rule: RuleName
    ids: Annotated[tuple[TargetId, ...], length(1, 100)]
    event_bus_name: BusName | None = None
    force: bool = False


class ListTargetsByRule(Request, frozen=True):
    """ListTargetsByRuleRequest."""

    rule: RuleName
    event_bus_name: BusName | None = None
    next_token: NextToken | None = None
    limit: Limit | None = None


class FailedEntry(Answer, frozen=True):
    """PutTargetsResultEntry, RemoveTargetsResultEntry."""

    target_id: str
    error_code: str
    error_message: str


class Failures(Answer, frozen=True):
    """PutTargetsResponse, RemoveTargetsResponse."""

    failed_entry_count: int
    failed_entries: list[FailedEntry]


class ShownTransformer(Answer, frozen=True):
    """InputTransformer."""

    input_paths_map: Mapping[str, str]
    input_template: str


class ShownGroup(Answer, frozen=True):
    """SqsParameters."""

    message_group_id: str


class ShownHttp(Answer, frozen=True):
    """HttpParameters."""

    path_parameter_values: tuple[str, ...]
    header_parameters: Mapping[str, str]
    query_string_parameters: Mapping[str, str]


class ShownDeadLetters(Answer, frozen=True):
    """DeadLetterConfig."""

    arn: str


class ShownRetry(Answer, frozen=True):
    """RetryPolicy."""

    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None


class Shown(Answer, frozen=True):
    """Target, as it is listed."""

    id: str
    arn: str
    role_arn: str | None = None
    input: str | None = None
    input_path: str | None = None
    input_transformer: ShownTransformer | None = None
    sqs_parameters: ShownGroup | None = None
    http_parameters: ShownHttp | None = None
    dead_letter_config: ShownDeadLetters | None = None
    retry_policy: ShownRetry | None = None


class Targets(Answer, frozen=True):
    """ListTargetsByRuleResponse."""

    targets: list[Shown]
    next_token: str | None = None


async def put_targets(call: Call, asked: PutTargets) -> Failures:
    """Add targets to a rule, each that can be one; what became of the others."""
    check_arns(asked.targets)
    bus, rule = found_rule(call, asked.rule, asked.event_bus_name)
    failed: list[FailedEntry] = []
    taken: dict[str, RuleTarget] = {}
    for each in asked.targets:
        try:
            if each.id not in taken:
                taken[each.id] = target_of(call, rule, each)
                continue
            refused = TargetRefused("The request has this target's id more than once.")
        except TargetRefused as error:
            refused = error
        failed.append(FailedEntry(each.id, refused.code, str(refused)))
    rules = call.bus.rules
    try:
        if taken:
            await rules.put_targets(call.account, rule.path, list(taken.values()), call.principal)
    except NoSuchRule as error:
        raise no_rule(rule.name, bus) from error
    except TooMuch as error:
        told = "The requested resource exceeds the maximum number allowed."
        raise AwsError("LimitExceededException", f"{told} {error}") from error
    return Failures(len(failed), failed)


async def remove_targets(call: Call, asked: RemoveTargets) -> Failures:
    """Remove targets from a rule; what waits for them goes with them."""
    bus = bus_named(call, asked.event_bus_name)
    path = path_of(own_bus(call, bus), asked.rule)
    try:
        await call.bus.rules.remove_targets(call.account, path, asked.ids, call.principal)
    except NoSuchRule as error:
        raise no_rule(asked.rule, bus) from error
    return Failures(0, [])


async def list_targets_by_rule(call: Call, asked: ListTargetsByRule) -> Targets:
    """List a rule's targets."""
    _, rule = found_rule(call, asked.rule, asked.event_bus_name)
    shown, token = page(
        rule.targets.values(),
        lambda each: each.id,
        listing="ListTargetsByRule",
        token=asked.next_token,
        limit=asked.limit,
    )
    return Targets([_shown(each) for each in shown], token)


def _shown(target: RuleTarget) -> Shown:
    made, http = target.input_transformer, target.http
    said = (target.attempts, target.max_age)
    return Shown(
        target.id,
        target.arn,
        target.role_arn or None,
        target.input,
        target.input_path,
        None if made is None else ShownTransformer(made.paths, made.template),
        ShownGroup(target.group) if target.group else None,
        None if http is None else ShownHttp(http.path, http.headers, http.query),
        ShownDeadLetters(target.dead_letters) if target.dead_letters else None,
        None if said == (None, None) else ShownRetry(*said),
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    "PutTargets": Operation(PutTargets, put_targets, MANAGE),
    "RemoveTargets": Operation(RemoveTargets, remove_targets, MANAGE),
    "ListTargetsByRule": Operation(ListTargetsByRule, list_targets_by_rule, READ),
}
