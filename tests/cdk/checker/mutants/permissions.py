"""What is allowed, of whom, and until when."""

from tests.cdk.checker.mutants.changes import (
    CENTRAL_BUS,
    MAIL_BUS,
    MAIL_QUEUE,
    POLICY,
    PUT,
    PUT_ID,
    Mutants,
    add,
    add_role,
    alter,
    asking,
    from_account,
    put,
    state,
    state_trust,
    target,
    without,
)
from tests.cdk.checker.templates import DELIVERIES, HUB, MAIL, allow

MUTANTS: Mutants = {
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
        "no role": without("MailerBusPolicy", "MailerPutByDelivery", "aws:PrincipalArn"),
        "any role": asking(
            "MailerBusPolicy",
            "MailerPutByDelivery",
            "ArnLike",
            "aws:PrincipalArn",
            f"arn:aws:iam::{HUB}:role/*",
        ),
        "a publisher": alter(
            "MailerBusPolicy", "MailerPutByDelivery", Principal={"AWS": DELIVERIES}
        ),
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
}
