"""Clean templates of a small platform, and of a team's own things beside them."""

import copy
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from keybus.cdk import Deployment, stacks_of, template
from keybus.cdk.checker import Template, TemplateFinding, check_templates
from tests.cdk.platforms import deployed, subscribed

HUB, DELIVERIES, MAIL, STRANGER = "100000000000", "111111111111", "222222222222", "999999999999"
REGION = "eu-west-1"
Resources = dict[str, Any]


@cache
def small() -> Deployment:
    """A bus, one publisher, one subscription."""
    return deployed(subscribed())


@cache
def _clean() -> str:
    return json.dumps({each.name: template(each.resources) for each in stacks_of(small())})


class Templates:
    """The small platform's templates, to be changed."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = json.loads(_clean())

    @property
    def central(self) -> Resources:
        return self._of("central")

    @property
    def publisher(self) -> Resources:
        return self._of("publisher/key.delivery")

    @property
    def mailer(self) -> Resources:
        return self._of("subscription/mailer")

    def said(self, id_: str) -> Resources:
        """The properties of a resource, wherever it is."""
        [found] = [
            each["Resources"][id_] for each in self.documents.values() if id_ in each["Resources"]
        ]
        properties = found["Properties"]
        assert isinstance(properties, dict)
        return properties

    def statement(self, id_: str, sid: str) -> Resources:
        """A statement of a resource, by its id."""
        [found] = [each for each in _statements(self.said(id_)) if each.get("Sid") == sid]
        return found

    def read(self) -> tuple[Template, ...]:
        places = {each.name: (each.account, each.region) for each in stacks_of(small())}
        return tuple(
            Template(name, *places[name.partition("#")[0]], copy.deepcopy(document))
            for name, document in self.documents.items()
        )

    def findings(self) -> tuple[TemplateFinding, ...]:
        return check_templates(small(), self.read()).findings

    def _of(self, name: str) -> Resources:
        found = self.documents[name]["Resources"]
        assert isinstance(found, dict)
        return found


def _statements(value: Any) -> Iterable[Resources]:
    if isinstance(value, Mapping):
        if "Effect" in value:
            assert isinstance(value, dict)
            yield value
            return
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _statements(each)


def resource(type_: str, **properties: Any) -> Resources:
    return {"Type": type_, "Properties": properties}


def allow(action: Any, to: Any = None, **more: Any) -> Resources:
    """A statement that allows an action on a resource."""
    return {"Effect": "Allow", "Action": action, **({"Resource": to} if to else {}), **more}


def role(*statements: Resources, service: str = "lambda.amazonaws.com", **more: Any) -> Resources:
    """A role of a program."""
    trust = allow("sts:AssumeRole", Principal={"Service": service})
    inline = {"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}
    return resource(
        "AWS::IAM::Role",
        **{
            "AssumeRolePolicyDocument": {"Statement": [trust]},
            "Policies": [inline] if statements else [],
            **more,
        },
    )


def benign() -> Resources:
    """A function that consumes the queue, its table, its logs, and alarms of its own; and a task."""
    table = {"Fn::GetAtt": ["Letters", "Arn"]}
    queue = {"Fn::GetAtt": ["MailerQueue", "Arn"]}
    key = {"Fn::GetAtt": ["MailerKey", "Arn"]}
    consume = [
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueUrl",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ]
    basic = {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            ],
        ]
    }
    code = {"S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": "a.zip"}
    return {
        "Letters": resource("AWS::DynamoDB::Table", BillingMode="PAY_PER_REQUEST"),
        "Role": role(
            allow(["dynamodb:PutItem", "dynamodb:GetItem"], [table, {"Ref": "AWS::NoValue"}]),
            allow(consume, queue),
            allow("kms:Decrypt", key),
            allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
            ManagedPolicyArns=[
                basic,
                {"Ref": "MailerConsumerPolicy"},
                f"arn:aws:iam::{MAIL}:policy/reads-letters",
            ],
        ),
        "Reading": resource(
            "AWS::IAM::ManagedPolicy",
            ManagedPolicyName="reads-letters",
            PolicyDocument={"Statement": [allow("dynamodb:Query", table)]},
        ),
        "Handler": resource(
            "AWS::Lambda::Function",
            Code=code,
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Environment={"Variables": {"QUEUE": {"Ref": "MailerQueue"}}},
            VpcConfig={"SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}]},
        ),
        "Group": resource("AWS::EC2::SecurityGroup", GroupDescription="programs", VpcId="vpc-1"),
        "Release": resource("AWS::Lambda::Version", FunctionName={"Ref": "Handler"}),
        "Live": resource(
            "AWS::Lambda::Alias",
            Name="live",
            FunctionName={"Ref": "Handler"},
            FunctionVersion={"Fn::GetAtt": ["Release", "Version"]},
        ),
        "Archive": resource(
            "AWS::DynamoDB::GlobalTable", Replicas=[{"Region": REGION}], TableName="archive"
        ),
        "Where": resource("AWS::SSM::Parameter", Type="String", Value=queue),
        **_task(),
        "Mapping": resource(
            "AWS::Lambda::EventSourceMapping",
            EventSourceArn=queue,
            FunctionName={"Ref": "Handler"},
            FunctionResponseTypes=["ReportBatchItemFailures"],
            FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"account": [HUB]}})}]},
        ),
        "Logs": resource("AWS::Logs::LogGroup", LogGroupName="/mail/letters", RetentionInDays=30),
        "Errors": resource(
            "AWS::CloudWatch::Alarm",
            Namespace="AWS/Lambda",
            MetricName="Errors",
            AlarmActions=[{"Ref": "MailerTopic"}],
        ),
        "Mailbox": resource(
            "AWS::SNS::Subscription",
            TopicArn={"Ref": "MailerTopic"},
            Protocol="email",
            Endpoint="mail@example.com",
        ),
        "Telephone": resource(
            "AWS::SNS::Subscription",
            TopicArn={"Ref": "MailerTopic"},
            Protocol="sms",
            Endpoint="+999999999999",
        ),
        "Nightly": resource(
            "AWS::Events::Rule",
            Name="mailer",
            ScheduleExpression="rate(1 day)",
            Targets=[{"Id": "handler", "Arn": {"Fn::GetAtt": ["Handler", "Arn"]}}],
        ),
        "MayCall": resource(
            "AWS::Lambda::Permission",
            Action="lambda:InvokeFunction",
            FunctionName={"Ref": "Handler"},
            Principal="events.amazonaws.com",
            SourceArn={"Fn::GetAtt": ["Nightly", "Arn"]},
        ),
        "CDKMetadata": resource("AWS::CDK::Metadata", Analytics="v2"),
    }


def _task() -> Resources:
    """A task in a container, as many of it as the queue needs."""
    image = f"arn:aws:ecr:{REGION}:{MAIL}:repository/letters"
    acting = {"Fn::GetAtt": ["TaskRole", "Arn"]}
    service = {"Fn::GetAtt": ["Service", "Name"]}
    resource_id = {"Fn::Join": ["/", ["service", {"Ref": "Cluster"}, service]]}
    return {
        "TaskRole": role(
            allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], image),
            allow("ecr:GetAuthorizationToken", "*"),
            allow(
                ["ssm:DescribeParameters", "ssm:GetParameters"],
                f"arn:aws:ssm:{REGION}:{MAIL}:parameter/a",
            ),
            service="ecs-tasks.amazonaws.com",
        ),
        "Cluster": resource("AWS::ECS::Cluster"),
        "Task": resource(
            "AWS::ECS::TaskDefinition",
            ContainerDefinitions=[{"Image": "999999999999.dkr.ecr.eu-west-1.amazonaws.com/a"}],
            ExecutionRoleArn=acting,
            TaskRoleArn=acting,
        ),
        "Service": resource(
            "AWS::ECS::Service", Cluster={"Ref": "Cluster"}, TaskDefinition={"Ref": "Task"}
        ),
        "Count": resource(
            "AWS::ApplicationAutoScaling::ScalableTarget", MaxCapacity=3, ResourceId=resource_id
        ),
        "More": resource(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            PolicyType="StepScaling",
            ScalingTargetId={"Ref": "Count"},
        ),
        "Deep": resource("AWS::CloudWatch::Alarm", MetricName="a", AlarmActions=[{"Ref": "More"}]),
    }
