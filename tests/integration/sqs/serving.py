"""A bus for these tests: its platform, and clients of it."""

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.running import EXAMPLE, Server

PLATFORM = """\
bus: small
organization: o-smallexample
central: operations
accounts:
  operations: {id: "111111111111", owners: [olga]}
  shop: {id: "222222222222", owners: [sven], destinations: [hooks.example.com]}
publishers:
  shop.till: {account: shop, events: []}
subscriptions:
  feed: {account: shop, filter: {source: [shop.till], detail-type: [sold]}, retry: {attempts: 1}}
  totals:
    account: shop
    filter: {source: [shop.till], detail-type: [counted]}
    target: {input_path: $.detail}
  lane:
    account: shop
    filter: {source: [shop.till], detail-type: [moved]}
    order: {key: /till}
    retry: {attempts: 0}
  team/audit: {account: shop, filter: {source: [shop.till], detail-type: [noted]}}
  hook:
    account: shop
    filter: {source: [shop.till], detail-type: [never]}
    target: {webhook: {url: "https://hooks.example.com/till"}}
"""
SHOP = "222222222222"
CENTRAL = "111111111111"
_numbers = itertools.count(1)


def serving(folder: Path) -> Server:
    """`keybus dev` on that platform; not started yet."""
    app = folder / "app"
    shutil.copytree(EXAMPLE / "contracts" / "core", app / "contracts" / "core")
    shutil.copy(EXAMPLE / "contracts" / "keybus.toml", app / "contracts")
    (app / "platform.yaml").write_text(PLATFORM)
    return Server(app, folder / "data")


def client(
    service: str, url: str, *, key: str = "any", secret: str = "any", checks: bool = False
) -> Any:
    """A boto3 client; limits are the server's to enforce unless it shall check itself."""
    config = Config(parameter_validation=checks, retries={"total_max_attempts": 1}, read_timeout=60)
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="local",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )


def fresh(suffix: str = "") -> str:
    """A queue's name that nobody has used."""
    return f"queue-{next(_numbers)}{suffix}"


def created(sqs: Any, attributes: Mapping[str, str] | None = None, *, fifo: bool = False) -> str:
    """The URL of a new queue."""
    given = {**({"FifoQueue": "true"} if fifo else {}), **(attributes or {})}
    name = fresh(".fifo" if fifo else "")
    url: str = sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    return url


def received(sqs: Any, url: str, most: int = 10, **more: Any) -> list[dict[str, Any]]:
    """What a long poll brings."""
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=most, **{"WaitTimeSeconds": 10, **more}
    )
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


def attributes(sqs: Any, url: str, *names: str) -> dict[str, str]:
    """A queue's attributes."""
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])
    found: dict[str, str] = answer.get("Attributes", {})
    return found
