"""An account at work while another is hostile: what it puts comes to its queue, and nothing is lost."""

import json
import threading
from types import TracebackType
from typing import Any, Final, Self

from tests.aws.closed import EVENT, Key
from tests.aws.wire import Wire

ROUTE: Final = {
    "Name": "kestrel-rule",
    "EventPattern": '{"source": ["kestrel.till"]}',
    "Description": "what merlin sells",
    "Tags": [{"Key": "owner", "Value": "merlin"}],
}
BESIDE: Final = (
    ("sqs", "CreateQueue", {"QueueName": "merlin-queue", "tags": {"owner": "merlin"}}),
    ("events", "PutRule", ROUTE | {"Name": "merlin-rule"}),
    ("schemas", "CreateRegistry", {"RegistryName": "merlin"}),
)
"""What it has beside, for lists that tell of others' things."""
PAUSE: Final = 0.02
MOST_POLLS: Final = 60
"""Each waits a second for what is still to come."""


class Innocents:
    """Puts events and receives them through a rule and a queue of its own.

    Args:
        url: The bus.
        key: The account's access key.

    Attributes:
        put: The ids of the events that it was told are durable.
        received: The ids of those that came, as often as they came.
        queue: Its queue's URL.
    """

    def __init__(self, url: str, key: Key) -> None:
        self.put: list[str] = []
        self.received: list[str] = []
        self.queue = ""
        self._url, self._key = url, key
        self._stops, self._all_put = threading.Event(), threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,))
            for work in (self._puts, self._receives)
        ]

    def __enter__(self) -> Self:
        with Wire(self._url, self._key) as wire:
            self.queue = asked(wire, "sqs", "CreateQueue", {"QueueName": "kestrel-queue"})[
                "QueueUrl"
            ]
            names = {"QueueUrl": self.queue, "AttributeNames": ["QueueArn"]}
            arn = asked(wire, "sqs", "GetQueueAttributes", names)["Attributes"]["QueueArn"]
            asked(wire, "events", "PutRule", ROUTE)
            target = {"Rule": ROUTE["Name"], "Targets": [{"Id": "1", "Arn": arn}]}
            assert asked(wire, "events", "PutTargets", target)["FailedEntryCount"] == 0
            for service, operation, parameters in BESIDE:
                asked(wire, service, operation, parameters)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stops.set()
        putting, receiving = self._threads
        putting.join()
        self._all_put.set()
        receiving.join()
        if error is None:
            assert self._failures == []
            assert self.put
            assert set(self.put) - set(self.received) == set(), "lost"
            assert set(self.received) - set(self.put) == set(), "nobody has put these"

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told at the end, in the test's own thread
            self._failures.append(error)
            self._stops.set()

    def _puts(self) -> None:
        entry = {"Source": "kestrel.till", "DetailType": "Sale"}
        with Wire(self._url, self._key) as wire:
            while not self._stops.is_set():
                detail = json.dumps({EVENT: len(self.put)})
                answer = asked(
                    wire, "events", "PutEvents", {"Entries": [entry | {"Detail": detail}]}
                )
                self.put.append(answer["Entries"][0]["EventId"])
                self._stops.wait(PAUSE)

    def _receives(self) -> None:
        polls = 0
        with Wire(self._url, self._key) as wire:
            while not self._all_put.is_set() or (self._missing() and polls < MOST_POLLS):
                polls += self._all_put.is_set()
                most = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
                for message in asked(wire, "sqs", "ReceiveMessage", most).get("Messages", []):
                    self.received.append(json.loads(message["Body"])["id"])
                    handle = {"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]}
                    asked(wire, "sqs", "DeleteMessage", handle)

    def _missing(self) -> bool:
        return bool(set(self.put) - set(self.received))


def asked(wire: Wire, service: str, operation: str, parameters: Any) -> Any:
    """What is answered; anything but success is an error of the test."""
    answered = wire.call(service, operation, parameters)
    assert answered.status in (200, 201), (operation, answered.status, answered.body)
    return answered.json()
