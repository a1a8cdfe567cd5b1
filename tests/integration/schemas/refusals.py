"""How operations are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

STATUS = {
    "BadRequestException": 400,
    "ConflictException": 409,
    "ForbiddenException": 403,
    "NotFoundException": 404,
}


def refused(kind: str, call: Callable[..., Any], **asked: Any) -> str:
    """The message of a refusal, which is of a kind, and has the shape of the service's errors."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["Code"]) == (kind, kind), answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == STATUS[kind]
    assert answer["ResponseMetadata"]["RequestId"]
    assert answer["Error"]["Message"] == answer["Message"] != ""
    return str(answer["Message"])
