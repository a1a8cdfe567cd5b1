"""A bus for tests of API destinations: one account may reach the test's own endpoint."""

import json
import shutil
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.integration.api_destinations.called import PATIENCE
from tests.running import EXAMPLE, Server

PLATFORM = """\
bus: calling
central: operations
accounts:
  operations: {{id: "111111111111", owners: [olga], destinations: ["127.0.0.1:{port}"]}}
  shop: {{id: "222222222222", owners: [sven]}}
publishers:
  shop.till: {{account: shop, events: []}}
"""
ACCOUNT = "111111111111"
T = TypeVar("T")


class CallingServer(Server):
    """`keybus dev` with a sealing key, unless it is to have none."""

    def __init__(self, folder: Path, port: int, *, seals: bool = True) -> None:
        super().__init__(folder / "app", folder / "data", "--admission", "off")
        shutil.copytree(EXAMPLE / "contracts" / "core", self.folder / "contracts" / "core")
        shutil.copy(EXAMPLE / "contracts" / "keybus.toml", self.folder / "contracts")
        (self.folder / "platform.yaml").write_text(PLATFORM.format(port=port))
        self._key = {"KEYBUS_SEALING_KEY": "a2V5" * 10 + "a2U="} if seals else {}

    def environment(self) -> dict[str, str]:
        return super().environment() | self._key

    def client(self, service: str = "events") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="local",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            # Limits are the server's to enforce here, and an error is to be seen at once.
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )


def refused(code: str, call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**asked)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    message: str = answer["Error"]["Message"]
    return message


def connected(client: Any, name: str, **more: Any) -> str:
    """Make a connection by name and password; its ARN."""
    parameters = {"BasicAuthParameters": {"Username": "ann", "Password": "the pass-word"}}
    answer = client.create_connection(
        Name=name, AuthorizationType="BASIC", AuthParameters=parameters | more
    )
    arn: str = answer["ConnectionArn"]
    return arn


def sends(client: Any, name: str, connection: str, url: str, **more: Any) -> str:
    """Let a rule send what has the source ``name`` to an API destination; its subscription's name."""
    limit = {"InvocationRateLimitPerSecond": more.pop("rate")} if "rate" in more else {}
    made = client.create_api_destination(
        Name=name,
        ConnectionArn=connection,
        InvocationEndpoint=url,
        HttpMethod=more.pop("method", "POST"),
        **limit,
    )
    client.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    target = {"Id": "called", "Arn": made["ApiDestinationArn"], **more}
    answer = client.put_targets(Rule=name, Targets=[target])
    assert answer["FailedEntries"] == []
    return f"rule:operations/{name}/called"


def put(client: Any, source: str, **detail: Any) -> None:
    """Put an event."""
    entry = {"Source": source, "DetailType": "Tested", "Detail": json.dumps(detail)}
    assert client.put_events(Entries=[entry])["FailedEntryCount"] == 0


def answer_of(bus: Server, path: str) -> Any:
    """What the bus's own API answers."""
    with urllib.request.urlopen(bus.url + quote(path, safe="/?=&"), timeout=30) as answer:
        return json.load(answer)


def until(look: Callable[[], T], is_it: Callable[[T], object]) -> T:
    """Look again and again until it is what is waited for."""
    ends = time.monotonic() + PATIENCE
    while not is_it(found := look()):
        assert time.monotonic() < ends, f"waited for in vain; last seen: {found}"
        time.sleep(0.05)
    return found


def dead(bus: Server, subscription: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = until(
        lambda: answer_of(bus, f"/api/v1/subscriptions/{subscription}/dead-letters"),
        lambda letters: len(letters) == count,
    )
    return found


def state_of(bus: Server, subscription: str) -> dict[str, Any]:
    answer = answer_of(bus, "/api/v1/subscriptions")
    found: dict[str, Any]
    [found] = [each for each in answer if each["name"] == subscription]
    return found


def target_of(bus: Server, subscription: str) -> dict[str, Any]:
    found: dict[str, Any] = state_of(bus, subscription)["target"]
    return found
