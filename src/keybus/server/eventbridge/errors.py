"""Errors as AWS words them."""

import msgspec


class AwsError(Exception):
    """An answer that is an error, in the shape of AWS JSON 1.1.

    Args:
        kind: The exception's name, such as ``ValidationException``.
        message: Its message.
        status: The HTTP status.
    """

    def __init__(self, kind: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.kind, self.status = kind, status

    def body(self) -> bytes:
        """The answer's body."""
        return msgspec.json.encode({"__type": self.kind, "message": str(self)})
