"""The way over AWS: events are put on EventBridge and received from the subscription's SQS queue.

Needs the extra ``keybus[aws]``. Region, credentials and endpoints are boto3's own business
(``AWS_DEFAULT_REGION``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` …).
"""

from keybus.client.aws.calls import Services
from keybus.client.aws.transport import AwsTransport

__all__ = ["AwsTransport", "Services"]
