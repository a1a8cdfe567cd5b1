"""Every policy statement that a platform means on AWS; a template may have no other on its exchange.

Conditions name the one resource that acts, so that no service can be made to act for another.
Source: IAM user guide, "The confused deputy problem"; EventBridge user guide, "Using resource-based
policies", "Encrypting event buses"; SQS developer guide, "Key management".
"""

from collections.abc import Sequence
from typing import Any

from keybus.cdk.deployment import Deployment
from keybus.cdk.names import STATEMENT, fitted, logical_prefix
from keybus.cdk.resource import Reference, Statement
from keybus.cdk.sites import CentralSite, SubscriptionSite, domain_of
from keybus.topology import Publisher

_EVENTS = "events.amazonaws.com"
_CLOUDWATCH = "cloudwatch.amazonaws.com"
_LOGS = "delivery.logs.amazonaws.com"
_ENCRYPT = ["kms:Decrypt", "kms:GenerateDataKey"]


def allow(
    sid: str,
    principal: dict[str, Any] | None,
    action: str | list[str],
    resource: str | Reference | list[str | Reference],
    condition: dict[str, Any] | None = None,
) -> Statement:
    """A statement that allows something; policies of roles name no principal."""
    statement: Statement = {"Sid": sid, "Effect": "Allow"}
    if principal is not None:
        statement["Principal"] = principal
    statement |= {"Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def secure_only(resource: str, action: str) -> Statement:
    """Nothing without TLS."""
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def put_condition(publishers: Sequence[tuple[str, Publisher]]) -> dict[str, Any]:
    """What publishers of one account may put.

    Args:
        publishers: Names and publishers: either all of them list their events, or none does.

    Returns:
        ``StringEquals`` on source and type; the source has to be there, which ``Null`` asks for.
    """
    sources = [each for name, one in publishers for each in one.sources or [name]]
    types = [event_type for _, one in publishers for event_type in one.events]
    equals: dict[str, Any] = {"events:source": _one_or_all(sources)}
    if types:
        equals["events:detail-type"] = _one_or_all(types)
    return {"StringEquals": equals, "Null": {"events:source": "false"}}


def put_by_account(
    sid: str, account: str, deployment: Deployment, publishers: Sequence[tuple[str, Publisher]]
) -> Statement:
    """Publishers of an account may put their events on the central bus, within the organization.

    Args:
        sid: The statement's id.
        account: The account's name.
        deployment: The platform.
        publishers: As for `put_condition`.
    """
    condition = put_condition(publishers)
    condition["StringEquals"]["aws:PrincipalOrgID"] = deployment.organization(account)
    central = deployment.central
    root = CentralSite(deployment.platform.accounts[account].id, central.region, central.bus).root
    return allow(sid, {"AWS": root}, "events:PutEvents", central.bus_arn, condition)


def put_by_publisher(deployment: Deployment, publisher: str) -> Statement:
    """A publisher's own role may put its events on the central bus, and nothing else."""
    deployment.publisher_site(publisher)
    condition = put_condition([(publisher, deployment.platform.publishers[publisher])])
    resource = deployment.central.bus_arn
    return allow("PutOnCentralBus", None, "events:PutEvents", resource, condition)


def assume_by_rule(deployment: Deployment, subscription: str) -> Statement:
    """The rule that forwards to a subscription, and no other, may take its delivery role."""
    central = deployment.central
    condition = _acting(central.account, central.rule_arn(subscription))
    trust = allow("AssumeByRule", {"Service": _EVENTS}, "sts:AssumeRole", "*", condition)
    del trust["Resource"]  # a trust policy is about its own role
    return trust


def deliver(deployment: Deployment, subscription: str) -> Statement:
    """The delivery role may put on the subscriber's bus, until a grant of its events ends.

    What comes later is kept in the rule's queue for the undelivered, where it can be seen; it can be
    replayed from the archive when the grant is renewed.
    """
    end = deployment.end(subscription)
    condition = {"DateLessThan": {"aws:CurrentTime": end}} if end else None
    resource = deployment.site(subscription).bus_arn
    return allow("PutOnSubscribersBus", None, "events:PutEvents", resource, condition)


def put_by_delivery(deployment: Deployment, subscription: str) -> Statement:
    """The delivery role of the central account, and nobody else, may put on a subscriber's bus."""
    central = deployment.central
    # The account with a condition on the role: a principal that names the role itself is refused
    # while the role does not stand yet, and means nobody any more once it is made anew.
    condition = {
        "StringEquals": {
            "aws:PrincipalArn": central.role_arn(subscription),
            "aws:PrincipalOrgID": deployment.organization(deployment.platform.central or ""),
        }
    }
    resource = deployment.site(subscription).bus_arn
    # CloudFormation knows bus policies by these ids alone: of each, an account's region has one.
    sid = fitted(f"{logical_prefix(subscription)}PutByDelivery", STATEMENT)
    return allow(sid, {"AWS": central.root}, "events:PutEvents", resource, condition)


def send_by_events(sid: str, account: str, source: str | list[str], queue: str) -> Statement:
    """Rules or buses, and nothing else of EventBridge, may send to a queue.

    Args:
        sid: The statement's id.
        account: The 12 digits of their account.
        source: Their ARNs.
        queue: The queue's ARN.
    """
    condition = _acting(account, source)
    return allow(sid, {"Service": _EVENTS}, "sqs:SendMessage", queue, condition)


def notify_by_alarms(account: str, alarms: str, topic: str) -> Statement:
    """The alarms may publish on their topic.

    Args:
        account: The 12 digits of their account.
        alarms: Their ARNs, as a pattern.
        topic: The topic's ARN.
    """
    condition = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": alarms},
    }
    return allow("NotifyByAlarms", {"Service": _CLOUDWATCH}, "sns:Publish", topic, condition)


