"""What stands beside the platform's: properties, names and roles that let events go further."""

import json
from typing import Any

from tests.cdk.checker.mutants.changes import (
    MAIL_QUEUE,
    Change,
    Mutants,
    add,
    add_role,
    add_stack,
    put,
)
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

FUNCTION = f"arn:aws:lambda:{REGION}:{MAIL}:function:a"


def function(**properties: Any) -> Change:
    return add("mailer", "AWS::Lambda::Function", **properties)


def callable_by(principal: str, **properties: Any) -> Change:
    said = {"Action": "lambda:InvokeFunction", "FunctionName": "a", **properties}
    return add("mailer", "AWS::Lambda::Permission", Principal=principal, **said)


def daily(**target: Any) -> Change:
    """A function that is called by the clock."""
    called = {"Id": "a", "Arn": FUNCTION, **target}
    return add("mailer", "AWS::Events::Rule", ScheduleExpression="rate(1 day)", Targets=[called])


def on_alarms(**properties: Any) -> Change:
    """One more who listens to the alarms."""
    said = {"TopicArn": {"Ref": "MailerTopic"}, "Protocol": "email", **properties}
    return add("mailer", "AWS::SNS::Subscription", **said)


def attached(**to: Any) -> Change:
    """The queue's consumers, attached to somebody."""
    statements = {"Statement": [allow("sqs:ReceiveMessage", MAIL_QUEUE)]}
    return add("mailer", "AWS::IAM::Policy", PolicyName="a", PolicyDocument=statements, **to)


def named_by(type_: str, **properties: Any) -> Change:
    """A role whose policy is named by another resource's own name."""
    policy = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/${Name}"}
    return lambda t: t.mailer.update(
        Name=resource(type_, **properties), Added=role(ManagedPolicyArns=[policy])
    )


def key_by_name(t: Templates) -> None:
    foreign = f"arn:aws:kms:{REGION}:{STRANGER}:key/a"
    t.mailer["Name"] = resource("AWS::CloudWatch::CompositeAlarm", AlarmName=foreign)
    t.mailer["Added"] = resource(
        "AWS::KMS::Alias", AliasName="alias/a", TargetKeyId={"Ref": "Name"}
    )


def by_stack(of: Any) -> Any:
    """What stands before a logical id in a made-up name: the stack's own name."""
    return {"Fn::Select": [0, {"Fn::Split": ["-Acting-", of]}]}


def acting_by_stack(t: Templates) -> None:
    acting = {"Fn::GetAtt": ["Acting", "Arn"]}
    t.mailer["Acting"] = role()
    t.mailer["Added"] = resource("AWS::Lambda::Function", Role=by_stack(acting))


def attached_by_stack(t: Templates) -> None:
    t.mailer["Acting"] = role()
    attached(Roles=[by_stack({"Ref": "Acting"})])(t)


def doubled(depth: int, last: str) -> Change:
    """Names that are twice another's, and so on: none that anybody could write down."""

    def change(t: Templates) -> None:
        for index in range(depth):
            twice = {"Fn::Sub": f"${{L{index + 1}}}${{L{index + 1}}}"}
            t.mailer[f"L{index}"] = resource("AWS::Logs::LogGroup", LogGroupName=twice)
        t.mailer[f"L{depth}"] = resource("AWS::Logs::LogGroup", LogGroupName=last)

    return change


