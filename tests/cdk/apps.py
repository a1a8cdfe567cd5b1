"""CDK apps of the tests; importing this takes seconds, so tests do when they run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam, aws_lambda, aws_lambda_event_sources, aws_sns_subscriptions
from constructs import Construct

from keybus.cdk import Application, CentralBus, Deployment, Publisher, Subscription

HUB, DELIVERIES, MAIL = "100000000000", "111111111111", "222222222222"
MINUTE = cdk.Duration.minutes(1)

__all__ = ["Application", "CentralBus", "Publisher", "Subscription"]


def app(context: Mapping[str, Any] | None = None) -> cdk.App:
    """An app; without the CDK's own notes in its templates."""
    return cdk.App(context=dict(context or {}), analytics_reporting=False)


def stack(of: cdk.App, account: str = MAIL, region: str = "eu-west-1") -> cdk.Stack:
    """A stack of an account."""
    env = cdk.Environment(account=account, region=region)
    return cdk.Stack(of, f"stack-{account}-{region}", env=env)


def another(of: cdk.App) -> cdk.Stack:
    """Another stack of mail's account."""
    return cdk.Stack(of, "another", env=cdk.Environment(account=MAIL, region="eu-west-1"))


def nested(of: cdk.App) -> cdk.Stack:
    """A stack within a stack."""
    return cdk.NestedStack(stack(of), "Nested")


def staged(of: cdk.App) -> cdk.Stack:
    """A stack whose stage says where it stands."""
    env = cdk.Environment(account=MAIL, region="eu-west-1")
    return cdk.Stack(cdk.Stage(of, "Prod", env=env), "Staged")


def template_of(made: Construct) -> dict[str, Any]:
    """The template of a construct's stack, as it is written."""
    scope = cdk.Stack.of(made)
    stage = cdk.Stage.of(made)
    assert stage is not None
    folder = stage.synth().directory
    found = json.loads((Path(folder) / scope.template_file).read_text())
    assert isinstance(found, dict)
    return found


def nowhere(of: cdk.App) -> cdk.Stack:
    """A stack that does not say where it stands."""
    return cdk.Stack(of, "nowhere")


def resources(of: cdk.App, account: str = MAIL) -> dict[str, Any]:
    """The resources of an account's stack, as its template has them."""
    found = of.synth().get_stack_by_name(f"stack-{account}-eu-west-1").template["Resources"]
    assert isinstance(found, dict)
    return found


def whole(deployment: Deployment) -> cdk.App:
    """A whole platform in one app: each account's part in a stack of its own."""
    made = app()
    stacks: dict[str, cdk.Stack] = {}

    def of(account: str) -> cdk.Stack:
        if account not in stacks:
            stacks[account] = stack(made, account)
        return stacks[account]

    CentralBus(of(deployment.central.account), "Bus", platform=deployment)
    for name in deployment.platform.publishers:
        Publisher(of(deployment.publisher_site(name).account), f"Publisher-{name}", name=name)
    for name, declared in deployment.platform.subscriptions.items():
        account = deployment.site(name).account
        application = Application(account=account, region="eu-west-1")
        Subscription(
            of(account), f"To-{name}", name=name, events=declared.events, application=application
        )
    return made


def consumed(subscription: Subscription) -> None:
    """A function, and a role, that consume a subscription; and a mailbox for its alarms."""
    scope = cdk.Stack.of(subscription)
    function = aws_lambda.Function(
        scope,
        "Function",
        runtime=aws_lambda.Runtime.PYTHON_3_13,
        handler="index.handle",
        code=aws_lambda.Code.from_inline("def handle(event, context): ..."),
    )
    function.add_event_source(aws_lambda_event_sources.SqsEventSource(subscription.queue))
    task = aws_iam.ServicePrincipal("ecs-tasks.amazonaws.com")
    role = aws_iam.Role(scope, "Role", assumed_by=task)
    role.add_managed_policy(subscription.consumer_policy)
    mailbox = aws_sns_subscriptions.EmailSubscription("billing@example.com")
    subscription.topic.add_subscription(mailbox)


def granted(publisher: Publisher) -> None:
    """A role that publishes."""
    task = aws_iam.ServicePrincipal("ecs-tasks.amazonaws.com")
    publisher.grant(aws_iam.Role(cdk.Stack.of(publisher), "Role", assumed_by=task))


def ungranted(scope: Construct, kind: str) -> Any:
    """What no policy can be added to."""
    match kind:
        case "imported":
            return aws_iam.Role.from_role_name(scope, "Imported", "theirs")
        case "service":
            return aws_iam.ServicePrincipal("lambda.amazonaws.com")
    return "arn:aws:iam::111111111111:role/theirs"
