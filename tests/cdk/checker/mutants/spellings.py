"""Statements and lists that are written so that two readers may take them differently."""

from typing import Any

from tests.cdk.checker.mutants.changes import (
    CENTRAL_BUS,
    MAIL_QUEUE,
    PUT,
    PUT_ID,
    Change,
    Mutants,
    add,
    add_role,
    alter,
    asking,
    edit,
    put,
    state,
    target,
)
from tests.cdk.checker.templates import (
    HUB,
    MAIL,
    REGION,
    STRANGER,
    Templates,
    allow,
    resource,
    role,
)

OWN_ROOT = {"AWS": f"arn:aws:iam::{MAIL}:root"}
OPEN = {"Principal": "*", "Action": "sqs:*", "Resource": MAIL_QUEUE}
NO_VALUE = {"Ref": "AWS::NoValue"}
PLACEHOLDER = "${ AWS::AccountId }"
TABLE = f"arn:aws:dynamodb:{REGION}:{MAIL}:table/a"
ANYTHING = '"Action": "*", "Resource": "*"'


def key(**statement: Any) -> Change:
    """A team's own key, with a statement."""
    said = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", **statement}
    return add("mailer", "AWS::KMS::Key", KeyPolicy={"Statement": [said]})


def inline(policy: str) -> Change:
    """A role whose policy is a text."""
    named = {"PolicyName": "a", "PolicyDocument": policy}
    return lambda t: t.mailer.update(Added=role(Policies=[named]))


def nested(levels: int) -> Any:
    """A list in a list, and so on."""
    value: Any = "a"
    for _ in range(levels):
        value = [value]
    return value


def more_targets(more: Any) -> Change:
    return lambda t: t.said("MailerRule")["Targets"].append(more)


def target_twice(t: Templates) -> None:
    targets = t.said("MailerRule")["Targets"]
    targets.append(targets[0])


def on_table(resource_: Any) -> Change:
    """A role that writes a table, whose ARN is put together."""
    return add_role("mailer", allow("dynamodb:PutItem", resource_))


