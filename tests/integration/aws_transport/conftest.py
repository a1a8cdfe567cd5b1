"""EventBridge and SQS for the transport: a bus of Keybus, and moto."""

from collections.abc import Iterator

import boto3
import pytest

from keybus.settings import Settings
from tests.aws.another import another
from tests.running import EXAMPLE, Server


@pytest.fixture(scope="module")
def keybus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`keybus dev` on the reference application."""
    server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    with another() as url:
        yield url


@pytest.fixture
def settings() -> Settings:
    """Short times, so that what cannot work fails soon."""
    return Settings(publisher="key.delivery", request_timeout=10.0, retry_timeout=2.0)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a service on AWS, without an endpoint."""
    for name, value in environment("").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it would remember another environment
    return monkeypatch


def environment(url: str) -> dict[str, str]:
    """What boto3 reads."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
