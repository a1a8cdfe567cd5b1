"""Queues: created, deleted, found and listed.

Source: Amazon SQS API reference, "CreateQueue", "DeleteQueue", "GetQueueUrl", "ListQueues",
"ListDeadLetterSourceQueues".
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from keybus.bus.message_queues.errors import MessageQueueError, NoSuchQueue, QueueExists
from keybus.bus.message_queues.settings import QueueSettings
from keybus.server.access import administer
from keybus.server.aws import Call, Operation
from keybus.server.aws.shapes import Answer, Request
from keybus.server.sqs import paging, tags
from keybus.server.sqs.attribute_values import changed, truth
from keybus.server.sqs.declared_names import declared
from keybus.server.sqs.errors import invalid_value, name_exists, no_such_queue, unsupported
from keybus.server.sqs.finding import at, created, created_at
from keybus.server.sqs.letters import LetterQueue
from keybus.server.sqs.names import FIFO, Place, checked_name, place_of_url, url_of
from keybus.server.sqs.shapes import OfQueue

_TO_DECLARE: Final = "it goes when its subscription is taken out of the platform"
_Texts = dict[str, str]


class CreateQueue(Request, frozen=True):
    """CreateQueueRequest."""

    queue_name: str
    attributes: _Texts = msgspec.field(default_factory=dict)
    tags: _Texts = msgspec.field(default_factory=dict, name="tags")


class QueueUrl(Answer, frozen=True):
    """CreateQueueResult and GetQueueUrlResult."""

    queue_url: str


class GetQueueUrl(Request, frozen=True):
    """GetQueueUrlRequest."""

    queue_name: str
    queue_owner_aws_account_id: str | None = msgspec.field(
        name="QueueOwnerAWSAccountId", default=None
    )


class ListQueues(Request, frozen=True):
    """ListQueuesRequest."""

    queue_name_prefix: str | None = None
    next_token: str | None = None
    max_results: int | None = None


class Queues(Answer, frozen=True):
    """ListQueuesResult."""

    queue_urls: list[str] | None = None
    next_token: str | None = None


class ListDeadLetterSourceQueues(Request, frozen=True):
    """ListDeadLetterSourceQueuesRequest."""

    queue_url: str
    next_token: str | None = None
    max_results: int | None = None


class Sources(Answer, frozen=True):
    """ListDeadLetterSourceQueuesResult."""

    queue_urls: list[str] = msgspec.field(name="queueUrls")
    next_token: str | None = None


async def create_queue(call: Call, asked: CreateQueue) -> QueueUrl:
    """Answer CreateQueue: a queue that stands with all these attributes is answered as it is.

    SQS keeps a deleted queue's name for 60 s; here it can be used again at once.

    Raises:
        AwsError: It cannot be made.
    """
    name, given = checked_name(asked.queue_name), dict(asked.attributes)
    fifo = truth("FifoQueue", given.pop("FifoQueue", "false"))
    if fifo != name.endswith(FIFO):
        raise invalid_value(
            f"The name of a FIFO queue, and of no other, ends with {FIFO}: FifoQueue is "
            f"{'true' if fifo else 'not true'}, and the name is {name}."
        )
    place = Place(call.account, name)
    standing = created_at(call.bus, place)
    if standing is not None:
        _check_equal(call, standing, given)
        return QueueUrl(url_of(call, place))
    if at(call, place) is not None:
        raise name_exists(
            f"A queue named {name} exists already: the platform declares a subscription whose "
            "queue, or whose dead letters, it is."
        )
    new = QueueSettings(account=call.account, name=name, fifo=fifo, tags=tags.checked(asked.tags))
    try:
        await call.bus.message_queues.create(changed(call, new, given), call.principal)
    except QueueExists as error:
        raise name_exists(_differs(error.attribute)) from error
    except MessageQueueError as error:  # such as that there is no room for one more
        raise unsupported(str(error)) from error
    return QueueUrl(url_of(call, place))


async def delete_queue(call: Call, asked: OfQueue) -> None:
    """Answer DeleteQueue; its messages go with it.

    Raises:
        AwsError: There is no such queue, or it is declared.
    """
    settings = created(call, asked.queue_url, _TO_DECLARE)
    try:
        await call.bus.message_queues.delete(settings.account, settings.name, call.principal)
    except NoSuchQueue as error:
        raise no_such_queue() from error


async def get_queue_url(call: Call, asked: GetQueueUrl) -> QueueUrl:
    """Answer GetQueueUrl.

    Raises:
        AwsError: ``QueueDoesNotExist``: there is none, or it is another account's.
    """
    if not asked.queue_name:
        raise invalid_value("Value for parameter QueueName is invalid. Reason: it is empty.")
    for account in _accounts(call, asked.queue_owner_aws_account_id):
        place = Place(account, asked.queue_name)
        if at(call, place) is not None:
            return QueueUrl(url_of(call, place))
    raise no_such_queue()


async def list_queues(call: Call, asked: ListQueues) -> Queues:
    """Answer ListQueues: created ones and declared ones.

    Raises:
        AwsError: The page cannot be.
    """
    prefix = asked.queue_name_prefix or ""
    places = {
        f"{place.name}\0{place.account}": place
        for account in _accounts(call, None)
        for place in _places(call, account)
        if place.name.startswith(prefix)
    }
    shown, more = paging.page(places, limit=asked.max_results, token=asked.next_token)
    return Queues([url_of(call, places[each]) for each in shown] or None, more)


async def list_dead_letter_source_queues(call: Call, asked: ListDeadLetterSourceQueues) -> Sources:
    """Answer ListDeadLetterSourceQueues: whose dead letters a queue has.

    Raises:
        AwsError: There is no such queue.
    """
    place = place_of_url(call, asked.queue_url)
    queue = at(call, place)
    if queue is None:
        raise no_such_queue()
    places = {
        f"{each.name}\0{each.account}": Place(each.account, each.name)
        for each in call.bus.message_queues.sources(*place)
    }
    if isinstance(queue, LetterQueue) and (source := queue.source) is not None:
        places[source.name] = source
    shown, more = paging.page(places, limit=asked.max_results, token=asked.next_token)
    return Sources([url_of(call, places[each]) for each in shown], more)


def _accounts(call: Call, account_id: str | None) -> list[str]:
    """Whose queues are meant; on a bus that asks nobody for credentials, first the central ones."""
    if account_id is not None:
        account = call.account_of(account_id)
        known = account is not None and (account == call.account or call.is_open)
        return [account] if known and account is not None else []
    others = call.bus.platform.accounts if call.is_open else ()
    return list(dict.fromkeys([call.account, *others]))


def _places(call: Call, account: str) -> list[Place]:
    made = [each.name for each in call.bus.message_queues.all() if each.account == account]
    return [Place(account, name) for name in dict.fromkeys((*made, *declared(call.bus, account)))]


def _check_equal(call: Call, standing: QueueSettings, given: Mapping[str, str]) -> None:
    """Raises AwsError where something else is asked for than what stands."""
    asked = changed(call, standing, given)
    for name in given:
        one = changed(call, standing, {name: given[name]}) if asked != standing else standing
        if one != standing:
            raise name_exists(_differs(name))


def _differs(attribute: str) -> str:
    told = "A queue already exists with the same name and a different value for attribute"
    return f"{told} {attribute}"


_MANAGE: Final = administer("queues.manage")
_READ: Final = administer("queues.read")
OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateQueue": Operation(CreateQueue, create_queue, _MANAGE),
    "DeleteQueue": Operation(OfQueue, delete_queue, _MANAGE),
    "GetQueueUrl": Operation(GetQueueUrl, get_queue_url, _READ),
    "ListQueues": Operation(ListQueues, list_queues, _READ),
    "ListDeadLetterSourceQueues": Operation(
        ListDeadLetterSourceQueues, list_dead_letter_source_queues, _READ
    ),
}
