"""What the CDK makes of the constructs, with a team's own function beside them, is clean."""

from pathlib import Path

import pytest

from keybus.cdk.checker import check_templates, read_templates
from tests.cdk.platforms import MISSING, example

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]


def test_the_example_with_a_consumer_and_a_publisher_is_clean() -> None:
    from aws_cdk import aws_dynamodb, aws_lambda  # noqa: PLC0415 - takes seconds

    from keybus.cdk import Application, CentralBus, Publisher, Subscription  # noqa: PLC0415
    from tests.cdk import apps  # noqa: PLC0415

    deployment = example()
    app = apps.app()
    CentralBus(apps.stack(app, deployment.central.account), "Bus", platform=deployment)
    publisher = apps.stack(app, deployment.publisher_site("key.access").account)
    apps.granted(Publisher(publisher, "Publisher", name="key.access"))
    site = deployment.site("billing")
    subscriber = apps.stack(app, site.account)
    subscription = Subscription(
        subscriber,
        "Billing",
        name="billing",
        events=deployment.subscription("billing").events,
        application=Application(account=site.account, region=site.region),
    )
    apps.consumed(subscription)
    key = aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING)
    table = aws_dynamodb.Table(subscriber, "Table", partition_key=key)
    function = subscriber.node.find_child("Function")
    assert isinstance(function, aws_lambda.Function)
    table.grant_read_write_data(function)
    table.metric_throttled_requests().create_alarm(
        subscriber, "Throttled", threshold=1, evaluation_periods=1
    )
    templates = read_templates(Path(app.synth().directory))
    report = check_templates(deployment, templates)
    assert len(report.templates) == 3
    assert report.findings == (), [
        (each.rule, each.where, each.message) for each in report.findings
    ]
    assert "subscription/billing" not in report.unseen
    assert "subscription/audit" in report.unseen
