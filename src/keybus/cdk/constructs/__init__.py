"""The constructs: thin layers of aws-cdk-lib over the plain resources."""

from keybus.cdk.constructs.central_bus import CentralBus
from keybus.cdk.constructs.publisher import Publisher
from keybus.cdk.constructs.subscription import Subscription
from keybus.cdk.constructs.where import Application

__all__ = ["Application", "CentralBus", "Publisher", "Subscription"]
