"""The dead-letter queue of an SQS queue, for messages that nobody can handle however often."""

import json
import logging
import re
from typing import Any, Final

from keybus.client.aws.calls import Calls
from keybus.client.aws.queue import Queue
from keybus.errors import BusUnavailable, KeybusError, Throttled

_UNFIT: Final = "UNFIT_EVENT"
_LONGEST_REASON: Final = 1_000
_UNSENDABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SQS takes in no text. Source: API reference, "SendMessage"."""
_log = logging.getLogger(__name__)


class DeadLetterQueue:
    """Where a queue's redrive policy sends what was received too often.

    Args:
        calls: How SQS is asked.
        queue: The queue.
    """

    def __init__(self, calls: Calls, queue: Queue) -> None:
        self._calls, self._queue = calls, queue
        self._target: str | None = None

    async def take(self, message: dict[str, Any], reason: str) -> bool:
        """Put a message there, with the reason as EventBridge has them in attributes.

        Returns:
            Whether it is there; else the redrive policy takes it once it was received too often.

        Raises:
            BusUnavailable: SQS did not answer.
            Throttled: Too much was asked.
        """
        try:
            if self._target is None:
                self._target = await self._found()
            if self._target:
                await self._calls.ask("sqs", "send_message", **self._letter(message, reason))
                return True
        except (BusUnavailable, Throttled):
            raise
        except KeybusError as error:
            _log.warning(
                "%s: the dead-letter queue did not take a message: %s", self._queue.name, error
            )
        return False

    async def _found(self) -> str:
        """Its URL; empty where there is none."""
        names = ["RedrivePolicy"]
        asked = await self._calls.ask(
            "sqs", "get_queue_attributes", QueueUrl=self._queue.url, AttributeNames=names
        )
        policy = json.loads(asked.get("Attributes", {}).get("RedrivePolicy", "{}"))
        *_, account, name = f"::{policy.get('deadLetterTargetArn', '')}".split(":")
        if not name:
            return ""
        found = await self._calls.ask(
            "sqs", "get_queue_url", QueueName=name, QueueOwnerAWSAccountId=account
        )
        return str(found["QueueUrl"])

    def _letter(self, message: dict[str, Any], reason: str) -> dict[str, Any]:
        told = _UNSENDABLE.sub("\ufffd", reason[:_LONGEST_REASON])
        said = {"ERROR_CODE": _UNFIT, "ERROR_MESSAGE": told or _UNFIT}
        letter: dict[str, Any] = {
            "QueueUrl": self._target,
            "MessageBody": message["Body"],
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in said.items()
            },
        }
        group = message.get("Attributes", {}).get("MessageGroupId")
        if group and self._queue.is_fifo:
            letter |= {"MessageGroupId": group, "MessageDeduplicationId": message["MessageId"]}
        return letter
