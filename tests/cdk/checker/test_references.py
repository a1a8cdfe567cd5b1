"""References in templates, filled in where the template alone says what they are."""

from typing import Any

import pytest

from keybus.cdk.checker import Template
from keybus.cdk.checker.literals import Literals, Unresolvable
from tests.cdk.checker.mutants.spellings import nested
from tests.cdk.checker.templates import resource

DOCUMENT = {
    "Resources": {
        "Queue": resource("AWS::SQS::Queue", QueueName={"Fn::Sub": "q-${AWS::Region}"}),
        "Key": resource("AWS::KMS::Key"),
        "Topic": resource("AWS::SNS::Topic", TopicName="t"),
        "Rule": resource("AWS::Events::Rule", Name="r", EventBusName="b"),
        "Role": resource("AWS::IAM::Role", RoleName="n", Path="/p/"),
        "Table": resource("AWS::DynamoDB::Table"),
        "Group": resource("AWS::EC2::SecurityGroup"),
        "Release": resource("AWS::Lambda::Version"),
        "Unnamed": resource("AWS::SQS::Queue", QueueName={"Ref": "AWS::NoValue"}),
        "Letter": resource("AWS::SSM::Parameter", Name="admin"),
        "Foreign": resource("Custom::Thing"),
        "Long": resource("AWS::SQS::Queue", QueueName="x" * 1000),
        "Longer": resource("AWS::SQS::Queue", QueueName={"Fn::Sub": "${Long.QueueName}" * 300}),
        "Circle": resource("AWS::SQS::Queue", QueueName={"Fn::GetAtt": ["Circle", "QueueName"]}),
    }
}
LITERALS = Literals(Template("t", "111111111111", "eu-west-1", DOCUMENT))
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:q-eu-west-1"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ({"Fn::GetAtt": ["Queue", "Arn"]}, QUEUE),
        ({"Fn::GetAtt": "Queue.Arn"}, QUEUE),
        ({"Ref": "Queue"}, "https://sqs.eu-west-1.amazonaws.com/111111111111/q-eu-west-1"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "arn:aws:kms:eu-west-1:111111111111:key/⟨Key⟩"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-west-1:111111111111:t"),
        ({"Fn::GetAtt": ["Rule", "Arn"]}, "arn:aws:events:eu-west-1:111111111111:rule/b/r"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, "arn:aws:iam::111111111111:role/p/n"),
        ({"Ref": "AWS::AccountId"}, "111111111111"),
        ({"Fn::Join": [":", ["a", {"Ref": "AWS::Partition"}]]}, "a:aws"),
        ({"Fn::Sub": ["${!a} ${b} ${Queue.Arn}", {"b": "c"}]}, f"${{a}} c {QUEUE}"),
        ({"Fn::Select": ["1", {"Fn::Split": ["-", "a-b"]}]}, "b"),
        ({"Fn::GetAtt": ["Group", "GroupId"]}, "⟨Group.GroupId⟩"),
        ({"Fn::GetAtt": ["Release", "Version"]}, "⟨Release.Version⟩"),
        ({"Fn::GetAtt": ["Unnamed", "QueueName"]}, "⟨Unnamed⟩"),
        ({"Ref": "Letter"}, "admin"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::GetAtt": ["Role", "Arn"]}]}]}, "p"),
        ({"Fn::Select": [4, {"Fn::Split": [":", {"Fn::GetAtt": ["Key", "Arn"]}]}]}, "111111111111"),
        ([{"Ref": "AWS::NoValue"}, "a"], ["a"]),
        ({"a": {"Ref": "AWS::NoValue"}}, {}),
    ],
)
def test_what_the_template_says(value: Any, literal: Any) -> None:
    assert LITERALS.of(value) == literal


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::If": ["a", "b", "c"]},
        {"Fn::ImportValue": "a"},
        {"Fn::FindInMap": ["a", "b", "c"]},
        {"Ref": "Parameter"},
        {"Ref": "AWS::StackName"},
        {"Ref": ["a"]},
        {"Ref": "Queue", "Fn::Sub": "a"},
        {"Fn::GetAtt": ["Queue"]},
        {"Fn::GetAtt": ["Table", "Other"]},
        {"Fn::GetAtt": ["Circle", "Arn"]},
        {"Fn::Join": ["", {"Ref": "Queue"}]},
        {"Fn::Join": ["", [{"a": "b"}]]},
        {"Fn::Sub": 1},
        {"Fn::Sub": "${Nowhere}"},
        {"Fn::Select": [9, ["a"]]},
        {"Fn::Split": ["", "a"]},
        {"Fn::Split": ["/", {"Fn::GetAtt": ["Key", "Arn"]}]},
        {"Fn::Join": ["", ["a", {"Ref": "AWS::NoValue"}]]},
        {"Ref": "Foreign"},
        {"Fn::GetAtt": ["Foreign", "Name"]},
        {"Fn::GetAtt": ["Group", "Arn"]},
        {"Fn::GetAtt": ["Longer", "Arn"]},
        "{{resolve:ssm:/a}}",
        {"Fn::Join": ["", ["{{res", "olve:ssm:/a}}"]]},
        {"Fn::Sub": ["{{${a}:ssm:/a}}", {"a": "resolve"}]},
        nested(300),
        "arn:aws:kms:eu-west-1:111111111111:key/⟨Key⟩",
    ],
)
def test_what_only_a_deployment_knows(value: Any) -> None:
    with pytest.raises(Unresolvable) as caught:
        LITERALS.of({"a": [value]})
    assert caught.value.pointer.startswith("/a/0")
