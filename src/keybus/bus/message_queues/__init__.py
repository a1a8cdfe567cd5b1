"""Message queues: created through the SQS face, each with messages of its own.

They are beside the event log: their messages are in a store of their own (`store`), so that the
log, its archive and its replays never see them. What a queue is, is a document of the bus's engine.
"""

from keybus.bus.message_queues.errors import (
    InvalidReceipt,
    MessageQueueError,
    NoSuchQueue,
    QueueExists,
    TooManyInFlight,
)
from keybus.bus.message_queues.message import Attribute, Message, Sent
from keybus.bus.message_queues.queues import MessageQueues
from keybus.bus.message_queues.received import Received
from keybus.bus.message_queues.receiver import Receiver
from keybus.bus.message_queues.settings import QueueSettings, Redrive, RedriveAllow

__all__ = [
    "Attribute",
    "InvalidReceipt",
    "Message",
    "MessageQueueError",
    "MessageQueues",
    "NoSuchQueue",
    "QueueExists",
    "QueueSettings",
    "Received",
    "Receiver",
    "Redrive",
    "RedriveAllow",
    "Sent",
    "TooManyInFlight",
]
