"""Templates that let events go or come where nobody allowed it: every rule, several ways."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.cdk.checker.templates import (
    DELIVERIES,
    HUB,
    MAIL,
    REGION,
    STRANGER,
    Templates,
    allow,
    resource,
    role,
)

CENTRAL_BUS = f"arn:aws:events:{REGION}:{HUB}:event-bus/small"
MAIL_BUS = f"arn:aws:events:{REGION}:{MAIL}:event-bus/keybus-mailer"
MAIL_QUEUE = f"arn:aws:sqs:{REGION}:{MAIL}:mailer"
PUT = "KeyDelivery20e88766"
PUT_ID = f"{PUT}PutPolicy"
POLICY = "KeyDelivery20e88766PublisherPolicy"


class Mutant(NamedTuple):
    rule: str
    name: str
    change: Callable[[Templates], object]


def mutants() -> Iterator[Mutant]:
    for rule, ways in _MUTANTS.items():
        for name, change in ways.items():
            yield Mutant(rule, name, change)


def add(stack: str, type_: str, **properties: Any) -> Callable[[Templates], object]:
    """A resource beside the platform's."""
    return lambda t: getattr(t, stack).update(Added=resource(type_, **properties))


def add_role(stack: str, *statements: Any, **more: Any) -> Callable[[Templates], object]:
    return lambda t: getattr(t, stack).update(Added=role(*statements, **more))


def put(id_: str, **properties: Any) -> Callable[[Templates], object]:
    """Properties of a generated resource, set."""
    return lambda t: t.said(id_).update(properties)


def drop(id_: str, name: str) -> Callable[[Templates], object]:
    return lambda t: t.said(id_).pop(name)


def lose(stack: str, id_: str) -> Callable[[Templates], object]:
    """A generated resource, taken out."""
    return lambda t: getattr(t, stack).pop(id_)


def alter(id_: str, sid: str, **parts: Any) -> Callable[[Templates], object]:
    """Parts of a statement, set."""
    return lambda t: t.statement(id_, sid).update(parts)


def without(id_: str, sid: str, *keys: str) -> Callable[[Templates], object]:
    """A statement without conditions on keys; without any, with no condition."""

    def change(t: Templates) -> None:
        condition = t.statement(id_, sid)["Condition"]
        for asked in condition.values():
            for key in keys or list(asked):
                asked.pop(key, None)

    return change


def asking(
    id_: str, sid: str, operator: str, key: str, value: Any
) -> Callable[[Templates], object]:
    """A statement with another condition on a key."""

    def change(t: Templates) -> None:
        condition = t.statement(id_, sid)["Condition"]
        for asked in condition.values():
            asked.pop(key, None)
        condition.setdefault(operator, {})[key] = value

    return change


def state(id_: str, statement: Any) -> Callable[[Templates], object]:
    """One more statement in a policy."""

    def change(t: Templates) -> None:
        said = t.said(id_)
        name = "KeyPolicy" if "KeyPolicy" in said else "PolicyDocument"
        said[name]["Statement"].append(statement)

    return change


def target(id_: str, **parts: Any) -> Callable[[Templates], object]:
    return lambda t: t.said(id_)["Targets"][0].update(parts)


def more_target(id_: str, arn: str) -> Callable[[Templates], object]:
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


