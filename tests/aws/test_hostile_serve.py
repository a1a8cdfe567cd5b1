"""(c) On a closed bus: no 500, no leak, no loss, whoever asks and however it is signed."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings

from tests.aws.closed import EVENT, NAMES, Key, SignedServer
from tests.aws.hostility import Drawn, ordinary, requests
from tests.aws.innocents import Innocents, asked
from tests.aws.serialising import Sent, serialised
from tests.aws.signatures import REFUSED, SPOILT
from tests.aws.wire import Answered, Wire

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ANYTHING: Final = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def kestrels(signed_bus: SignedServer) -> Key:
    return signed_bus.key("kestrels")


@pytest.fixture(scope="module")
def desk(signed_bus: SignedServer) -> Iterator[Wire]:
    """The hostile account's connection."""
    with Wire(signed_bus.url, signed_bus.key("desk")) as wire:
        yield wire


@pytest.fixture(scope="module")
def at_work(signed_bus: SignedServer, kestrels: Key) -> Iterator[Innocents]:
    """An account that puts and receives all the while; at the end it has lost nothing."""
    with Innocents(signed_bus.url, kestrels) as innocents:
        yield innocents


def leaks(drawn: Drawn, answered: Answered) -> list[str]:
    """What an answer tells of others that it was not asked for."""
    _, sent = drawn
    told = answered.body.decode("utf-8", "replace") + repr(dict(answered.headers))
    known = unquote(sent.path) + sent.body.decode("utf-8", "replace") + repr(sent.headers)
    found = [name for name in NAMES if name in told and name not in known]
    return [*found, *([EVENT] if EVENT in told else [])]


@pytest.mark.usefixtures("at_work")
@settings(ANYTHING, max_examples=2000)
@given(requests())
def test_whatever_is_sent(desk: Wire, drawn: Drawn) -> None:
    answered = desk.send(drawn[1], drawn[0])
    assert ordinary(answered) == []
    assert leaks(drawn, answered) == []


@ANYTHING
@given(requests())
def test_whatever_is_sent_by_nobody(signed_bus: SignedServer, drawn: Drawn) -> None:
    service, sent = drawn
    with Wire(signed_bus.url) as wire:
        answered = wire.send(sent, service)
    assert answered.status in (400, 401, 403, 405, 429), answered.body
    assert ordinary(answered) == []
    assert leaks(drawn, answered) == []


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_signature_is_refused(signed_bus: SignedServer, desk: Wire, name: str) -> None:
    sent = serialised("events", "ListRules", {})
    signed = Sent(sent.method, sent.path, desk.signed(sent, "events"), sent.body)
    with Wire(signed_bus.url) as wire:
        answered = wire.send(SPOILT[name](signed))
    assert ordinary(answered) == []
    assert answered.code in REFUSED, answered.body


def test_anothers_things_do_not_exist(at_work: Innocents, desk: Wire) -> None:
    for operation, parameters in (
        ("GetQueueUrl", {"QueueName": "kestrel-queue"}),
        ("GetQueueUrl", {"QueueName": "kestrel-queue", "QueueOwnerAWSAccountId": "555555555555"}),
        ("ReceiveMessage", {"QueueUrl": at_work.queue}),
        ("PurgeQueue", {"QueueUrl": at_work.queue}),
        ("SendMessage", {"QueueUrl": at_work.queue, "MessageBody": "a"}),
        ("DeleteQueue", {"QueueUrl": at_work.queue}),
        ("ReceiveMessage", {"QueueUrl": f"{desk.url}/555555555555/kestrel-feed"}),
    ):
        answered = desk.call("sqs", operation, parameters)
        assert (answered.status, answered.code) == (400, "QueueDoesNotExist"), operation
    for operation in ("DescribeRule", "DisableRule", "DeleteRule"):
        answered = desk.call("events", operation, {"Name": "kestrel-rule"})
        assert answered.code == "ResourceNotFoundException" or operation == "DeleteRule"
    assert asked(desk, "sqs", "ListQueues", {}).get("QueueUrls", []) is not None
