"""A queue's attributes: SQS's texts read into settings, and settings told as SQS's texts.

Source: Amazon SQS API reference, "CreateQueue", "SetQueueAttributes" and "GetQueueAttributes".
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from keybus.bus.message_queues.settings import QueueSettings, Redrive, RedriveAllow
from keybus.server.aws import AwsError, Call
from keybus.server.sqs import policies
from keybus.server.sqs.errors import failure
from keybus.server.sqs.names import Place, arn_of, place_of_arn

_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_ENCRYPTION: Final = (
    "Keybus does not encrypt queues itself: put its data folder on an encrypted disk"
)
_NUMBERS: Final[Mapping[str, tuple[str, int, int]]] = {
    "DelaySeconds": ("delay", 0, 900),
    "MaximumMessageSize": ("maximum_size", 1_024, 1 << 20),
    "MessageRetentionPeriod": ("retention", 60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": ("wait", 0, 20),
    "VisibilityTimeout": ("visibility", 0, 43_200),
}
_OF_FIFO: Final = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_MOST_SOURCES: Final = 10
_MOST_RECEIVES: Final = 1_000
_SCOPES: Final = ("queue", "messageGroup")
_LIMITS: Final = ("perQueue", "perMessageGroupId")


def changed(call: Call, settings: QueueSettings, given: Mapping[str, str]) -> QueueSettings:
    """Settings with attributes that were given.

    Args:
        call: The call, whose account a dead-letter queue's has to be.
        settings: What is to change; whether it is a FIFO queue does not.
        given: SQS's texts by SQS's names, but ``FifoQueue``.

    Raises:
        AwsError: ``InvalidAttributeName``, ``InvalidAttributeValue``: one of them cannot be given.
    """
    found: dict[str, Any] = {}
    for name, text in given.items():
        if name not in _READERS or (name in _OF_FIFO and not settings.fifo):
            raise unknown(name)
        if (read := _READERS[name](call, settings, name, text)) is not None:
            found[read[0]] = read[1]
    made = msgspec.structs.replace(settings, **found)
    if made.throughput_limit == _LIMITS[1] and made.deduplication_scope != _SCOPES[1]:
        raise wrong("FifoThroughputLimit", f"it needs DeduplicationScope {_SCOPES[1]}")
    return made


def told(call: Call, settings: QueueSettings) -> dict[str, str]:
    """Settings as SQS's texts; attributes that are not set are not there."""
    place = Place(settings.account, settings.name)
    texts = {
        "QueueArn": arn_of(call, place),
        "CreatedTimestamp": str(settings.created_us // 1_000_000),
        "LastModifiedTimestamp": str(settings.modified_us // 1_000_000),
        "SqsManagedSseEnabled": "false",
        **{name: str(getattr(settings, field)) for name, (field, _, _) in _NUMBERS.items()},
    }
    if settings.policy:
        texts["Policy"] = settings.policy
    if settings.redrive is not None:
        texts["RedrivePolicy"] = redrive_text(call, settings.redrive)
    if settings.redrive_allow is not None:
        texts["RedriveAllowPolicy"] = _allow_text(call, settings.redrive_allow)
    if settings.fifo:
        texts["FifoQueue"] = "true"
        texts["ContentBasedDeduplication"] = _truth_text(settings.content_deduplication)
        texts["DeduplicationScope"] = settings.deduplication_scope
        texts["FifoThroughputLimit"] = settings.throughput_limit
    return texts


def redrive_text(call: Call, redrive: Redrive) -> str:
    """A RedrivePolicy."""
    target = arn_of(call, Place(redrive.account, redrive.queue))
    policy = {"deadLetterTargetArn": target, "maxReceiveCount": redrive.most}
    return msgspec.json.encode(policy).decode()


def unknown(name: str) -> AwsError:
    """There is no such attribute, or it cannot be given."""
    return failure("InvalidAttributeName", f"Unknown Attribute {name[:256]}.")


def wrong(name: str, why: str = "") -> AwsError:
    """The attribute cannot have this value."""
    reason = f" Reason: {why}." if why else ""
    return failure("InvalidAttributeValue", f"Invalid value for the parameter {name}.{reason}")


def truth(name: str, text: str) -> bool:
    """``true`` or ``false``.

    Raises:
        AwsError: It is neither.
    """
    if text not in ("true", "false"):
        raise wrong(name, "it is true or false")
    return text == "true"


_Read = tuple[str, Any] | None
_Reader = Callable[[Call, QueueSettings, str, str], _Read]


def _number(_call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    field, least, most = _NUMBERS[name]
    number = int(text) if _WHOLE.fullmatch(text) else -1
    if not least <= number <= most:
        raise wrong(name, f"it is a whole number from {least} to {most}")
    return field, number


def _policy(call: Call, settings: QueueSettings, _name: str, text: str) -> _Read:
    return "policy", policies.checked(text, call.id_of(settings.account))


def _redrive(call: Call, settings: QueueSettings, name: str, text: str) -> _Read:
    if not text:
        return "redrive", None
    policy = _object(name, text)
    target, most = policy.pop("deadLetterTargetArn", None), policy.pop("maxReceiveCount", None)
    if policy or not isinstance(target, str):
        raise wrong(name, "it has a deadLetterTargetArn, a maxReceiveCount, and nothing else")
    count = int(str(most)) if _WHOLE.fullmatch(str(most)) else 0
    if not 1 <= count <= _MOST_RECEIVES:
        raise wrong(name, f"maxReceiveCount is a whole number from 1 to {_MOST_RECEIVES}")
    place = _dead_letter_queue(call, settings, _place(call, target, name), name)
    return "redrive", Redrive(place.account, place.name, count)


def _dead_letter_queue(call: Call, settings: QueueSettings, place: Place, name: str) -> Place:
    found = call.bus.message_queues.find(*place)
    if found is None:
        raise wrong(name, "the dead-letter queue does not exist, or was not made by CreateQueue")
    if found.fifo != settings.fifo:
        raise wrong(name, "a queue and its dead-letter queue are both FIFO, or both standard")
    if place == (settings.account, settings.name):
        raise wrong(name, "a queue is not its own dead-letter queue")
    allow = found.redrive_allow
    if allow is not None and not allow.takes(settings.account, settings.name):
        raise wrong(name, "the dead-letter queue's RedriveAllowPolicy does not take this queue")
    return place


def _allow(call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    if not text:
        return "redrive_allow", None
    policy = _object(name, text)
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns", [])
    if permission not in ("allowAll", "denyAll", "byQueue"):
        raise wrong(name, "redrivePermission is allowAll, denyAll or byQueue")
    listed = isinstance(sources, list) and all(isinstance(each, str) for each in sources)
    if not listed or len(sources) > _MOST_SOURCES or bool(sources) != (permission == "byQueue"):
        raise wrong(name, f"byQueue, and nothing else, has 1 to {_MOST_SOURCES} sourceQueueArns")
    places = [_place(call, each, name) for each in sources]
    named = tuple((place.account, place.name) for place in places)
    return "redrive_allow", RedriveAllow(permission, named)


def _deduplicates(_call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    return "content_deduplication", truth(name, text)


def _scope(_call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    if text not in _SCOPES:
        raise wrong(name, f"it is {' or '.join(_SCOPES)}")
    return "deduplication_scope", text


def _limit(_call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    if text not in _LIMITS:
        raise wrong(name, f"it is {' or '.join(_LIMITS)}")
    return "throughput_limit", text


def _encryption(_call: Call, _settings: QueueSettings, name: str, text: str) -> _Read:
    if text not in ("", "false"):
        raise wrong(name, _ENCRYPTION)
    return None


def _place(call: Call, arn: str, name: str) -> Place:
    try:
        return place_of_arn(call, arn, name)
    except AwsError as error:
        raise wrong(name, "it names a queue that is none of this account's") from error


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        found = None
    if not isinstance(found, dict):
        raise wrong(name, "it is no JSON object")
    return found


def _allow_text(call: Call, allow: RedriveAllow) -> str:
    policy: dict[str, Any] = {"redrivePermission": allow.permission}
    if allow.sources:
        policy["sourceQueueArns"] = [arn_of(call, Place(*each)) for each in allow.sources]
    return msgspec.json.encode(policy).decode()


def _truth_text(value: bool) -> str:  # noqa: FBT001 - it is the value itself
    return "true" if value else "false"


_READERS: Final[Mapping[str, _Reader]] = {
    **dict.fromkeys(_NUMBERS, _number),
    "ContentBasedDeduplication": _deduplicates,
    "DeduplicationScope": _scope,
    "FifoThroughputLimit": _limit,
    "KmsDataKeyReusePeriodSeconds": _encryption,
    "KmsMasterKeyId": _encryption,
    "Policy": _policy,
    "RedriveAllowPolicy": _allow,
    "RedrivePolicy": _redrive,
    "SqsManagedSseEnabled": _encryption,
}
