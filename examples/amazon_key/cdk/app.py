"""The platform on AWS, seen from three accounts: the bus's, a publisher's and a subscriber's.

`cdk synth` runs it, and so does Python alone; docs/aws-cdk.md explains it.
"""

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from keybus.cdk import Application, CentralBus, Publisher, Subscription

PLATFORM = Path(__file__).parent.parent
REGION = "eu-west-1"


class Platform(cdk.Stack):
    """The platform team's: all there is of the bus, for all accounts."""

    def __init__(self, scope: Construct) -> None:
        env = cdk.Environment(account="100000000000", region=REGION)
        super().__init__(scope, "platform", env=env)
        # EventBridge hands over whole events: what the customer's messages do not need goes along.
        left_out = ["/subscriptions/notifications/fields"]
        CentralBus(self, "Bus", platform=PLATFORM, leave_out=left_out)


class Deliveries(cdk.Stack):
    """The delivery team's: its service may publish its own events."""

    def __init__(self, scope: Construct) -> None:
        env = cdk.Environment(account="111111111111", region=REGION)
        super().__init__(scope, "deliveries", env=env)
        Publisher(self, "Publisher", name="key.delivery")


class Finance(cdk.Stack):
    """The finance team's: what its billing service receives."""

    def __init__(self, scope: Construct) -> None:
        env = cdk.Environment(account="555555555555", region=REGION)
        super().__init__(scope, "finance", env=env)
        Subscription(self, "Billing",
            name="billing",
            events=["delivery.scheduled@1", "access.visit.started@1",
                    "delivery.completed@1", "delivery.failed@1"],
            application=Application(account="555555555555", region=REGION),
        )  # fmt: skip


app = cdk.App()
Platform(app)
Deliveries(app)
Finance(app)
app.synth()
