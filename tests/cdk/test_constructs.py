"""The constructs: what they synthesize is what the plain core says, and nothing else gets past."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from keybus.cdk import NotDeclared, Stack, stacks_of, template
from tests.cdk.platforms import (
    EXAMPLE,
    LEFT_OUT,
    MISSING,
    REGION,
    deployed,
    documented,
    example,
    subscribed,
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.timeout(300),
]
EVENTS = ["delivery.completed@1"]


@pytest.fixture(scope="module", autouse=True)
def apps() -> ModuleType:
    from tests.cdk import apps as made  # noqa: PLC0415 - it takes seconds, and Node

    return made


@pytest.fixture(scope="module")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example's app writes, run as `cdk synth` runs it."""
    return synthesis(tmp_path_factory.mktemp("cdk") / "out")


def test_the_examples_templates_are_the_plain_resources(synthesized: Path) -> None:
    core = {each.name: each for each in stacks_of(example())}
    for stack, name in (
        ("platform", "central"),
        ("deliveries", "publisher/key.delivery"),
        ("finance", "subscription/billing"),
    ):
        found = json.loads((synthesized / f"{stack}.template.json").read_text())["Resources"]
        found.pop("CDKMetadata", None)
        assert plain(found) == resources_of(core[name])


def test_the_templates_are_the_same_bytes_every_time(synthesized: Path, tmp_path: Path) -> None:
    again = synthesis(tmp_path / "out", PYTHONHASHSEED="7")
    templates = sorted(synthesized.glob("*.template.json"))
    assert len(templates) == 3
    for template_ in templates:
        assert template_.read_bytes() == (again / template_.name).read_bytes()


def test_the_native_validation_of_cloudformation_finds_nothing(synthesized: Path) -> None:
    report = json.loads((synthesized / "validation-report.json").read_text())
    assert report["pluginReports"] == []


def test_cfn_lint_finds_nothing(synthesized: Path) -> None:
    templates = sorted(synthesized.glob("*.template.json"))
    assert len(templates) == 3
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", REGION, "--template", *templates],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_whole_platform_stands_in_one_app_without_references_between_stacks(
    apps: ModuleType,
) -> None:
    made = apps.whole(example())
    assembly = made.synth()
    assert len(assembly.stacks) == 12
    assert not any("Fn::ImportValue" in json.dumps(stack.template) for stack in assembly.stacks)
    written = json.loads((Path(assembly.directory) / "manifest.json").read_text())["artifacts"]
    stacks = {name for name, each in written.items() if each["type"].endswith(":stack")}
    assert not any(stacks & set(written[each].get("dependencies", [])) for each in stacks)


@pytest.mark.parametrize(
    "context",
    [
        {"folder": str(EXAMPLE), "region": REGION, "leave_out": list(LEFT_OUT)},
        {"folder": str(EXAMPLE), "region": REGION, "leave_out": list(LEFT_OUT), "regions": {}},
    ],
)
def test_five_lines_find_the_platform_in_the_context(
    apps: ModuleType, context: dict[str, Any]
) -> None:
    app = apps.app({"keybus:platform": context})
    subscription = apps.Subscription(
        apps.stack(app, "555555555555"),
        "Billing",
        name="billing",
        application=apps.Application(account="finance", region=REGION),
    )
    assert subscription.deployment.central.region == REGION
    [*_, billing] = stacks_of(example())
    assert plain(apps.resources(app, "555555555555")) == resources_of(billing)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": "mailr"}, "did you mean 'mailer'"),
        ({"events": ["delivery.failed@1"]}, "asks for delivery.failed@1 here, and the platform"),
        ({"events": []}, "asks for none here"),
        ({"filter": {"source": ["key.delivery"]}}, "another filter"),
        ({"application": ("333333333333", REGION)}, "is of mail .222222222222., not 333333333333"),
        ({"application": ("mail", "us-east-1")}, "is in us-east-1 here"),
    ],
)
def test_a_subscription_that_the_platform_declares_otherwise(
    apps: ModuleType, said: dict[str, Any], message: str
) -> None:
    if "application" in said:
        account, region = said["application"]
        said = {"application": apps.Application(account=account, region=region)}
    keys = {"name": "mailer", "events": EVENTS, "platform": deployed(subscribed())} | said
    with pytest.raises(NotDeclared, match=message):
        apps.Subscription(apps.stack(apps.app()), "Mailer", **keys)