_MUTANTS: dict[str, dict[str, Callable[[Templates], object]]] = {
    "DX00": {
        "pipe": add("mailer", "AWS::Pipes::Pipe", Source=MAIL_QUEUE, Target=MAIL_QUEUE),
        "api destination": add("mailer", "AWS::Events::ApiDestination", HttpMethod="POST"),
        "resource share": add("central", "AWS::RAM::ResourceShare", ResourceArns=[CENTRAL_BUS]),
        "nested stack": add("mailer", "AWS::CloudFormation::Stack", TemplateURL="https://a"),
        "custom resource": add("mailer", "Custom::AWS", ServiceToken="a"),
        "archive": add("mailer", "AWS::Events::Archive", SourceArn=MAIL_BUS),
        "parameter": put("MailerRule", EventBusName={"Ref": "Bus"}),
        "condition": put("MailerRule", Targets={"Fn::If": ["A", [], []]}),
        "import": add_role("mailer", allow("sqs:SendMessage", {"Fn::ImportValue": "queue"})),
        "conditional": lambda t: t.mailer["MailerQueuePolicy"].update(Condition="Sometimes"),
        "macro": lambda t: t.documents["central"].update(Transform="AWS::Serverless-2016-10-31"),
        "loop of templates": lambda t: t.mailer.update({"Fn::ForEach::Queues": ["Name", [], {}]}),
        "scheduler": add_role("mailer", service="scheduler.amazonaws.com"),
        "mapping's destination": add(
            "mailer",
            "AWS::Lambda::EventSourceMapping",
            EventSourceArn=MAIL_QUEUE,
            DestinationConfig={"OnFailure": {"Destination": MAIL_QUEUE}},
        ),
    },
    "DX01": {
        "bus": alter(PUT_ID, PUT, Principal="*"),
        "accounts": alter(PUT_ID, PUT, Principal={"AWS": "*"}),
        "queue": alter("MailerQueuePolicy", "SendByRule", Principal={"AWS": ["*"]}),
        "NotPrincipal": state(
            "MailerQueuePolicy", allow("sqs:*", MAIL_QUEUE, NotPrincipal={"AWS": STRANGER})
        ),
        "pattern": alter(
            "MailerBusPolicy", "PutByDelivery", Principal={"AWS": "arn:aws:iam::*:root"}
        ),
        "older permission": add(
            "central", "AWS::Events::EventBusPolicy", EventBusName="small", Principal="*"
        ),
        "policy of the bus itself": put(
            "CentralBus",
            Policy={"Statement": [allow("events:PutEvents", CENTRAL_BUS, Principal="*")]},
        ),
        "function": add(
            "mailer", "AWS::Lambda::Permission", Action="lambda:InvokeFunction", Principal="*"
        ),
    },
    "DX02": {
        "missing": without(PUT_ID, PUT, "aws:PrincipalOrgID"),
        "another": asking(PUT_ID, PUT, "StringEquals", "aws:PrincipalOrgID", "o-other"),
        "loose": asking(PUT_ID, PUT, "StringLike", "aws:PrincipalOrgID", "o-*"),
        "if exists": asking(PUT_ID, PUT, "StringEqualsIfExists", "aws:PrincipalOrgID", "o-small1"),
        "subscriber's": without("MailerBusPolicy", "PutByDelivery", "aws:PrincipalOrgID"),
    },
    "DX03": {
        "stranger puts": alter(PUT_ID, PUT, Principal={"AWS": STRANGER}),
        "stranger receives": state(
            "MailerQueuePolicy", from_account(STRANGER, "sqs:ReceiveMessage", MAIL_QUEUE)
        ),
        "federated": alter(
            "MailerForwardRole", "AssumeByRule", Principal={"Federated": "arn:aws:iam::1:saml/a"}
        ),
        "stranger's key": state("MailerKey", from_account(STRANGER, "kms:Decrypt", "*")),
        "one more": alter(
            "MailerBusPolicy",
            "PutByDelivery",
            Principal={"AWS": [f"arn:aws:iam::{HUB}:root", STRANGER]},
        ),
    },
    "DX04": {
        "source missing": without(PUT_ID, PUT, "events:source"),
        "another's source": asking(PUT_ID, PUT, "StringEquals", "events:source", "key.access"),
        "loose source": asking(PUT_ID, PUT, "StringLike", "events:source", "key.*"),
        "all values": asking(
            PUT_ID, PUT, "ForAllValues:StringEquals", "events:source", "key.delivery"
        ),
        "another account's": alter(PUT_ID, PUT, Principal={"AWS": f"arn:aws:iam::{MAIL}:root"}),
        "role of the publisher": without(POLICY, "PutOnCentralBus", "events:source"),
        "role beside": add_role("publisher", allow("events:PutEvents", CENTRAL_BUS)),
    },
    "DX05": {
        "central rule": target(
            "MailerForwardRule", Arn=f"arn:aws:events:{REGION}:{STRANGER}:event-bus/a"
        ),
        "subscriber's rule": more_target(
            "MailerRule", f"arn:aws:lambda:{REGION}:{STRANGER}:function:a"
        ),
        "rule beside": add(
            "mailer",
            "AWS::Events::Rule",
            EventBusName="keybus-mailer",
            EventPattern={"source": ["a"]},
            Targets=[{"Id": "a", "Arn": f"arn:aws:sqs:{REGION}:{STRANGER}:a"}],
        ),
        "a role's": add_role(
            "mailer", allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{STRANGER}:a")
        ),
        "dead letters": put(
            "MailerQueue",
            RedrivePolicy={
                "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{STRANGER}:a",
                "maxReceiveCount": 1,
            },
        ),
    },
    "DX06": {
        "missing": drop("MailerForwardRule", "EventPattern"),
        "everything": put("MailerForwardRule", EventPattern={"source": [{"prefix": ""}]}),
        "one type more": more_types,
        "version": lambda t: t.said("MailerRule")["EventPattern"]["detail"].clear(),
        "open rule beside": add(
            "mailer",
            "AWS::Events::Rule",
            EventBusName="keybus-mailer",
            EventPattern={"account": [HUB]},
        ),
    },
    "DX07": {
        "central rule": lambda t: t.said("MailerForwardRule")["Targets"][0].pop("DeadLetterConfig"),
        "subscriber's rule": lambda t: t.said("MailerRule")["Targets"][0].pop("DeadLetterConfig"),
        "queue": drop("MailerQueue", "RedrivePolicy"),
        "bus": drop("MailerBus", "DeadLetterConfig"),
        "no queue for it": lose("mailer", "MailerUndelivered"),
    },
    "DX08": {
        "no policy": lose("mailer", "MailerUndeliveredPolicy"),
        "another sender": asking(
            "MailerForwardUndeliveredPolicy",
            "SendUndelivered",
            "StringEquals",
            "aws:SourceArn",
            f"arn:aws:events:{REGION}:{HUB}:rule/small/other",
        ),
        "another queue": target("MailerRule", DeadLetterConfig={"Arn": MAIL_QUEUE}),
        "no statement": lambda t: t.said("MailerUndeliveredPolicy")["PolicyDocument"][
            "Statement"
        ].pop(0),
        "no key": lambda t: t.said("MailerKey")["KeyPolicy"]["Statement"].pop(3),
    },
    "DX09": {
        "none": drop("MailerQueue", "KmsMasterKeyId"),
        "AWS's": put("MailerQueue", KmsMasterKeyId="alias/aws/sqs"),
        "another's": put(
            "CentralBus", KmsKeyIdentifier=f"arn:aws:kms:{REGION}:{MAIL}:key/00000000"
        ),
        "shared": state("MailerKey", from_account(DELIVERIES, "kms:Decrypt", "*")),
        "without TLS": lambda t: t.said("MailerQueuePolicy")["PolicyDocument"]["Statement"].pop(),
        "archive": drop("CentralArchive", "KmsKeyIdentifier"),
        "topic": put("MailerTopic", KmsMasterKeyId="alias/aws/sns"),
    },
    "DX10": {
        "topic": add("publisher", "AWS::SNS::Topic", TopicName="deliveries"),
        "queue": add("mailer", "AWS::SQS::Queue", QueueName="letters"),
        "topic to the queue": state("MailerQueuePolicy", sent_by("sns.amazonaws.com")),
        "another's queue": add_role("publisher", allow("sqs:SendMessage", MAIL_QUEUE)),
        "mixed case": add_role("publisher", allow("SQS:sendMESSAGE", MAIL_QUEUE)),
        "listener": add(
            "mailer",
            "AWS::SNS::Subscription",
            TopicArn=f"arn:aws:sns:{REGION}:{DELIVERIES}:deliveries",
            Protocol="sqs",
            Endpoint=MAIL_QUEUE,
        ),
        "function's failures": add(
            "mailer",
            "AWS::Lambda::Function",
            DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{DELIVERIES}:a"},
        ),
        "straight to a queue": more_target("MailerForwardRule", MAIL_QUEUE),
    },
    "DX11": {
        "back": more_target("MailerRule", CENTRAL_BUS),
        "itself": more_target("MailerForwardRule", CENTRAL_BUS),
        "third hop": more_target(
            "MailerRule", f"arn:aws:events:{REGION}:{DELIVERIES}:event-bus/default"
        ),
    },
    "DX12": {
        "no end": lambda t: t.said("MailerForwardRole")["Policies"][0]["PolicyDocument"][
            "Statement"
        ][0].pop("Condition"),
        "later": asking(
            "MailerForwardRole",
            "PutOnSubscribersBus",
            "DateLessThan",
            "aws:CurrentTime",
            "2099-01-01T00:00:00Z",
        ),
        "from then on": asking(
            "MailerForwardRole",
            "PutOnSubscribersBus",
            "DateGreaterThan",
            "aws:CurrentTime",
            "2028-02-01T00:00:00Z",
        ),
    },
    "DX13": {
        "any bus": alter(POLICY, "PutOnCentralBus", Resource="*"),
        "any action": alter("MailerConsumerPolicy", "ReceiveFromQueue", Action="sqs:*"),
        "NotAction": add_role("mailer", {**allow(None, "*"), "NotAction": "iam:*"}),
        "NotResource": add_role(
            "mailer", {"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": MAIL_QUEUE}
        ),
        "administrator": add_role(
            "mailer", ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
        ),
        "pass role": add_role("central", allow("iam:PassRole", f"arn:aws:iam::{HUB}:role/a")),
        "take role": add_role(
            "mailer", allow("STS:AssumeRole", f"arn:aws:iam::{HUB}:role/keybus-small-mailer")
        ),
        "another role": target("MailerForwardRule", RoleArn=f"arn:aws:iam::{HUB}:role/a"),
        "own account takes it": state_trust,
        "more on the role": add(
            "central",
            "AWS::IAM::Policy",
            PolicyName="a",
            Roles=[{"Ref": "MailerForwardRole"}],
            PolicyDocument={"Statement": [allow("xray:PutTraceSegments", "*")]},
        ),
    },
    "DX14": {
        "bus": alter(PUT_ID, PUT, Action=["events:PutEvents", "events:PutRule"]),
        "everything": alter(PUT_ID, PUT, Action="events:*"),
        "mixed case": alter(PUT_ID, PUT, Action="EVENTS:puttargets"),
        "a role": add_role("mailer", allow("events:PutRule", "*")),
        "NotAction": lambda t: t.said("MailerBusPolicy").update(
            Statement={
                "Effect": "Allow",
                "NotAction": "events:DeleteRule",
                "Principal": {"AWS": HUB},
                "Resource": MAIL_BUS,
            }
        ),
        "permission": add_role("central", allow("events:PutPermission", CENTRAL_BUS)),
    },
    "DX16": {
        "no role": without("MailerBusPolicy", "PutByDelivery", "aws:PrincipalArn"),
        "any role": asking(
            "MailerBusPolicy",
            "PutByDelivery",
            "ArnLike",
            "aws:PrincipalArn",
            f"arn:aws:iam::{HUB}:role/*",
        ),
        "a publisher": alter("MailerBusPolicy", "PutByDelivery", Principal={"AWS": DELIVERIES}),
        "a reader": state(
            "MailerQueuePolicy", from_account(DELIVERIES, "sqs:ReceiveMessage", MAIL_QUEUE)
        ),
        "own account": state("MailerQueuePolicy", from_account(MAIL, "sqs:*", MAIL_QUEUE)),
        "policy beside": add(
            "mailer",
            "AWS::SQS::QueuePolicy",
            Queues=[{"Ref": "MailerQueue"}],
            PolicyDocument={"Statement": [from_account(HUB, "sqs:SendMessage", MAIL_QUEUE)]},
        ),
        "dead letters of others": put(
            "MailerDeadLetters", RedriveAllowPolicy={"redrivePermission": "allowAll"}
        ),
    },
    "DX17": {
        "bus": add("mailer", "AWS::Events::EventBus", Name="shadow"),
        "default bus": add(
            "mailer", "AWS::Events::Rule", EventPattern={"source": ["key.delivery"]}, Targets=[]
        ),
        "moved to the default bus": put("MailerRule", EventBusName="default"),
        "renamed": put("CentralBus", Name="small-2"),
        "lost": lose("central", "MailerForwardRule"),
        "rewritten events": target("MailerRule", Input="{}"),
        "lost subscription": lambda t: t.mailer.clear(),
        "schema": put("CentralRegistry", RegistryName="other"),
    },
    "DX18": {
        "queue": without("MailerQueuePolicy", "SendByRule"),
        "another rule": asking(
            "MailerQueuePolicy",
            "SendByRule",
            "ArnLike",
            "aws:SourceArn",
            f"arn:aws:events:{REGION}:{MAIL}:rule/*",
        ),
        "trust": without("MailerForwardRole", "AssumeByRule", "aws:SourceArn"),
        "account": without("MailerQueuePolicy", "SendByRule", "aws:SourceAccount"),
        "key": without("MailerKey", "EncryptOnBus"),
        "events may send": state("MailerUndeliveredPolicy", sent_by("events.amazonaws.com")),
        "role beside": add_role("mailer", service="events.amazonaws.com"),
    },
}