MUTANTS: Mutants = {
    "DX00": {
        "counted without a value": on_table({"Fn::Select": [1, [NO_VALUE, "*", TABLE]]}),
        "put together without a value": on_table({"Fn::Join": [":", ["arn", NO_VALUE, TABLE[4:]]]}),
        "counted in other digits": on_table({"Fn::Select": ["\uff11", ["*", TABLE]]}),
        "placeholder with spaces": on_table({"Fn::Sub": TABLE.replace(MAIL, PLACEHOLDER)}),
        "placeholder that is a text": on_table({"Fn::Sub": f"{TABLE}${{ !a}}"}),
        "account by another value": on_table(
            {"Fn::Sub": [TABLE.replace(MAIL, "${AWS::AccountId}"), {"AWS::AccountId": MAIL}]}
        ),
        "attribute by another value": on_table(
            {"Fn::Sub": ["${MailerQueue.Arn}", {"MailerQueue.Arn": TABLE}]}
        ),
        "effect is a list": add_role("mailer", {"Effect": ["Allow"], "Action": "*"}),
        "effect with a space": add_role("mailer", {"Effect": "Allow ", "Action": "*"}),
        "no JSON": inline(f'{{"Statement": [{{"Effect": "Allow", {ANYTHING}}},]}}'),
        "mark before JSON": inline(f'\ufeff{{"Statement": {{"Effect": "Allow", {ANYTHING}}}}}'),
        "action twice": inline(
            f'{{"Statement": {{"Effect": "Allow", {ANYTHING}, "Action": "xray:Put"}}}}'
        ),
        "too deep": inline('{"Statement": ' + "[" * 5_000 + "]" * 5_000 + "}"),
        "no trust": lambda t: t.mailer.update(Added=resource("AWS::IAM::Role")),
        "policies are no list": add_role("mailer", Policies={"PolicyDocument": {}}),
        "nested too deeply": add("mailer", "AWS::SSM::Parameter", Value=nested(300)),
    },
    "DX01": {
        "log policy lets everybody": edit(
            "CentralLogPolicy", '"Statement":[', '"Statement":[{"Effect":"Allow","Principal":"*"},'
        ),
        "account of any partition": alter(
            PUT_ID, PUT, Principal={"AWS": "arn:*:iam::111111111111:root"}
        ),
    },
    "DX02": {
        "any value": asking(
            PUT_ID, PUT, "ForAnyValue:StringEquals", "aws:PrincipalOrgID", "o-small1"
        ),
        "not another": asking(PUT_ID, PUT, "StringNotEquals", "aws:PrincipalOrgID", "o-other"),
        "only there": asking(PUT_ID, PUT, "Null", "aws:PrincipalOrgID", "false"),
        "and another in capitals": lambda t: t.statement(PUT_ID, PUT)["Condition"][
            "StringEquals"
        ].update({"AWS:PRINCIPALORGID": "o-other"}),
    },
    "DX03": {
        "canonical user": state(
            "MailerQueuePolicy", {**allow("sqs:*", MAIL_QUEUE), "Principal": {"CanonicalUser": "a"}}
        ),
        "kind in lower case": alter(PUT_ID, PUT, Principal={"aws": "111111111111"}),
        "trust that is a text": lambda t: t.mailer.update(
            Added=resource(
                "AWS::IAM::Role",
                AssumeRolePolicyDocument='{"Statement": [{"\\u0045ffect": "Allow", "Principal":'
                f' {{"AWS": "{STRANGER}"}}, "Action": "sts:AssumeRole"}}]}}',
            )
        ),
    },
    "DX08": {
        "another account's queue for failures": target(
            "MailerForwardRule", DeadLetterConfig={"Arn": f"arn:aws:sqs:{REGION}:{STRANGER}:a"}
        ),
    },
    "DX09": {
        "principal twice": key(Principal={"AWS": STRANGER}, principal=OWN_ROOT),
        "another partition's": key(Principal={"AWS": f"arn:aws-cn:iam::{MAIL}:root"}),
        "archive of another bus": put("CentralArchive", KmsKeyIdentifier="alias/aws/events"),
    },
    "DX13": {
        "allowed and denied": add_role(
            "mailer", {"Effect": "Allow", "effect": "Deny", "Action": "*", "Resource": "*"}
        ),
        "text with escapes": inline(f'{{"Statement": {{"\\u0045ffect": "Allow", {ANYTHING}}}}}'),
        "letter that looks alike": add_role(
            "mailer", allow("\u212ams:Decrypt", {"Fn::GetAtt": ["MailerKey", "Arn"]})
        ),
        "resource in every region": add_role(
            "mailer", allow("dynamodb:PutItem", f"arn:aws:dynamodb:*:{MAIL}:table/a")
        ),
        "action with a mark": add_role(
            "mailer", allow("dynamodb:?utItem", f"arn:aws:dynamodb:{REGION}:{MAIL}:table/a")
        ),
    },
    "DX16": {
        "another partition's hub": alter(
            "MailerBusPolicy",
            "MailerPutByDelivery",
            Principal={"AWS": f"arn:aws-cn:iam::{HUB}:root"},
        ),
    },
    "DX17": {
        "effect is a list": state("MailerQueuePolicy", {"Effect": ["Allow"], **OPEN}),
        "effect with a space": state("MailerQueuePolicy", {"Effect": "Allow ", **OPEN}),
        "older language": edit("CentralLogPolicy", "2012-10-17", "2008-10-17"),
        "more in a text": edit("CentralLogPolicy", '"Version":', '"Also":1,"Version":'),
        "a principal twice in a text": edit(
            "CentralLogPolicy", '"Principal":', '"Principal":"*","Principal":'
        ),
        "no target": more_targets(None),
        "targets in a target": more_targets([{"Id": "a", "Arn": CENTRAL_BUS}]),
        "target twice": target_twice,
        "archive of another bus": put("CentralArchive", SourceArn=f"{CENTRAL_BUS}-2"),
        "rule in a role": put("MailerRule", RoleArn=f"arn:aws:iam::{MAIL}:role/a"),
    },
}
