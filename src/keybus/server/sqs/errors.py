"""SQS's errors: each as its JSON protocol names it, with the code of its older query protocol.

boto3 shows the older codes, as it always did, and finds its exceptions' classes by the newer names.

Source: Amazon SQS API reference, each action's "Errors"; the Smithy specification's
``awsQueryError`` and "AWS JSON 1.0 protocol", "awsQueryCompatible".
"""

from typing import Final

from keybus.server.aws import AwsError

_PREFIX: Final = "AWS.SimpleQueueService"
_PREFIXED: Final = frozenset(
    {
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "PurgeQueueInProgress",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    }
)


def failure(kind: str, message: str) -> AwsError:
    """An error of the service's model, such as ``InvalidAttributeValue``."""
    code = f"{_PREFIX}.{kind}" if kind in _PREFIXED else kind
    return AwsError(kind, message, query_code=code)


def no_such_queue() -> AwsError:
    """There is no such queue, or it is another account's."""
    code = f"{_PREFIX}.NonExistentQueue"
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.", query_code=code)


def name_exists(message: str) -> AwsError:
    """A queue has this name already."""
    return AwsError("QueueNameExists", message, query_code="QueueAlreadyExists")


def invalid_value(message: str) -> AwsError:
    """A parameter has a value that it cannot have."""
    return AwsError("InvalidParameterValueException", message, query_code="InvalidParameterValue")


def missing(name: str) -> AwsError:
    """A parameter is not there."""
    message = f"The request must contain the parameter {name}."
    return AwsError("MissingRequiredParameterException", message, query_code="MissingParameter")


def unsupported(message: str) -> AwsError:
    """It cannot be done with this queue."""
    return failure("UnsupportedOperation", message)


def no_such_resource(message: str) -> AwsError:
    """What is named does not exist: for what is named by an ARN or a handle."""
    return failure("ResourceNotFoundException", message)


def invalid_handle(handle: str) -> AwsError:
    """A receipt handle that is none of this queue's."""
    told = f'The input receipt handle "{handle[:128]}" is not a valid receipt handle.'
    return failure("ReceiptHandleIsInvalid", told)