def key_statements(
    root: str, account: str, bus: str, senders: list[str], alarms: str
) -> list[Statement]:
    """What a key is for: a bus, the queues that EventBridge sends to, and the topic of the alarms.

    Args:
        root: The account, which administers the key by its own policies.
        account: Its 12 digits.
        bus: The ARN of the bus that the key encrypts.
        senders: The ARNs of what sends to the key's queues.
        alarms: The ARNs of the alarms, as a pattern.
    """
    on_bus = _acting(account, bus)
    on_bus["StringEquals"]["kms:EncryptionContext:aws:events:event-bus:arn"] = bus
    by_alarms = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": alarms},
    }
    events, cloudwatch = {"Service": _EVENTS}, {"Service": _CLOUDWATCH}
    return [
        allow("Administration", {"AWS": root}, "kms:*", "*"),
        allow("LookByEvents", events, "kms:DescribeKey", "*"),
        allow("EncryptOnBus", events, _ENCRYPT, "*", on_bus),
        allow("EncryptInQueues", events, _ENCRYPT, "*", _acting(account, senders)),
        allow("EncryptInTopic", cloudwatch, _ENCRYPT, "*", by_alarms),
    ]


def archive_key_statement(central: CentralSite) -> Statement:
    """The bus's key is for its archive as well."""
    condition = {
        "StringEquals": {
            "aws:SourceAccount": central.account,
            "kms:EncryptionContext:aws:events:event-bus:arn": central.bus_arn,
        }
    }
    actions = [*_ENCRYPT, "kms:ReEncrypt*"]
    return allow("EncryptInArchive", {"Service": _EVENTS}, actions, "*", condition)


def log_key_statements(central: CentralSite) -> list[Statement]:
    """The bus encrypts its logs with its key, and who delivers them decrypts them.

    Source: EventBridge user guide, "Encrypting event bus logs with AWS KMS".
    """
    logs = {"StringLike": {"kms:EncryptionContext:SourceArn": central.arn("logs", "*")}}
    events, delivery = {"Service": _EVENTS}, {"Service": _LOGS}
    return [
        allow("EncryptLogs", events, "kms:GenerateDataKey", "*", logs),
        allow("DecryptLogs", delivery, _ENCRYPT, "*", logs),
    ]


def write_logs(central: CentralSite) -> Statement:
    """The bus's logs may be written to their group."""
    resource = central.arn("logs", f"log-group:{central.log_group}:log-stream:*")
    condition = {
        "StringEquals": {"aws:SourceAccount": central.account},
        "ArnLike": {"aws:SourceArn": central.arn("logs", "*")},
    }
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return allow("WriteBusLogs", {"Service": _LOGS}, actions, resource, condition)


def consume(site: SubscriptionSite, key: Reference) -> list[Statement]:
    """Whoever consumes a subscription may receive from its queue, and put away what is unfit.

    That goes to the queue for dead letters with its reason, which a redrive policy does not give.

    Args:
        site: Where it stands.
        key: The key's ARN.
    """
    actions = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
    ]
    through = {"StringEquals": {"kms:ViaService": f"sqs.{site.region}.{domain_of(site.region)}"}}
    return [
        allow("ReceiveFromQueue", None, actions, site.queue_arn),
        allow("PutAwayUnfit", None, ["sqs:GetQueueUrl", "sqs:SendMessage"], site.dead_letters_arn),
        allow("UseKeyOfQueues", None, _ENCRYPT, key, through),
    ]


def _acting(account: str, source: str | list[str]) -> dict[str, Any]:
    """The condition that a service acts for these resources of this account."""
    arn = source if isinstance(source, str) else _one_or_all(source)
    return {"StringEquals": {"aws:SourceAccount": account, "aws:SourceArn": arn}}


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered
