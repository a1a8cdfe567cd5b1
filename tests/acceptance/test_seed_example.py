"""The product's seed example, as written save for its import, against a real server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Server

SEED = """\
from amazon_key_events import DeliveryStatusUpdated
from keybus import EventPublisher

event = DeliveryStatusUpdated(delivery_id="DEL-123", status="IN_GARAGE", timestamp="2023-10-27T10:00:00Z")
publisher = EventPublisher()
publisher.publish("delivery.status.updated", event)
"""

SUBSCRIBER = """\
from amazon_key_events import DeliveryStatusUpdated
from keybus import EventSubscriber

subscriber = EventSubscriber("notifications")

@subscriber.on(DeliveryStatusUpdated)
def updated(event: DeliveryStatusUpdated) -> None:
    print(event.type, event.delivery_id, event.status, event.timestamp, event.publisher.name)
    subscriber.stop()

subscriber.run()
"""


def run(program: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def connected(server: Server, environment: dict[str, str]) -> dict[str, str]:
    return {**environment, "KEYBUS_URL": server.url}


def test_it_is_published_and_delivered(connected: dict[str, str]) -> None:
    published = run(SEED, connected)
    assert (published.returncode, published.stderr) == (0, "")
    received = run(SUBSCRIBER, connected)
    assert (received.returncode, received.stderr) == (0, "")
    assert received.stdout.split() == [
        "delivery.status.updated",
        "DEL-123",
        "IN_GARAGE",
        "2023-10-27T10:00:00Z",
        "key.delivery",
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("delivery_identifier=", "delivery_id=", ["/delivery_identifier", "/delivery_id"]),
        ("status=7", 'status="IN_GARAGE"', ["/status", "7"]),
        ('status="IN_GARAG"', 'status="IN_GARAGE"', ["/status", "IN_GARAGE"]),
        ('"delivery.status.updatd"', '"delivery.status.updated"', ["delivery.status.updated"]),
        ("import DeliveryStatusUpdatd", "import DeliveryStatusUpdated", ["DeliveryStatusUpdated"]),
    ],
    ids=["wrong field", "wrong type", "wrong value", "unknown event type", "unknown event class"],
)
def test_a_mistake_fails_at_creation_with_a_clear_message(
    connected: dict[str, str], wrong: str, right: str, said: list[str]
) -> None:
    assert right in SEED
    failed = run(SEED.replace(right, wrong), connected)
    assert failed.returncode == 1
    message = failed.stderr.splitlines()
    for words in said:
        assert any(words in line for line in message[-8:]), failed.stderr


@pytest.mark.long
def test_it_passes_mypy_strict(tmp_path: Path, bindings_folder: Path) -> None:
    program = tmp_path / "seed.py"
    program.write_text(SEED)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    checked = subprocess.run(
        [*command, str(program)],
        env={"MYPYPATH": str(bindings_folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
