"""Where everything stands on AWS: account, region, name and ARN, of the bus and each subscription.

All of it follows from the declaration, so that neither side has to ask the other for an address.
"""

from typing import Final

import msgspec

from keybus.arns import Arn
from keybus.cdk import names
from keybus.cdk.names import fitted

_PARTITIONS: Final = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("", "aws", "amazonaws.com"),
)
"""Beginnings of regions, their partitions, and the domains of services there. Source: botocore,
"partitions.json"."""


def partition_of(region: str) -> str:
    """The partition that a region is in: ``aws`` for nearly all."""
    return next(found for start, found, _ in _PARTITIONS if region.startswith(start))


def domain_of(region: str) -> str:
    """The domain of a region's services."""
    return next(found for start, _, found in _PARTITIONS if region.startswith(start))


class _Site(msgspec.Struct, frozen=True):
    """A part of an account in a region.

    Attributes:
        account: The account's 12 digits.
        region: Such as ``eu-west-1``.
    """

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something that stands here."""
        partition = partition_of(self.region)
        return str(Arn(service, self.region, self.account, resource, partition))

    def iam_arn(self, resource: str) -> str:
        """The ARN of something of this account that stands in no region."""
        return str(Arn("iam", "", self.account, resource, partition_of(self.region)))

    @property
    def root(self) -> str:
        """The whole account, as policies name it."""
        return self.iam_arn("root")


class CentralSite(_Site, frozen=True):
    """The central account's part.

    Attributes:
        bus: The bus's name.
    """

    bus: str

    @property
    def bus_arn(self) -> str:
        """The central bus."""
        return self.arn("events", f"event-bus/{self.bus}")

    @property
    def prefix(self) -> str:
        """What names of the bus's own things begin with."""
        return f"keybus-{self.bus}"

    @property
    def undelivered(self) -> str:
        """The queue of what the bus could not decrypt."""
        return fitted(f"{self.prefix}-undelivered", names.QUEUE)

    @property
    def alias(self) -> str:
        """The key's."""
        return "alias/" + fitted(f"keybus/{self.bus}", names.ALIAS._replace(longest=250))

    @property
    def archive(self) -> str:
        """The archive of all events."""
        return fitted(self.bus, names.ARCHIVE)

    @property
    def archive_arn(self) -> str:
        """The archive of all events."""
        return self.arn("events", f"archive/{self.archive}")

    @property
    def registry(self) -> str:
        """The schema registry."""
        return fitted(self.bus, names.REGISTRY)

    @property
    def topic(self) -> str:
        """The topic of the alarms."""
        return fitted(f"{self.prefix}-alarms", names.TOPIC)

    @property
    def dashboard(self) -> str:
        """The dashboard."""
        return fitted(self.prefix, names.DASHBOARD)

    @property
    def log_group(self) -> str:
        """Where the bus logs what it could not do; the beginning is AWS's for such groups."""
        return fitted(f"/aws/vendedlogs/events/event-bus/{self.bus}", names.LOG_GROUP)

    @property
    def log_delivery(self) -> str:
        """How the logs get there."""
        return fitted(self.prefix, names.LOG_DELIVERY)

    @property
    def alarms_arn(self) -> str:
        """All alarms of the bus, as a pattern of ARNs."""
        return self.arn("cloudwatch", f"alarm:{self.prefix}-*")

    def alarm(self, subject: str) -> str:
        """An alarm."""
        return fitted(f"{self.prefix}-{subject}", names.ALARM)

    def rule(self, subscription: str) -> str:
        """The rule that forwards to a subscription."""
        return fitted(subscription, names.RULE)

    def rule_arn(self, subscription: str) -> str:
        """The rule that forwards to a subscription."""
        return self.arn("events", f"rule/{self.bus}/{self.rule(subscription)}")

    def role(self, subscription: str) -> str:
        """The role in which that rule puts on the subscriber's bus."""
        return fitted(f"{self.prefix}-{subscription}", names.ROLE)

    def role_arn(self, subscription: str) -> str:
        """The role in which that rule puts on the subscriber's bus."""
        return self.iam_arn(f"role/{self.role(subscription)}")

    def rule_undelivered(self, subscription: str) -> str:
        """The queue of what that rule could not forward."""
        return fitted(f"{self.prefix}-{subscription}-undelivered", names.QUEUE)


class SubscriptionSite(_Site, frozen=True):
    """A subscription's part of its account.

    Attributes:
        name: The subscription's name, which is its queue's as well.
    """

    name: str

    @property
    def prefix(self) -> str:
        """What names of the subscription's things begin with, other than its queues'."""
        return f"keybus-{self.name}"

    @property
    def bus(self) -> str:
        """The subscription's own bus."""
        return fitted(self.prefix, names.BUS)

    @property
    def bus_arn(self) -> str:
        """The subscription's own bus."""
        return self.arn("events", f"event-bus/{self.bus}")

    @property
    def rule(self) -> str:
        """The rule from that bus to the queue."""
        return fitted(self.name, names.RULE)

    @property
    def rule_arn(self) -> str:
        """The rule from that bus to the queue."""
        return self.arn("events", f"rule/{self.bus}/{self.rule}")

    @property
    def dead_letters(self) -> str:
        """The queue of what its consumer gave up."""
        return f"{self.name}-dlq"

    @property
    def undelivered(self) -> str:
        """The queue of what did not get as far as the queue."""
        return f"{self.name}-undelivered"

    @property
    def queue_arn(self) -> str:
        """The queue."""
        return self.arn("sqs", self.name)

    @property
    def dead_letters_arn(self) -> str:
        """The queue of what its consumer gave up."""
        return self.arn("sqs", self.dead_letters)

    @property
    def undelivered_arn(self) -> str:
        """The queue of what did not get as far as the queue."""
        return self.arn("sqs", self.undelivered)

    @property
    def alias(self) -> str:
        """The key's."""
        return "alias/" + fitted(
            f"keybus/subscription/{self.name}", names.ALIAS._replace(longest=250)
        )

    @property
    def topic(self) -> str:
        """The topic of the alarms."""
        return fitted(f"{self.prefix}-alarms", names.TOPIC)

    @property
    def dashboard(self) -> str:
        """The dashboard."""
        return fitted(self.prefix, names.DASHBOARD)

    @property
    def consumer(self) -> str:
        """The policy of whoever consumes the queue."""
        return fitted(f"{self.prefix}-consumer", names.POLICY)

    @property
    def alarms_arn(self) -> str:
        """All alarms of the subscription, as a pattern of ARNs."""
        return self.arn("cloudwatch", f"alarm:{self.prefix}-*")

    def alarm(self, subject: str) -> str:
        """An alarm."""
        return fitted(f"{self.prefix}-{subject}", names.ALARM)


class PublisherSite(_Site, frozen=True):
    """A publisher's part of its account.

    Attributes:
        name: The publisher's name.
    """

    name: str

    @property
    def policy(self) -> str:
        """The policy of whoever publishes."""
        return fitted(f"keybus-{self.name}-publish", names.POLICY)