def test_stacks_that_stand_elsewhere(apps: ModuleType) -> None:
    deployment = deployed(subscribed())
    app = apps.app()
    with pytest.raises(NotDeclared, match=r"in the account 111111111111 \(deliveries\), not"):
        apps.Subscription(apps.stack(app, apps.DELIVERIES), "A", name="mailer", platform=deployment)
    stack = apps.stack(app, apps.MAIL, "us-east-1")
    with pytest.raises(NotDeclared, match="is in us-east-1, and the platform has it in eu-west-1"):
        apps.Subscription(stack, "B", name="mailer", platform=deployment)
    with pytest.raises(NotDeclared, match="does not say its account"):
        apps.Subscription(apps.nowhere(app), "C", name="mailer", platform=deployment)
    with pytest.raises(NotDeclared, match=r"not 100000000000 \(hub\)"):
        apps.CentralBus(apps.stack(app), "D", platform=deployment)
    with pytest.raises(NotDeclared, match=r"not 111111111111 \(deliveries\)"):
        apps.Publisher(apps.stack(app, apps.HUB), "E", name="key.delivery", platform=deployment)


def test_a_bus_in_another_region_than_the_declared_one(apps: ModuleType) -> None:
    stack = apps.stack(apps.app(), apps.HUB, "us-east-1")
    with pytest.raises(NotDeclared, match="is in us-east-1, and the platform has it in eu-west-1"):
        apps.CentralBus(stack, "Bus", platform=subscribed().declaration())


@pytest.mark.parametrize("context", [None, 3, {"folder": "x", "regoin": "y"}, {}])
def test_no_platform_that_could_be_found(apps: ModuleType, context: Any) -> None:
    app = apps.app({} if context is None else {"keybus:platform": context})
    with pytest.raises(NotDeclared, match=r"App\(context=…\) 'keybus:platform'"):
        apps.Subscription(apps.stack(app), "Mailer", name="mailer")


def test_several_platforms_in_an_app_have_to_be_told_apart(apps: ModuleType) -> None:
    app, deployment = apps.app(), deployed(subscribed())
    hub = apps.stack(app, apps.HUB)
    apps.CentralBus(hub, "Bus", platform=deployment)
    second = msgspec.structs.replace(deployment.platform, bus="second")
    other = msgspec.structs.replace(deployment, platform=second, region="us-east-1")
    apps.CentralBus(apps.stack(app, apps.HUB, "us-east-1"), "Bus", platform=other)
    stack = apps.stack(app)
    with pytest.raises(NotDeclared, match="small in eu-west-1, second in us-east-1"):
        apps.Subscription(stack, "Mailer", name="mailer")
    apps.Subscription(stack, "Told", name="mailer", platform=deployment)


def test_one_platform_told_twice_is_one(apps: ModuleType) -> None:
    context = {"folder": str(EXAMPLE), "region": REGION, "leave_out": list(LEFT_OUT)}
    app = apps.app({"keybus:platform": context})
    apps.Subscription(apps.stack(app, "555555555555"), "Billing", name="billing")
    apps.CentralBus(apps.stack(app, apps.HUB), "Bus", platform=EXAMPLE, leave_out=LEFT_OUT)
    apps.Subscription(apps.stack(app, "777777777777"), "Audit", name="audit")


def test_nothing_is_made_twice_in_an_app(apps: ModuleType) -> None:
    app, deployment = apps.app(), deployed(subscribed())
    mail = apps.stack(app)
    apps.Subscription(mail, "Mailer", name="mailer", platform=deployment)
    for stack in (mail, apps.another(app)):
        with pytest.raises(NotDeclared, match="stack-222222222222-eu-west-1/Mailer' would both"):
            apps.Subscription(stack, "Again", name="mailer", platform=deployment)
    apps.CentralBus(apps.stack(app, apps.HUB), "Bus", platform=deployment)
    elsewhere = deployed(subscribed(), region="us-east-1")
    stack = apps.stack(app, apps.HUB, "us-east-1")
    with pytest.raises(NotDeclared, match="AWS::IAM::Role 'keybus-small-mailer' of 100000000000"):
        apps.CentralBus(stack, "Bus", platform=elsewhere)


def test_a_subscription_in_a_nested_stack_and_in_a_stage(apps: ModuleType) -> None:
    for stack in (apps.nested(apps.app()), apps.staged(apps.app())):
        made = apps.Subscription(stack, "Mailer", name="mailer", platform=deployed(subscribed()))
        found = apps.template_of(made)["Resources"]
        [*_, mailer] = stacks_of(deployed(subscribed()))
        assert plain(found) == resources_of(mailer)


