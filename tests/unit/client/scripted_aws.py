"""AWS's clients as the tests script them."""

from collections.abc import Callable
from typing import Any

import pytest

Answer = Callable[..., dict[str, Any]]


class Scripted:
    """Clients whose operations are functions of the test; the others do what they are asked."""

    def __init__(self, **operations: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._operations = operations

    def client(self, service_name: str, **_: Any) -> "Scripted":
        del service_name
        return self

    def close(self) -> None: ...

    def __getattr__(self, operation: str) -> Answer:
        def answer(**parameters: Any) -> dict[str, Any]:
            self.asked.append((operation, parameters))
            found = self._operations.get(operation) or done
            return found(**parameters)

        return answer

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.asked if name == operation]


def done(**parameters: Any) -> dict[str, Any]:
    """An operation's answer where all went well."""
    return {"Successful": [{"Id": each["Id"]} for each in parameters.get("Entries", ())]}


def error(code: str, status: int = 400) -> Exception:
    """What boto3 raises where AWS answers with an error."""
    exceptions = pytest.importorskip("botocore.exceptions")
    metadata = {"HTTPStatusCode": status}
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}
    found: Exception = exceptions.ClientError(answer, "PutEvents")
    return found
