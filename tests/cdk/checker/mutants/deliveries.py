"""What a delivery lets through, where it fails, and how it is encrypted."""

from tests.cdk.checker.mutants.changes import (
    MAIL_QUEUE,
    Mutants,
    add,
    asking,
    drop,
    from_account,
    lose,
    more_types,
    put,
    state,
    target,
)
from tests.cdk.checker.templates import DELIVERIES, HUB, MAIL, REGION

MUTANTS: Mutants = {
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
}
