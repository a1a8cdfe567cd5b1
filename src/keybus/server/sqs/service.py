"""Which operations of SQS are answered: all that there are."""

from typing import Final

from keybus.server.aws import Service
from keybus.server.sqs import (
    attributes,
    moving,
    permissions,
    queues,
    receiving,
    sending,
    settling,
    tags,
)

SQS: Final = Service(
    name="sqs",
    prefix="AmazonSQS",
    media_type="application/x-amz-json-1.0",
    operations={
        **queues.OPERATIONS,
        **attributes.OPERATIONS,
        **permissions.OPERATIONS,
        **tags.OPERATIONS,
        **sending.OPERATIONS,
        **receiving.OPERATIONS,
        **settling.OPERATIONS,
        **moving.OPERATIONS,
    },
    refused={},
    refusal="UnsupportedOperation",
)
