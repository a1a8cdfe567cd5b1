"""A resource of CloudFormation as plain data."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

Statement: TypeAlias = dict[str, Any]
"""A policy statement, as IAM has it."""
Reference: TypeAlias = dict[str, Any]
"""What CloudFormation fills in: ``{"Ref": …}`` or ``{"Fn::GetAtt": […]}``."""


class Resource(msgspec.Struct, frozen=True):
    """A resource.

    Attributes:
        id: Its logical id in the template: letters and digits.
        type: Such as ``AWS::SQS::Queue``.
        properties: Its properties, under their own names.
        after: Ids of the resources that have to stand before it.
        kept: Whether it outlives its stack, since what it holds cannot be made again.
    """

    id: str
    type: str
    properties: Mapping[str, Any]
    after: tuple[str, ...] = ()
    kept: bool = False

    @property
    def arn(self) -> Reference:
        """Its ARN, for another resource of the same template."""
        return {"Fn::GetAtt": [self.id, "Arn"]}


OPEN: Final[Mapping[str, frozenset[str]]] = {
    "AWS::CloudWatch::Alarm": frozenset(
        {
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "EvaluationPeriods",
            "InsufficientDataActions",
            "OKActions",
            "Period",
            "Tags",
            "Threshold",
            "TreatMissingData",
        }
    ),
    "AWS::CloudWatch::Dashboard": frozenset({"DashboardBody"}),
    "AWS::Events::Archive": frozenset({"Description", "RetentionDays"}),
    "AWS::Events::EventBus": frozenset({"Description", "LogConfig", "Tags"}),
    "AWS::Events::Rule": frozenset({"Description", "State", "Tags"}),
    "AWS::EventSchemas::Registry": frozenset({"Description", "Tags"}),
    "AWS::EventSchemas::Schema": frozenset({"Description", "Tags"}),
    "AWS::IAM::ManagedPolicy": frozenset({"Description"}),
    "AWS::IAM::Role": frozenset({"Description", "MaxSessionDuration", "Tags"}),
    "AWS::KMS::Key": frozenset({"Description", "PendingWindowInDays", "Tags"}),
    "AWS::Logs::LogGroup": frozenset({"RetentionInDays", "Tags"}),
    "AWS::SNS::Topic": frozenset({"DisplayName", "Tags"}),
    "AWS::SQS::Queue": frozenset(
        {
            "DelaySeconds",
            "KmsDataKeyReusePeriodSeconds",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "Tags",
            "VisibilityTimeout",
        }
    ),
}
"""The properties that are no policy, and that an app may set as it likes; all others follow from
the platform."""

_RETAINED: Final = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def policy(*statements: Statement) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def template(resources: Iterable[Resource], description: str = "") -> dict[str, Any]:
    """A CloudFormation template of resources."""
    found = {
        each.id: {
            "Type": each.type,
            "Properties": dict(each.properties),
            **({"DependsOn": list(each.after)} if each.after else {}),
            **(_RETAINED if each.kept else {}),
        }
        for each in resources
    }
    head = {"AWSTemplateFormatVersion": "2010-09-09"}
    return {**head, **({"Description": description} if description else {}), "Resources": found}