MUTANTS: Mutants = {
    "DX00": {
        "dynamic reference": function(Role="{{resolve:ssm:/role}}"),
        "dynamic reference in parts": add(
            "mailer",
            "AWS::SSM::Parameter",
            Value={"Fn::Join": ["", ["{{res", "olve:ssm:/queue}}"]]},
        ),
        "include in a resource": lambda t: t.mailer["MailerQueuePolicy"].update(
            {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://a/b"}}}
        ),
        "hooks": lambda t: t.documents["central"].update(Hooks={}),
        "properties by another name": lambda t: t.mailer.update(
            Added={"Type": "AWS::Lambda::Function", "properties": {}}
        ),
        "properties are a reference": lambda t: t.mailer.update(
            Added={"Type": "AWS::Lambda::Function", "Properties": {"Ref": "AWS::Region"}}
        ),
        "no resources": lambda t: t.documents["central"].update(Resources=[]),
        "log group's findings": add(
            "mailer",
            "AWS::Logs::LogGroup",
            DataProtectionPolicy={"Statement": [{"Operation": {"Audit": {}}}]},
        ),
        "table's policy": add("mailer", "AWS::DynamoDB::Table", ResourcePolicy={}),
        "table's stream": add(
            "mailer", "AWS::DynamoDB::Table", KinesisStreamSpecification={"StreamArn": "a"}
        ),
        "stream's policy": add(
            "mailer", "AWS::DynamoDB::Table", StreamSpecification={"ResourcePolicy": "a"}
        ),
        "replica's policy": add(
            "mailer",
            "AWS::DynamoDB::GlobalTable",
            Replicas=[{"Region": REGION, "ResourcePolicy": {}}],
        ),
        "function's own failures": function(DeadLetterConfig={"TargetArn": MAIL_QUEUE}),
        "function's address": callable_by(MAIL, FunctionUrlAuthType="NONE"),
        "service network": add("mailer", "AWS::ECS::Service", VpcLatticeConfigurations=[]),
        "unknown property of a role": add_role("mailer", Carries="a"),
        "unknown property of a key": add("mailer", "AWS::KMS::Key", Carries="a"),
        "alarms' own failures": on_alarms(RedrivePolicy={"deadLetterTargetArn": MAIL_QUEUE}),
        "alarm that may not be there": lambda t: t.mailer["MailerWaitingAlarm"].update(
            Condition="Sometimes"
        ),
        "function in a role that is named as the stack": acting_by_stack,
        "policy on a role that is named as the stack": attached_by_stack,
        "names without end": doubled(40, "x"),
        "circle of names": lambda t: t.mailer.update(
            Added=resource("AWS::Logs::LogGroup", LogGroupName={"Ref": "Added"})
        ),
    },
    "DX03": {
        "caller with the account in its name": callable_by(f"arn:aws:iam::{STRANGER}:role/{MAIL}"),
    },
    "DX05": {
        "alarm of the platform's": put(
            "MailerWaitingAlarm", AlarmActions=[f"arn:aws:sns:{REGION}:{STRANGER}:a"]
        ),
        "widget": put(
            "MailerDashboard",
            DashboardBody=json.dumps({"endpoint": f"arn:aws:lambda:{REGION}:{STRANGER}:a"}),
        ),
        "widget in other characters": add(
            "mailer",
            "AWS::CloudWatch::Dashboard",
            DashboardBody='{"endpoint": "' + "".join(f"\\u{ord(e):04x}" for e in STRANGER) + '"}',
        ),
        "address of a queue": add(
            "mailer",
            "AWS::SSM::Parameter",
            Value=f"https://sqs.{REGION}.amazonaws.com/{STRANGER}/a",
        ),
        "part of an ARN": add(
            "mailer",
            "AWS::Lambda::EventSourceMapping",
            EventSourceArn=MAIL_QUEUE,
            FunctionName=f"{STRANGER}:function:a",
        ),
        "a number": callable_by(MAIL, SourceAccount=int(STRANGER)),
        "anybody's": add("mailer", "AWS::SSM::Parameter", Value=f"arn:aws:sqs:{REGION}:*:a"),
        "bucket": add("mailer", "AWS::SSM::Parameter", Value="arn:aws:s3:::strangers"),
        "listener's role": on_alarms(SubscriptionRoleArn=f"arn:aws:iam::{STRANGER}:role/a"),
    },
    "DX09": {
        "another's key by a name": key_by_name,
    },
    "DX10": {
        "alarm elsewhere": put(
            "MailerWaitingAlarm", AlarmActions=[f"arn:aws:sns:{REGION}:{DELIVERIES}:a"]
        ),
        "called by a topic": callable_by(
            "sns.amazonaws.com", SourceArn=f"arn:aws:sns:{REGION}:{MAIL}:a"
        ),
        "called by anybody's": callable_by("sns.amazonaws.com", SourceArn="*"),
        "called by every account's": callable_by(
            "events.amazonaws.com", SourceArn=f"arn:aws:events:{REGION}:*:rule/a"
        ),
        "alarms to the queue": on_alarms(Protocol="sqs", Endpoint=MAIL_QUEUE),
        "alarms to a stream": on_alarms(
            Protocol="firehose", Endpoint=f"arn:aws:firehose:{REGION}:{MAIL}:deliverystream/a"
        ),
        "own stream": add(
            "mailer", "AWS::SSM::Parameter", Value=f"arn:aws:kinesis:{REGION}:{MAIL}:stream/a"
        ),
    },
    "DX13": {
        "role of another team's": attached(Roles=["OrganizationAccountAccessRole"]),
        "users": attached(Users=["kim"]),
        "groups": attached(Groups=["everybody"]),
        "instances in a role": add("mailer", "AWS::IAM::InstanceProfile", Roles=["Administrator"]),
        "function in a role": function(Role=f"arn:aws:iam::{MAIL}:role/Administrator"),
        "task in a role": add(
            "mailer",
            "AWS::ECS::TaskDefinition",
            TaskRoleArn=f"arn:aws:iam::{MAIL}:role/Administrator",
        ),
        "task of another team's": add(
            "mailer", "AWS::ECS::Service", TaskDefinition="administrator:3"
        ),
        "task of another team's by its ARN": add(
            "mailer",
            "AWS::ECS::Service",
            TaskDefinition=f"arn:aws:ecs:{REGION}:{MAIL}:task-definition/administrator:3",
        ),
        "delivery role from elsewhere": add_stack(
            Added=resource(
                "AWS::IAM::Policy",
                PolicyName="a",
                Roles=["keybus-small-mailer"],
                PolicyDocument={"Statement": [allow("xray:PutTraceSegments", "*")]},
            )
        ),
        "policy by a stream's name": named_by(
            "AWS::Logs::LogStream", LogGroupName="a", LogStreamName="Administrators"
        ),
        "policy by a parameter's name": named_by("AWS::SSM::Parameter", Name="a", Value="b"),
        "policy like AWS's": add_role(
            "mailer",
            ManagedPolicyArns=["arn:a:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        ),
        "boundary": add_role(
            "mailer", PermissionsBoundary=f"arn:aws:iam::{STRANGER}:policy/boundary"
        ),
        "call of anything": callable_by(MAIL, Action="lambda:*"),
        "another partition": add_role(
            "mailer", allow("dynamodb:PutItem", f"arn:aws-cn:dynamodb:{REGION}:{MAIL}:table/a")
        ),
    },
    "DX17": {
        "failures of a call": daily(DeadLetterConfig={"Arn": f"arn:aws:sqs:{REGION}:{STRANGER}:a"}),
        "call in a role": daily(RoleArn=f"arn:aws:iam::{MAIL}:role/a"),
        "name of a role": add_stack(Added=role(RoleName="keybus-small-mailer")),
        "name of a role in capitals": add_stack(Added=role(RoleName="Keybus-Small-Mailer")),
        "name of a key": add_stack(
            Key=resource("AWS::KMS::Key"),
            Added=resource(
                "AWS::KMS::Alias", AliasName="alias/keybus/small", TargetKeyId={"Ref": "Key"}
            ),
        ),
        "name of an alarm": add(
            "mailer", "AWS::CloudWatch::Alarm", AlarmName="keybus-mailer-waiting"
        ),
        "name of an alarm for alarms of alarms": add(
            "mailer", "AWS::CloudWatch::CompositeAlarm", AlarmName="keybus-mailer-waiting"
        ),
        "the same stack twice": lambda t: t.documents.update(
            {"subscription/mailer#more": t.documents["subscription/mailer"]}
        ),
    },
    "DX18": {
        "called for anybody": callable_by("events.amazonaws.com"),
        "called by the hub's": callable_by("events.amazonaws.com", SourceAccount=HUB),
    },
}
