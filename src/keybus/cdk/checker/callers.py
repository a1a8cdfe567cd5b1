"""What has an app's programs run: mappings, permissions, schedules, and the topic of the alarms."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from keybus.arns import Arn
from keybus.cdk.checker.differences import Difference
from keybus.cdk.checker.harmless import CALLED, SCHEDULE
from keybus.cdk.checker.judging import Broken
from keybus.cdk.checker.own import Own

_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_CALLERS: Final = frozenset(
    {
        "cloudwatch",
        "cognito-idp",
        "config",
        "elasticloadbalancing",
        "execute-api",
        "logs",
        "secretsmanager",
    }
)
"""Services that may call a function for what is the account's own, beside rules and alarms."""


def is_schedule(said: Mapping[str, Any], own: Own) -> bool:
    """Whether a rule only calls functions of its own account by the clock."""
    if not said.keys() <= SCHEDULE or "ScheduleExpression" not in said:
        return False
    targets = said.get("Targets", [])
    if str(said.get("EventBusName", "default")) != "default" or not isinstance(targets, list):
        return False
    return all(_is_call(each, own) for each in targets)


def _is_call(target: Any, own: Own) -> bool:
    if not isinstance(target, Mapping) or not target.keys() <= CALLED:
        return False
    arn = Arn.parse(str(target.get("Arn")))
    wanted = ("lambda", own.account, own.partition)
    return arn is not None and (arn.service, arn.account, arn.partition) == wanted


def of_listener(said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    """What is wrong with a subscription to a topic."""
    if str(said.get("TopicArn")) not in own.topics:
        words = "it listens to a topic that is not the platform's"
        yield Difference("/TopicArn", Broken("DX10", words), said.get("TopicArn"))
    if str(said.get("Endpoint")) in own.queues:
        words = "the queue gets what a topic carries, beside the bus"
        yield Difference("/Endpoint", Broken("DX10", words), said.get("Endpoint"))


def of_mapping(said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    """What is wrong with a function's reading from a queue or stream."""
    source = str(said.get("EventSourceArn"))
    arn = Arn.parse(source)
    if source in own.queues:
        return
    is_own = arn is not None and (arn.account, arn.partition) == (own.account, own.partition)
    if not (is_own and arn is not None and arn.service == "dynamodb"):
        words = "it reads from what is no queue of the account's own subscriptions"
        rule = "DX10" if is_own else "DX16"
        yield Difference("/EventSourceArn", Broken(rule, words), said.get("EventSourceArn"))


def of_permission(said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    """What is wrong with who may call a function."""
    if str(said.get("Action")).lower() != "lambda:invokefunction":
        words = "who calls a function needs lambda:InvokeFunction and nothing else"
        yield Difference("/Action", Broken("DX13", words), said.get("Action"))
    principal = str(said.get("Principal"))
    if _SERVICE.fullmatch(principal):
        yield from _of_service(principal, said, own)
    elif "*" in principal:
        yield Difference("/Principal", Broken("DX01", "everybody may call it"), principal)
    elif principal != own.account and not _is_own_role(principal, own):
        yield Difference("/Principal", Broken("DX03", f"{principal!r} is no own one"), principal)


def _of_service(principal: str, said: Mapping[str, Any], own: Own) -> Iterator[Difference]:
    if "SourceArn" not in said:
        words = f"{principal} may call it for anybody: SourceArn is missing"
        yield Difference("", Broken("DX18", words), dict(said))
        return
    source = str(said["SourceArn"])
    arn = Arn.parse(source)
    if arn is None or (arn.account, arn.partition) != (own.account, own.partition):
        words = f"{source!r} is nothing of this account's, and would call it beside the bus"
        yield Difference("/SourceArn", Broken("DX10", words), source)
        return
    is_rule = arn.service == "events" and arn.resource.startswith("rule/")
    if not is_rule and arn.service not in _CALLERS and source not in own.topics:
        words = f"{source!r} may carry events, and would call it beside the bus"
        yield Difference("/SourceArn", Broken("DX10", words), source)


def _is_own_role(principal: str, own: Own) -> bool:
    arn = Arn.parse(principal)
    wanted = ("iam", own.account, own.partition)
    return arn is not None and (arn.service, arn.account, arn.partition) == wanted
