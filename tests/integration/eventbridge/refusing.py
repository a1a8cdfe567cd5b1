"""What is refused, and how."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(call: Any, code: str, message: str = "", **asked: Any) -> str:
    """A call is refused with a code, and a message that has some text in it; the message."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert message in error["Message"], error
    return str(error["Message"])