def test_what_is_open_can_be_overridden_and_the_rest_cannot(apps: ModuleType) -> None:
    app = apps.app()
    subscription = apps.Subscription(
        apps.stack(app),
        "Mailer",
        name="mailer",
        platform=deployed(subscribed()),
        visibility_timeout=90,
        receive_wait=5,
    )
    exec(documented()["options"], {"subscription": subscription})
    subscription.override("Queue", "DelaySeconds", 3)
    node = subscription.node
    node.find_child("MailerQueue").add_property_override("MessageRetentionPeriod", 3600)
    node.find_child("MailerQueue").add_override("Properties.KmsDataKeyReusePeriodSeconds", 60)
    with pytest.raises(NotDeclared, match="open are: DelaySeconds"):
        subscription.override("Queue", "KmsMasterKeyId", "alias/aws/sqs")
    with pytest.raises(NotDeclared, match="change the platform"):
        subscription.override("QueuePolicy", "PolicyDocument", {})
    with pytest.raises(NotDeclared, match="did you mean 'Queue'"):
        subscription.override("Queu", "DelaySeconds", 3)
    for path in ("Properties.PolicyDocument", "Type", "DependsOn"):
        with pytest.raises(NotDeclared):
            node.find_child("MailerQueuePolicy").add_override(path, "x")
    with pytest.raises(NotDeclared):
        node.find_child("MailerQueue").add_property_deletion_override("RedrivePolicy")
    with pytest.raises(NotDeclared):
        node.find_child("MailerRule").add_deletion_override("Properties.EventPattern")
    found = apps.resources(app)
    assert found["MailerWaitingAlarm"]["Properties"]["Threshold"] == 500
    queue = found["MailerQueue"]["Properties"]
    names = ("VisibilityTimeout", "ReceiveMessageWaitTimeSeconds", "DelaySeconds")
    assert [queue[name] for name in names] == [90, 5, 3]
    assert (queue["MessageRetentionPeriod"], queue["MaximumMessageSize"]) == (3600, 262144)
    assert queue["KmsDataKeyReusePeriodSeconds"] == 60


def test_consumers_and_publishers_of_ones_own(apps: ModuleType) -> None:
    app, deployment = apps.app(), deployed(subscribed())
    apps.CentralBus(
        apps.stack(app, apps.HUB), "Bus", platform=deployment, archive_days=30, log_days=7
    )
    apps.consumed(apps.Subscription(apps.stack(app), "Mailer", name="mailer", events=EVENTS))
    publisher = apps.Publisher(apps.stack(app, apps.DELIVERIES), "Publisher", name="key.delivery")
    apps.granted(publisher)
    assert publisher.bus_arn == "arn:aws:events:eu-west-1:100000000000:event-bus/small"
    mail = apps.resources(app)
    queue, key = ({"Fn::GetAtt": [name, "Arn"]} for name in ("MailerQueue", "MailerKey"))
    [mapping] = of_type(mail, "AWS::Lambda::EventSourceMapping")
    assert mapping["EventSourceArn"] == queue
    [policy] = of_type(mail, "AWS::IAM::Policy")
    statements = policy["PolicyDocument"]["Statement"]
    assert [each["Resource"] for each in statements] == [queue, key]
    roles = of_type(mail, "AWS::IAM::Role")
    assert [{"Ref": "MailerConsumerPolicy"}] in [each["ManagedPolicyArns"] for each in roles]
    [listening] = of_type(mail, "AWS::SNS::Subscription")
    assert listening["TopicArn"] == {"Ref": "MailerTopic"}
    [role] = of_type(apps.resources(app, apps.DELIVERIES), "AWS::IAM::Role")
    [attached] = role["ManagedPolicyArns"]
    assert attached["Ref"].endswith("PublisherPolicy")
    hub = apps.resources(app, apps.HUB)
    assert hub["CentralArchive"]["Properties"]["RetentionDays"] == 30
    assert hub["CentralLogGroup"]["Properties"]["RetentionInDays"] == 7


def synthesis(folder: Path, **environment: str) -> Path:
    """What the example's app writes to a folder."""
    subprocess.run(
        [sys.executable, EXAMPLE / "cdk" / "app.py"],
        env={**os.environ, "CDK_OUTDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return folder


def resources_of(stack: Stack) -> Any:
    return plain(json.loads(json.dumps(template(stack.resources)))["Resources"])


def plain(resources: dict[str, Any]) -> dict[str, Any]:
    """Resources with what has one meaning written one way: the CDK sorts what comes before."""
    found = {}
    for name, resource in resources.items():
        one = {key: value for key, value in resource.items() if key != "Metadata"}
        depends = one.pop("DependsOn", [])
        before = [depends] if isinstance(depends, str) else sorted(depends)
        found[name] = {**one, "before": before}
    return found


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]
