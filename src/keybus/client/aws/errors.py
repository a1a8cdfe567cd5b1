"""Errors of AWS and of boto3 in Keybus's words."""

from http import HTTPStatus
from typing import Any, Final

from keybus.errors import (
    BusUnavailable,
    Forbidden,
    KeybusError,
    PublishError,
    SettingsError,
    Throttled,
    Unauthenticated,
)

THROTTLED: Final = frozenset(
    {"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException"}
    | {"RequestThrottled", "RequestThrottledException", "RequestLimitExceeded", "SlowDown"}
    | {"LimitExceededException", "OverLimit", "KmsThrottled", "ConcurrentModificationException"}
)
"""Codes of what is asked too often, or by too many at once."""
_UNKNOWN: Final = frozenset(
    {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"}
    | {"SignatureDoesNotMatch", "ExpiredTokenException", "ExpiredToken", "InvalidAccessKeyId"}
    | {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"}
    | {"InvalidSecurity", "RequestExpired", "RequestTimeTooSkewed", "InvalidToken"}
)
_FORBIDDEN: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "KmsAccessDenied"}
)
_TIMED_OUT: Final = frozenset({"RequestTimeout", "RequestTimeoutException"})
_OF_CLOCKS: Final = ("Signature expired", "Signature not yet current", "RequestTimeTooSkewed")
_SECONDS: Final = 1.0


def answered(error: Any, what: str) -> KeybusError:
    """An error that AWS answered: botocore's ``ClientError``.

    Args:
        error: The error.
        what: What was asked, such as ``events:put_events``.
    """
    code = str(error.response.get("Error", {}).get("Code", ""))
    words = f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = code.rpartition(".")[2]  # SQS's codes for queries have a prefix
    if code in THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(words, retry_after=_SECONDS)
    if code in _UNKNOWN or status == HTTPStatus.UNAUTHORIZED:
        return Unauthenticated(words, hint=_hint(words))
    if code in _FORBIDDEN or status == HTTPStatus.FORBIDDEN:
        return Forbidden(
            words, rule="aws", hint="does the role allow it, and the resource's policy?"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _TIMED_OUT:
        return BusUnavailable(words)
    return PublishError(words)


def _hint(words: str) -> str:
    if any(each in words for each in _OF_CLOCKS):
        return "is this machine's clock right? AWS takes what is signed within 5 minutes"
    return "are the AWS credentials right, and do they still hold?"


def unanswered(error: Exception) -> KeybusError:
    """An error before there was an answer, or of one that cannot be read."""
    from botocore import exceptions as boto  # noqa: PLC0415 - an extra, and slow to import
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - as above

    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return Unauthenticated(str(error), hint="set AWS credentials as for the AWS CLI")
    if isinstance(error, boto.SSOError | boto.TokenRetrievalError | boto.LoginError):
        return Unauthenticated(str(error), hint="log in anew, as for the AWS CLI")
    if isinstance(error, boto.CredentialRetrievalError | boto.MetadataRetrievalError):
        return BusUnavailable(str(error), hint="does what gives the credentials answer?")
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError | ResponseParserError):
        return BusUnavailable(str(error), hint="is AWS_ENDPOINT_URL right, and the network there?")
    return SettingsError(
        str(error), hint="boto3 reads AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL"
    )
