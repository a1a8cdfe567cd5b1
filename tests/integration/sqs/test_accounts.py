"""A closed bus: each account has its own queues, and knows of no others."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keybus.governance.principal import Role
from tests.integration.sqs.serving import attributes, client, received
from tests.running import ClosedServer

pytestmark = pytest.mark.long
DENIED = "AccessDeniedException"
NONEXISTENT = "AWS.SimpleQueueService.NonExistentQueue"


def asks_as(closed: ClosedServer, account: str, *roles: Role) -> Any:
    issued = closed.issue(account, *roles, kind="key")
    return client("sqs", closed.url, key=issued.credential.id, secret=issued.secret)


@pytest.fixture(scope="module")
def shop(closed: ClosedServer) -> Iterator[Any]:
    made = asks_as(closed, "shop", "subscriber")
    yield made
    made.close()


@pytest.fixture(scope="module")
def desk(closed: ClosedServer) -> Iterator[Any]:
    made = asks_as(closed, "desk", "subscriber")
    yield made
    made.close()


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    return str(error.value.response["Error"]["Code"])


def test_an_account_knows_its_own_queues_only(shop: Any, desk: Any) -> None:
    mine = shop.create_queue(QueueName="jobs")["QueueUrl"]
    its = desk.create_queue(QueueName="jobs")["QueueUrl"]
    assert mine != its
    shop.send_message(QueueUrl=mine, MessageBody="shop's")
    [found] = received(shop, mine)
    names = [url.rpartition("/")[2] for url in desk.list_queues()["QueueUrls"]]
    assert names == ["desk-feed", "desk-feed-dlq", "jobs"]
    arn = attributes(shop, mine, "QueueArn")["QueueArn"]
    handle = found["ReceiptHandle"]
    for call, asked in (
        (desk.receive_message, {"QueueUrl": mine}),
        (desk.send_message, {"QueueUrl": mine, "MessageBody": "x"}),
        (desk.delete_message, {"QueueUrl": mine, "ReceiptHandle": handle}),
        (desk.delete_queue, {"QueueUrl": mine}),
        (desk.get_queue_attributes, {"QueueUrl": mine, "AttributeNames": ["All"]}),
        (desk.get_queue_url, {"QueueName": "jobs", "QueueOwnerAWSAccountId": "222222222222"}),
        (desk.get_queue_url, {"QueueName": "shop-feed"}),
        (desk.receive_message, {"QueueUrl": mine.replace("jobs", "shop-feed")}),
    ):
        assert refused(call, **asked) == NONEXISTENT
    assert refused(desk.start_message_move_task, SourceArn=arn) == "ResourceNotFoundException"
    stolen = {"QueueUrl": its, "ReceiptHandle": handle}
    assert refused(desk.delete_message, **stolen) == "ReceiptHandleIsInvalid"
    shop.delete_message(QueueUrl=mine, ReceiptHandle=handle)


def test_a_declared_name_is_taken(shop: Any) -> None:
    for name in ("shop-feed", "shop-feed-dlq"):
        assert refused(shop.create_queue, QueueName=name) == "QueueAlreadyExists"


def test_each_role_does_its_own(closed: ClosedServer, shop: Any) -> None:
    url = shop.create_queue(QueueName="roles")["QueueUrl"]
    publisher, auditor = asks_as(closed, "shop", "publisher"), asks_as(closed, "shop", "auditor")
    publisher.send_message(
        QueueUrl=publisher.get_queue_url(QueueName="roles")["QueueUrl"], MessageBody="x"
    )
    assert attributes(auditor, url, "ApproximateNumberOfMessages")
    assert len(received(shop, url)) == 1
    for call, asked in (
        (publisher.receive_message, {"QueueUrl": url}),
        (publisher.create_queue, {"QueueName": "mine"}),
        (auditor.receive_message, {"QueueUrl": url}),
        (auditor.send_message, {"QueueUrl": url, "MessageBody": "x"}),
        (auditor.purge_queue, {"QueueUrl": url}),
    ):
        assert refused(call, **asked) == DENIED
    for each in (publisher, auditor):
        each.close()


def test_a_wrong_secret_is_refused(closed: ClosedServer) -> None:
    issued = closed.issue("shop", "subscriber", kind="key")
    forger = client("sqs", closed.url, key=issued.credential.id, secret="wrong")
    assert refused(forger.list_queues) == "UnrecognizedClientException"
    forger.close()
