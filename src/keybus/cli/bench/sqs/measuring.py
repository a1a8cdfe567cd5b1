"""Each case, measured once: so many messages a second, received and deleted in batches of ten."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from keybus.cli.bench.pipeline.board import Board
from keybus.cli.bench.pipeline.children import Child, Spent, child
from keybus.cli.bench.pipeline.moving import Say, put
from keybus.cli.bench.pipeline.plan import LAG, Load, Setup
from keybus.cli.bench.pipeline.publisher import Published, Publishing
from keybus.cli.bench.pipeline.round import (
    ANSWER_SECONDS,
    WARM_SECONDS,
    Sample,
    measure_window,
    sample,
    wait_until,
)
from keybus.cli.bench.pipeline.stage import Stage, stage
from keybus.cli.bench.sqs.consumer import BATCH, Client, Consumed, Consuming, boto3_client

DESK: Final = "333333333333"
"""The account whose subscription is received from."""
_CONNECTIONS: Final = 8  # of the publisher: as many as the consumer has
_LONGEST_SECONDS: Final = 120.0
_DRAIN_SECONDS: Final = 20.0


class Nothing(msgspec.Struct, frozen=True):
    """What a process is asked for that is asked for nothing."""


class Measured(msgspec.Struct, frozen=True):
    """One round of a case.

    Attributes:
        rate: Messages a second that were received and deleted.
        taken: Events a second that were put meanwhile.
        loop: How busy one processor was with the bus's event loop, on average; None: not told.
        threads: The same of its other threads.
        again: Messages that were received more than once.
        missing: Messages that were acknowledged to the publisher, and did not come.
        refused: The first answer that was none; empty: there was none such.
    """

    rate: float
    taken: float = 0.0
    loop: float | None = None
    threads: float | None = None
    again: int = 0
    missing: int = 0
    refused: str = ""


def while_filled(seconds: float, within: Path | None) -> Measured:
    """The lean client, while a publisher fills the subscription; tokens, authorizer, admission on."""
    with stage(Setup("on", 1), within) as on:
        publishing = Publishing(
            url=on.url,
            token=on.tokens.publisher,
            board=str(on.board_file),
            subscriptions=1,
            load=Load(10, connections=_CONNECTIONS),
            seconds=seconds + WARM_SECONDS,
            warm=WARM_SECONDS,
            lag=LAG,
        )
        with (
            child("sqs_consumer", _consuming(on, "lean"), on.folder) as consumer,
            child("publisher", publishing, on.folder) as publisher,
        ):
            first, last = measure_window(on.board, on.bus, (publisher, consumer), seconds)
            published = publisher.result(Published, ANSWER_SECONDS)
            wait_until(lambda: on.board.lag <= 0, _DRAIN_SECONDS)
            on.board.stop()
            found = consumer.result(Consumed, ANSWER_SECONDS)
    return _measured(first, last, found, published.taken, published.refused)


def from_backlog(
    client: Client,
    setup: Setup,
    messages: int,
    within: Path | None,
    say: Say,
) -> Measured:
    """A client that drains so many messages, while nothing is put."""
    with stage(setup, within) as on:
        taken = put(on, messages, say)
        with child("sqs_consumer", _consuming(on, client), on.folder) as consumer:
            first = sample(on.board, on.bus, (consumer,))
            _until_drained(on.board, taken.events)
            last = sample(on.board, on.bus, (consumer,))
            on.board.stop()
            found = consumer.result(Consumed, ANSWER_SECONDS)
    measured = _measured(first, last, found, taken.events, taken.refused)
    return msgspec.structs.replace(measured, taken=0.0)


def bare(seconds: float, within: Path | None) -> Measured:
    """The lean client against a server that does nothing."""
    return _against(
        "bare_process", within, lambda server, folder: _saturated(server, folder, seconds)
    )


def moto(messages: int, within: Path | None) -> Measured:
    """boto3 against moto: a queue that is filled and drained."""
    return _against(
        "moto_process", within, lambda server, folder: _filled(server, folder, messages)
    )


def _against(
    module: str, within: Path | None, measure: Callable[[Child, Path], Measured]
) -> Measured:
    with tempfile.TemporaryDirectory(prefix="keybus-bench-", dir=within) as name:
        folder = Path(name)
        with child(module, Nothing(), folder) as server:
            return measure(server, folder)


def _saturated(server: Child, folder: Path, seconds: float) -> Measured:
    board = Board(folder / "board", 1, make=True)
    asked = Consuming(url=server.told, queue="any", board=str(folder / "board"))
    with child("sqs_consumer", asked, folder) as consumer:
        time.sleep(WARM_SECONDS)
        first = sample(board, server, (consumer,))
        time.sleep(seconds)
        last = sample(board, server, (consumer,))
        board.stop()
        found = consumer.result(Consumed, ANSWER_SECONDS)
    board.close()
    return msgspec.structs.replace(_measured(first, last, found, 0, ""), again=0)


def _filled(server: Child, folder: Path, messages: int) -> Measured:
    client = boto3_client(server.told)
    url = client.create_queue(QueueName="measured")["QueueUrl"]
    for start in range(0, messages, BATCH):
        entries = [
            {"Id": str(each), "MessageBody": "x" * 1_000} for each in range(start, start + BATCH)
        ]
        client.send_message_batch(QueueUrl=url, Entries=entries)
    client.close()
    board = Board(folder / "board", 1, make=True)
    asked = Consuming(url=server.told, queue=url, board=str(folder / "board"), client="boto3")
    with child("sqs_consumer", asked, folder) as consumer:
        first = sample(board, server, (consumer,))
        _until_drained(board, messages)
        last = sample(board, server, (consumer,))
        board.stop()
        found = consumer.result(Consumed, ANSWER_SECONDS)
    board.close()
    return _measured(first, last, found, messages, "")


def _consuming(on: Stage, client: Client) -> Consuming:
    return Consuming(
        url=on.url,
        token=on.tokens.consumer,
        key_id=on.tokens.key_id,
        queue=f"{on.url}/{DESK}/{on.subscriptions[0]}",
        board=str(on.board_file),
        client=client,
    )


def _until_drained(board: Board, messages: int) -> None:
    wait_until(lambda: board.delivered[0] >= messages, _LONGEST_SECONDS)


def _measured(first: Sample, last: Sample, found: Consumed, taken: int, refused: str) -> Measured:
    seconds = (last.at_us - first.at_us) / 1e6
    busy = _busy(first.bus, last.bus, seconds)
    return Measured(
        rate=(last.delivered - first.delivered) / seconds,
        taken=(last.taken - first.taken) / seconds,
        loop=busy.first if busy else None,
        threads=busy.others if busy else None,
        again=found.received - found.different,
        missing=max(0, taken - found.different),
        refused=refused or found.refused,
    )


def _busy(first: Spent | None, last: Spent | None, seconds: float) -> Spent | None:
    if first is None or last is None:
        return None
    return Spent((last.first - first.first) / seconds, (last.others - first.others) / seconds)
