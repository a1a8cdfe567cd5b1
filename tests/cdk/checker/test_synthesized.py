"""What the CDK makes of the constructs, with a team's own function beside them, is clean."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from keybus.cdk.checker import check_templates, read_templates
from tests.cdk.platforms import MISSING, deployed, example, subscribed

if TYPE_CHECKING:
    import aws_cdk as cdk

    from keybus.cdk import Subscription

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]

HUB, MAIL = "100000000000", "222222222222"


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


def test_what_teams_usually_have_beside_is_clean() -> None:
    from keybus.cdk import Application, Subscription  # noqa: PLC0415 - takes seconds
    from tests.cdk import apps  # noqa: PLC0415

    deployment = deployed(subscribed())
    app = apps.app()
    subscription = Subscription(
        apps.stack(app, MAIL),
        "Mailer",
        name="mailer",
        events=["delivery.completed@1"],
        platform=deployment,
        application=Application(account=MAIL, region="eu-west-1"),
    )
    _functions(subscription)
    _tasks(subscription)
    report = check_templates(deployment, read_templates(Path(app.synth().directory)))
    assert report.findings == (), [
        (each.rule, each.where, each.message) for each in report.findings
    ]


def _functions(subscription: "Subscription") -> None:
    """A function in a network, with a table, an index, a stream, a clock, alarms and a release."""
    from aws_cdk import (  # noqa: PLC0415
        Duration,
        Stack,
        aws_cloudwatch_actions,
        aws_dynamodb,
        aws_events,
        aws_events_targets,
        aws_iam,
        aws_lambda,
        aws_lambda_event_sources,
        aws_logs,
        aws_sns_subscriptions,
        aws_ssm,
    )

    stack = Stack.of(subscription)
    function = aws_lambda.Function(
        stack,
        "Handler",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="index.handle",
        code=aws_lambda.Code.from_inline("def handle(event, context): ..."),
        log_group=aws_logs.LogGroup(stack, "Logs", retention=aws_logs.RetentionDays.ONE_MONTH),
        tracing=aws_lambda.Tracing.ACTIVE,
        **_network(stack),
    )
    source = aws_lambda_event_sources.SqsEventSource(
        subscription.queue, report_batch_item_failures=True
    )
    function.add_event_source(source)
    key = aws_dynamodb.Attribute(name="id", type=aws_dynamodb.AttributeType.STRING)
    table = aws_dynamodb.Table(
        stack, "Table", partition_key=key, stream=aws_dynamodb.StreamViewType.NEW_IMAGE
    )
    table.add_global_secondary_index(index_name="others", partition_key=key)
    table.grant_read_write_data(function)
    starting = aws_lambda.StartingPosition.LATEST
    changes = aws_lambda_event_sources.DynamoEventSource(table, starting_position=starting)
    function.add_event_source(changes)
    aws_dynamodb.TableV2(stack, "Newer", partition_key=key).grant_read_data(function)
    alarm = function.metric_errors().create_alarm(
        stack, "Errors", threshold=1, evaluation_periods=1
    )
    alarm.add_alarm_action(aws_cloudwatch_actions.SnsAction(subscription.topic))
    parameter = aws_ssm.StringParameter(
        stack, "Parameter", string_value=subscription.queue.queue_arn
    )
    parameter.grant_read(function)
    nightly = aws_events.Schedule.rate(Duration.days(1))
    calls = [aws_events_targets.LambdaFunction(function)]
    aws_events.Rule(stack, "Nightly", schedule=nightly, targets=calls)
    told = aws_sns_subscriptions.LambdaSubscription(function)
    subscription.topic.add_subscription(told)
    aws_lambda.Alias(stack, "Live", alias_name="live", version=function.current_version)
    reading = aws_iam.PolicyStatement(actions=["dynamodb:Query"], resources=[table.table_arn])
    policy = aws_iam.ManagedPolicy(
        stack, "Policy", managed_policy_name="reads", statements=[reading]
    )
    assert function.role is not None
    function.role.add_managed_policy(policy)


def _network(stack: "cdk.Stack") -> dict[str, Any]:
    from aws_cdk import aws_ec2  # noqa: PLC0415

    vpc = aws_ec2.Vpc.from_vpc_attributes(
        stack,
        "Network",
        vpc_id="vpc-00000001",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-00000001"],
    )
    return {"vpc": vpc, "vpc_subnets": aws_ec2.SubnetSelection(subnets=vpc.private_subnets)}


def _tasks(subscription: "Subscription") -> None:
    """A service of containers that reads the queue, of an image and a parameter of its own."""
    from aws_cdk import (  # noqa: PLC0415
        Stack,
        aws_applicationautoscaling,
        aws_ecr,
        aws_ecs,
        aws_ssm,
    )

    stack = Stack.of(subscription)
    network = stack.node.find_child("Network")
    cluster: Any = aws_ecs.Cluster(stack, "Cluster", vpc=network)  # type: ignore[arg-type]
    task = aws_ecs.FargateTaskDefinition(stack, "Task")
    repository = aws_ecr.Repository.from_repository_name(stack, "Images", "letters")
    parameter: Any = stack.node.find_child("Parameter")
    assert isinstance(parameter, aws_ssm.StringParameter)
    task.add_container(
        "main",
        image=aws_ecs.ContainerImage.from_ecr_repository(repository, "1"),
        logging=aws_ecs.LogDrivers.aws_logs(stream_prefix="letters"),
        environment={"QUEUE": subscription.queue.queue_url},
        secrets={"WHERE": aws_ecs.Secret.from_ssm_parameter(parameter)},
    )
    subscription.queue.grant_consume_messages(task.task_role)
    service = aws_ecs.FargateService(stack, "Service", cluster=cluster, task_definition=task)
    steps = [
        aws_applicationautoscaling.ScalingInterval(upper=0, change=-1),
        aws_applicationautoscaling.ScalingInterval(lower=100, change=1),
    ]
    waiting = subscription.queue.metric_approximate_number_of_messages_visible()
    count = service.auto_scale_task_count(max_capacity=3)
    count.scale_on_metric("Waiting", metric=waiting, scaling_steps=steps)


def test_stages_that_have_no_stack_beside_them_are_judged_all(tmp_path: Path) -> None:
    assert _staged(tmp_path)[1].synth().directory
    from aws_cdk import Stack, Stage, aws_sqs  # noqa: PLC0415

    _, app = _staged(tmp_path / "bad")
    beside = Stack(Stage(app, "Test"), "beside", env={"account": MAIL, "region": "eu-west-1"})
    aws_sqs.CfnQueue(beside, "Beside")
    with pytest.raises(RuntimeError, match="DX10"):
        app.synth()


def test_what_a_synthesis_before_has_left_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "assembly-Live").mkdir()
    (tmp_path / "assembly-Live" / "gone.template.json").write_text("{}")
    assert _staged(tmp_path)[1].synth().directory


def test_what_the_cdk_is_told_to_pass_on_is_in_its_report(tmp_path: Path) -> None:
    from aws_cdk import aws_sqs  # noqa: PLC0415

    for key, value in (("failSynthOnValidationErrors", False), ("appMode", "process")):
        stack, app = _staged(tmp_path / key, {f"@aws-cdk/core:{key}": value})
        aws_sqs.CfnQueue(stack, "Beside")
        app.synth()
        report = json.loads((tmp_path / key / "validation-report.json").read_text())
        [own] = [each for each in report["pluginReports"] if each["pluginName"] == "keybus"]
        assert own["conclusion"] == "failure"


def _staged(out: Path, context: dict[str, Any] | None = None) -> "tuple[cdk.Stack, cdk.App]":
    """An app whose only stack is a stage's."""
    import aws_cdk as cdk  # noqa: PLC0415

    from keybus.cdk import CentralBus  # noqa: PLC0415
    from keybus.cdk.checker.synthesis import PlatformChecks  # noqa: PLC0415

    deployment = deployed(subscribed())
    app = cdk.App(outdir=str(out), context=context, analytics_reporting=False)
    env = cdk.Environment(account=HUB, region="eu-west-1")
    stack = cdk.Stack(cdk.Stage(app, "Live"), "hub", env=env)
    CentralBus(stack, "Bus", platform=deployment)
    cdk.Validations.of(app).add_plugins(PlatformChecks(deployment))
    return stack, app
