"""Ways to change clean templates."""

from collections.abc import Callable
from typing import Any

from tests.cdk.checker.templates import (
    HUB,
    MAIL,
    REGION,
    Templates,
    allow,
    resource,
    role,
)

Change = Callable[[Templates], object]
Mutants = dict[str, dict[str, Change]]
"""By rule, and by name."""
CENTRAL_BUS = f"arn:aws:events:{REGION}:{HUB}:event-bus/small"
MAIL_BUS = f"arn:aws:events:{REGION}:{MAIL}:event-bus/keybus-mailer"
MAIL_QUEUE = f"arn:aws:sqs:{REGION}:{MAIL}:mailer"
PUT = "SmallKeyDelivery20e88766"
PUT_ID = f"{PUT}PutPolicy"
POLICY = "KeyDelivery20e88766PublisherPolicy"


def add(stack: str, type_: str, **properties: Any) -> Change:
    """A resource beside the platform's."""
    return lambda t: getattr(t, stack).update(Added=resource(type_, **properties))


def add_role(stack: str, *statements: Any, **more: Any) -> Change:
    return lambda t: getattr(t, stack).update(Added=role(*statements, **more))


def put(id_: str, **properties: Any) -> Change:
    """Properties of a generated resource, set."""
    return lambda t: t.said(id_).update(properties)


def drop(id_: str, name: str) -> Change:
    return lambda t: t.said(id_).pop(name)


def lose(stack: str, id_: str) -> Change:
    """A generated resource, taken out."""
    return lambda t: getattr(t, stack).pop(id_)


def alter(id_: str, sid: str, **parts: Any) -> Change:
    """Parts of a statement, set."""
    return lambda t: t.statement(id_, sid).update(parts)


def without(id_: str, sid: str, *keys: str) -> Change:
    """A statement without conditions on keys; without any, with no condition."""

    def change(t: Templates) -> None:
        condition = t.statement(id_, sid)["Condition"]
        for asked in condition.values():
            for key in keys or list(asked):
                asked.pop(key, None)

    return change


def asking(id_: str, sid: str, operator: str, key: str, value: Any) -> Change:
    """A statement with another condition on a key."""

    def change(t: Templates) -> None:
        condition = t.statement(id_, sid)["Condition"]
        for asked in condition.values():
            asked.pop(key, None)
        condition.setdefault(operator, {})[key] = value

    return change


def state(id_: str, statement: Any) -> Change:
    """One more statement in a policy."""

    def change(t: Templates) -> None:
        said = t.said(id_)
        name = "KeyPolicy" if "KeyPolicy" in said else "PolicyDocument"
        said[name]["Statement"].append(statement)

    return change


def target(id_: str, **parts: Any) -> Change:
    return lambda t: t.said(id_)["Targets"][0].update(parts)


def more_target(id_: str, arn: str) -> Change:
    return lambda t: t.said(id_)["Targets"].append(
        {"Id": "more", "Arn": arn, "DeadLetterConfig": {"Arn": f"{MAIL_QUEUE}-undelivered"}}
    )


def sent_by(service: str) -> Any:
    return allow("sqs:SendMessage", MAIL_QUEUE, Principal={"Service": service})


def from_account(account: str, action: Any, to: Any) -> Any:
    return allow(action, to, Principal={"AWS": f"arn:aws:iam::{account}:root"})


def more_types(t: Templates) -> None:
    t.said("MailerForwardRule")["EventPattern"]["detail-type"].append("delivery.failed")


def state_trust(t: Templates) -> None:
    document = t.said("MailerForwardRole")["AssumeRolePolicyDocument"]
    own = {"AWS": f"arn:aws:iam::{HUB}:root"}
    document["Statement"].append(allow("sts:AssumeRole", Principal=own))


def edit(id_: str, old: str, new: str) -> Change:
    """Another text in a policy that is a text."""

    def change(t: Templates) -> None:
        said = t.said(id_)
        assert old in said["PolicyDocument"]
        said["PolicyDocument"] = said["PolicyDocument"].replace(old, new, 1)

    return change


def add_stack(**resources: Any) -> Change:
    """Another stack of the central account."""
    return lambda t: t.documents.update({"central#more": {"Resources": resources}})
