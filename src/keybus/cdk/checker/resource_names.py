"""How the types of a template are named, and what their references come to.

Source: AWS CloudFormation template reference, each type's return values.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Named(NamedTuple):
    """How a type's names are made.

    Attributes:
        name: The property that holds it; empty where AWS makes it up.
        service: The ARN's service; iam's stand in no region.
        resource: The ARN's last part; empty where the type has none.
        refers: Whether ``Ref`` is the ARN.
        made_up: Attributes that only a deployment knows, and that no template chooses.
    """

    name: str = ""
    service: str = ""
    resource: str = ""
    refers: bool = False
    made_up: frozenset[str] = frozenset()


_GROUP: Final = frozenset({"GroupId", "Id"})
_TABLE: Final = frozenset({"TableId"})
TYPES: Final[Mapping[str, Named]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Named(made_up=frozenset({"Id"})),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Named(made_up=frozenset({"Arn"})),
    "AWS::CDK::Metadata": Named(),
    "AWS::CloudWatch::Alarm": Named("AlarmName", "cloudwatch", "alarm:{}"),
    "AWS::CloudWatch::CompositeAlarm": Named("AlarmName", "cloudwatch", "alarm:{}"),
    "AWS::CloudWatch::Dashboard": Named("DashboardName"),
    "AWS::DynamoDB::GlobalTable": Named("TableName", "dynamodb", "table/{}", made_up=_TABLE),
    "AWS::DynamoDB::Table": Named("TableName", "dynamodb", "table/{}", made_up=_TABLE),
    "AWS::EC2::SecurityGroup": Named(made_up=_GROUP),
    "AWS::EC2::SecurityGroupEgress": Named(),
    "AWS::EC2::SecurityGroupIngress": Named(),
    "AWS::ECS::Cluster": Named("ClusterName", "ecs", "cluster/{}"),
    "AWS::ECS::Service": Named("", "ecs", "service/{}", refers=True, made_up=frozenset({"Name"})),
    "AWS::ECS::TaskDefinition": Named("", "ecs", "task-definition/{}", refers=True),
    "AWS::EventSchemas::Registry": Named("RegistryName"),
    "AWS::EventSchemas::Schema": Named("SchemaName"),
    "AWS::Events::Archive": Named("ArchiveName", "events", "archive/{}"),
    "AWS::Events::EventBus": Named("Name", "events", "event-bus/{}"),
    "AWS::Events::Rule": Named("Name", "events", "rule/{}"),
    "AWS::IAM::InstanceProfile": Named("InstanceProfileName", "iam", "instance-profile/{}"),
    "AWS::IAM::ManagedPolicy": Named("ManagedPolicyName", "iam", "policy/{}", refers=True),
    "AWS::IAM::Policy": Named(),
    "AWS::IAM::Role": Named("RoleName", "iam", "role/{}", made_up=frozenset({"RoleId"})),
    "AWS::KMS::Alias": Named("AliasName"),
    "AWS::KMS::Key": Named("", "kms", "key/{}"),
    "AWS::Lambda::Alias": Named("", "lambda", "function:{}", refers=True),
    "AWS::Lambda::EventSourceMapping": Named(),
    "AWS::Lambda::Function": Named("FunctionName", "lambda", "function:{}"),
    "AWS::Lambda::LayerVersion": Named("", "lambda", "layer:{}", refers=True),
    "AWS::Lambda::Permission": Named(),
    "AWS::Lambda::Version": Named(
        "", "lambda", "function:{}", refers=True, made_up=frozenset({"Version"})
    ),
    "AWS::Logs::Delivery": Named(),
    "AWS::Logs::DeliveryDestination": Named("Name", "logs", "delivery-destination:{}"),
    "AWS::Logs::DeliverySource": Named("Name", "logs", "delivery-source:{}"),
    "AWS::Logs::LogGroup": Named("LogGroupName", "logs", "log-group:{}:*"),
    "AWS::Logs::LogStream": Named("LogStreamName"),
    "AWS::Logs::MetricFilter": Named("FilterName"),
    "AWS::SNS::Topic": Named("TopicName", "sns", "{}", refers=True),
    "AWS::SQS::Queue": Named("QueueName", "sqs", "{}"),
    "AWS::SSM::Parameter": Named("Name"),
}
"""The types that are modelled and may be referred to."""
NAMES: Final = frozenset({"AliasName", "KeyId", "Name", "QueueName", "TableName", "TopicName"})
"""Attributes that are a resource's name."""
ARNS: Final = frozenset({"Arn", "PolicyArn", "ServiceArn", "TopicArn"})
"""Attributes that are its ARN."""
