"""What carries events, and where to."""

from tests.cdk.checker.mutants.changes import (
    CENTRAL_BUS,
    MAIL_BUS,
    MAIL_QUEUE,
    Mutants,
    add,
    add_role,
    lose,
    more_target,
    put,
    sent_by,
    state,
    target,
)
from tests.cdk.checker.templates import DELIVERIES, REGION, STRANGER, allow

MUTANTS: Mutants = {
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
}
