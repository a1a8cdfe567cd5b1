"""The consuming process: receives batches of ten and deletes each, until the board says stop.

The *lean* client sends finished bytes over a few connections, on one thread, and looks at nothing of
the answers but handles and ids: it measures the server. The *boto3* client is what a script would be:
one client, one thread, a receive and a delete in turn.
"""

import hashlib
import re
import select
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from keybus.cli.bench.pipeline.board import Board, now_us
from keybus.cli.bench.pipeline.wire import Connection
from keybus.server.auth.canonical import (
    ALGORITHM,
    HttpRequest,
    Scope,
    canonical_request,
    signature,
    signing_key,
    string_to_sign,
)

BATCH: Final = 10
_MOST_WAIT: Final = 0.02
_HANDLES: Final = re.compile(rb'"ReceiptHandle": ?"([^"]+)"')
_IDS: Final = re.compile(rb'"MessageId": ?"([^"]+)"')
_OK: Final = b"HTTP/1.1 200"
Client = Literal["lean", "boto3"]


class Consuming(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked for.

    Attributes:
        url: The server.
        token: Who asks; empty: nobody is asked.
        key_id: The lean client signs its requests: with this access key, whose secret the token is.
        queue: The queue's URL.
        board: The board's file.
        client: Which client.
        connections: Of the lean client, each with one request on its way.
    """

    url: str
    token: str = ""
    key_id: str = ""
    queue: str
    board: str
    client: Client = "lean"
    connections: int = 8


class Consumed(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        received: Messages, each time that it was received.
        different: How many different ones.
        deleted: How many the server said were deleted.
        requests: Requests that were answered.
        refused: The first answer that was not what was asked for; empty: none.
    """

    received: int
    different: int
    deleted: int
    requests: int
    refused: str


class Lean:
    """Finished bytes out, few looks at what comes.

    Args:
        asked: What is asked for.
    """

    def __init__(self, asked: Consuming) -> None:
        self._asked = asked
        self._board = Board(Path(asked.board), 1)
        self._wanted = {
            "QueueUrl": asked.queue,
            "MaxNumberOfMessages": BATCH,
            "WaitTimeSeconds": 1,
            "VisibilityTimeout": 600,
        }
        self._receiving = b"" if asked.key_id else self._request("ReceiveMessage", self._wanted)
        self._connections = [Connection(asked.url) for _ in range(asked.connections)]
        self._deleting = set[int]()
        self._ids = set[bytes]()
        self._received = self._deleted = self._requests = 0
        self._refused = ""

    def run(self) -> Consumed:
        """Consume until the board says stop, or something is refused."""
        by_number = {each.number: each for each in self._connections}
        for each in self._connections:
            each.send(self._receive(), now_us())
        while not (self._board.stopped or self._refused):
            for number in select.select([*by_number], [], [], _MOST_WAIT)[0]:
                self._take(by_number[number])
        return Consumed(
            self._received, len(self._ids), self._deleted, self._requests, self._refused
        )

    def _take(self, connection: Connection) -> None:
        answer = connection.receive()
        if answer is None:
            return
        head, body = answer
        self._requests += 1
        if not head.startswith(_OK):
            self._refused = (head[:40] + b" " + body[:300]).decode(errors="replace")
            return
        if connection.number in self._deleting:
            self._deleting.discard(connection.number)
            self._deleted += body.count(b'"Id"')
            self._board.deliver(0, self._deleted)
            connection.send(self._receive(), now_us())
            return
        handles = _HANDLES.findall(body)
        if not handles:
            connection.send(self._receive(), now_us())
            return
        self._received += len(handles)
        self._ids.update(_IDS.findall(body))
        self._deleting.add(connection.number)
        entries = [
            {"Id": str(number), "ReceiptHandle": handle.decode()}
            for number, handle in enumerate(handles)
        ]
        content = {"QueueUrl": self._asked.queue, "Entries": entries}
        connection.send(self._request("DeleteMessageBatch", content), now_us())

    def _receive(self) -> bytes:
        """A receive; what is signed is signed each time, as clients do."""
        return self._receiving or self._request("ReceiveMessage", self._wanted)

    def _request(self, operation: str, content: dict[str, Any]) -> bytes:
        body = msgspec.json.encode(content)
        token = self._asked.token
        headers = {
            "host": urlsplit(self._asked.url).netloc,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"AmazonSQS.{operation}",
            "content-length": str(len(body)),
        }
        if self._asked.key_id:
            headers |= _signed(headers, body, self._asked.key_id, token)
        elif token:
            headers["authorization"] = f"Bearer {token}"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def _signed(headers: Mapping[str, str], body: bytes, key_id: str, secret: str) -> dict[str, str]:
    """The headers that sign a request, by AWS Signature Version 4."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    sent = sorted({**headers, "x-amz-date": stamp}.items())
    signed, scope = [name for name, _ in sent], Scope(stamp[:8], "eu-central-1", "sqs")
    digest = hashlib.sha256(body).hexdigest()
    canonical = canonical_request(HttpRequest("POST", "/", "", sent), signed, digest)
    sealed = signature(_signing_key(secret, scope), string_to_sign(canonical, stamp, scope))
    return {
        "x-amz-date": stamp,
        "authorization": (
            f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={';'.join(signed)},"
            f" Signature={sealed}"
        ),
    }


@lru_cache(maxsize=2)
def _signing_key(secret: str, scope: Scope) -> bytes:
    return signing_key(secret, scope)


def boto3_client(url: str) -> Any:
    """A client of the server's, with an access key that is made up."""
    import boto3  # noqa: PLC0415 - of the extras, and asked for by this process alone
    from botocore.config import Config  # noqa: PLC0415 - the same

    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",  # noqa: S106 - nobody is asked
        config=Config(retries={"total_max_attempts": 1}),
    )


def consume_with_boto3(asked: Consuming) -> Consumed:
    """Receive and delete with boto3 until the board says stop."""
    board, client = Board(Path(asked.board), 1), boto3_client(asked.url)
    ids, received, deleted, requests = set[str](), 0, 0, 0
    while not board.stopped:
        answer = client.receive_message(
            QueueUrl=asked.queue, MaxNumberOfMessages=BATCH, WaitTimeSeconds=1
        )
        requests += 1
        messages = answer.get("Messages", [])
        if not messages:
            continue
        received += len(messages)
        ids.update(each["MessageId"] for each in messages)
        entries = [
            {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
            for number, each in enumerate(messages)
        ]
        done = client.delete_message_batch(QueueUrl=asked.queue, Entries=entries)
        requests += 1
        deleted += len(done.get("Successful", []))
        board.deliver(0, deleted)
    return Consumed(received, len(ids), deleted, requests, "")


def main(text: str) -> None:
    """Consume as the text asks; what came of it goes to standard output."""
    asked = msgspec.json.decode(text, type=Consuming)
    lean = Lean(asked) if asked.client == "lean" else None
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    found = lean.run() if lean is not None else consume_with_boto3(asked)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
