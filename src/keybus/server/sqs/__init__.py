"""Amazon SQS's own API, over the bus's message queues and its declared subscriptions."""

from keybus.server.sqs.service import SQS

__all__ = ["SQS"]
