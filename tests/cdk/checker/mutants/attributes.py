"""What is written around properties, or where no property is judged: macros, and what stays."""

from typing import Any

from tests.cdk.checker.mutants.changes import PUT_ID, Change, Mutants, add, put
from tests.cdk.checker.templates import Templates

MACRO = {"Fn::Transform": {"Name": "Rewritten", "Parameters": {}}}


def staying(id_: str, **attributes: str) -> Change:
    """A generated resource that outlives its place in the template."""

    def change(t: Templates) -> None:
        [found] = [each["Resources"] for each in t.documents.values() if id_ in each["Resources"]]
        found[id_].update(attributes)

    return change


def section(name: str, value: Any) -> Change:
    return lambda t: t.documents["central"].update({name: value})


MUTANTS: Mutants = {
    "DX00": {
        "macro in a resource's metadata": lambda t: t.mailer["MailerRule"].update(Metadata=MACRO),
        "macro in metadata": section("Metadata", MACRO),
        "macro in outputs": section("Outputs", MACRO),
        "macro in conditions": section("Conditions", MACRO),
        "macro in mappings": section("Mappings", {"Regions": MACRO}),
        "macro in parameters": section("Parameters", MACRO),
        "macro in rules": section("Rules", {"Rule": [MACRO]}),
        "macro in code": add("mailer", "AWS::Lambda::Function", Code=MACRO),
        "macro in an environment": add(
            "mailer", "AWS::Lambda::Function", Environment={"Variables": MACRO}
        ),
        "macro in tags": add("mailer", "AWS::Logs::LogGroup", Tags=[MACRO]),
        "macro in containers": add(
            "mailer", "AWS::ECS::TaskDefinition", ContainerDefinitions=[MACRO]
        ),
        "macro in an alarm's words": put("MailerWaitingAlarm", AlarmDescription=MACRO),
    },
    "DX17": {
        "rule stays": staying("MailerForwardRule", DeletionPolicy="Retain"),
        "role stays": staying("MailerForwardRole", DeletionPolicy="RetainExceptOnCreate"),
        "replaced role stays": staying("MailerForwardRole", UpdateReplacePolicy="Retain"),
        "permission stays": staying(PUT_ID, DeletionPolicy="Retain"),
        "bus's policy stays": staying("MailerBusPolicy", UpdateReplacePolicy="Retain"),
        "queue's policy stays": staying("MailerQueuePolicy", DeletionPolicy="Retain"),
        "publisher's policy stays": staying(
            "KeyDelivery20e88766PublisherPolicy", DeletionPolicy="Retain"
        ),
    },
}
