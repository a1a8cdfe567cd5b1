"""Who is let in, and on what condition."""

from tests.cdk.checker.mutants.changes import (
    CENTRAL_BUS,
    MAIL_QUEUE,
    PUT,
    PUT_ID,
    Mutants,
    add,
    add_role,
    alter,
    asking,
    from_account,
    put,
    sent_by,
    state,
    without,
)
from tests.cdk.checker.templates import HUB, MAIL, REGION, STRANGER, allow

MUTANTS: Mutants = {
    "DX01": {
        "bus": alter(PUT_ID, PUT, Principal="*"),
        "accounts": alter(PUT_ID, PUT, Principal={"AWS": "*"}),
        "queue": alter("MailerQueuePolicy", "SendByRule", Principal={"AWS": ["*"]}),
        "NotPrincipal": state(
            "MailerQueuePolicy", allow("sqs:*", MAIL_QUEUE, NotPrincipal={"AWS": STRANGER})
        ),
        "pattern": alter(
            "MailerBusPolicy", "MailerPutByDelivery", Principal={"AWS": "arn:aws:iam::*:root"}
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
        "subscriber's": without("MailerBusPolicy", "MailerPutByDelivery", "aws:PrincipalOrgID"),
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
            "MailerPutByDelivery",
            Principal={"AWS": [f"arn:aws:iam::{HUB}:root", STRANGER]},
        ),
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
