"""kombu's SQS transport, and Celery on it: their broker's address is all that is changed."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sqs.serving import CENTRAL, created, fresh
from tests.running import Server

kombu: Any = pytest.importorskip("kombu")  # it has no types
pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
TASKS = """\
import os
from pathlib import Path

from celery import Celery

app = Celery("shop", broker=os.environ["BROKER"])
app.conf.broker_transport_options = {"region": "local", "is_secure": False, "wait_time_seconds": 2}
app.conf.task_default_queue = os.environ["QUEUE"]
app.conf.worker_enable_remote_control = False


@app.task
def note(text):
    with Path(os.environ["NOTED"]).open("a") as file:
        file.write(text + "\\n")
"""
# Its own loop needs pycurl, which is no dependency of ours; without it, it waits as kombu does.
WORKER = """\
from shop_tasks import app

app.Worker(
    pool="solo", use_eventloop=False, loglevel="INFO", without_gossip=True, without_mingle=True
).start()
"""


@pytest.fixture
def broker(shared_server: Server) -> str:
    """Its URL; any key will do, as nobody is asked."""
    return f"sqs://any:any@localhost:{shared_server.port}"


def passed_on(connection: Any, queue: Any, sent: list[Any], **more: Any) -> list[Any]:
    """What comes of what is sent, once all of it has come."""
    found: list[Any] = []

    def take(body: Any, message: Any) -> None:
        found.append(body)
        message.ack()

    with connection:
        producer = connection.Producer()
        for each in sent:
            producer.publish(
                each,
                routing_key=queue.routing_key,
                exchange=queue.exchange,
                declare=[queue],
                **more,
            )
        with connection.Consumer([queue], callbacks=[take], accept=["json"]):
            while len(found) < len(sent):
                connection.drain_events(timeout=20)
    return found


def queue_named(name: str) -> Any:
    return kombu.Queue(name, kombu.Exchange(name, type="direct"), routing_key=name)


OPTIONS = {"region": "local", "is_secure": False, "wait_time_seconds": 2}


@pytest.mark.parametrize("fifo", [False, True])
def test_kombu_makes_its_queue_and_uses_it(broker: str, fifo: bool) -> None:  # noqa: FBT001 - a case
    queue = queue_named(fresh(".fifo" if fifo else ""))
    sent = [{"number": number, "what": "Käse"} for number in range(3)]
    found = passed_on(kombu.Connection(broker, transport_options=OPTIONS), queue, sent)
    assert sorted(found, key=lambda each: each["number"]) == sent
    if fifo:
        assert found == sent


def test_kombu_uses_a_queue_that_is_given(broker: str, sqs: Any, shared_server: Server) -> None:
    url = created(sqs)
    name = url.rpartition("/")[2]
    given = {name: {"url": f"{shared_server.url}/{CENTRAL}/{name}"}}
    options = OPTIONS | {"predefined_queues": given}
    sent = [{"given": True}]
    assert (
        passed_on(kombu.Connection(broker, transport_options=options), queue_named(name), sent)
        == sent
    )


@pytest.fixture
def project(tmp_path: Path, broker: str) -> dict[str, str]:
    """The environment of a Celery application, in a folder of its own."""
    (tmp_path / "shop_tasks.py").write_text(TASKS)
    kept = {name: each for name, each in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "PYTHONPATH": str(tmp_path),
        "BROKER": broker,
        "QUEUE": fresh(),
        "NOTED": str(tmp_path / "noted"),
        "AWS_DEFAULT_REGION": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_celery_task_is_sent_and_done(project: dict[str, str], tmp_path: Path) -> None:
    code = "from shop_tasks import note\nfor each in ('one', 'two'): note.delay(each)"
    subprocess.run([sys.executable, "-c", code], env=project, check=True, timeout=60, cwd=tmp_path)
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=project, stdout=log, stderr=log, cwd=tmp_path
        )
        try:
            noted = Path(project["NOTED"])
            while not (noted.exists() and len(noted.read_text().split()) == 2):
                assert worker.poll() is None, (tmp_path / "worker.log").read_text()
                time.sleep(0.1)  # between two looks
        finally:
            worker.terminate()
            worker.wait(30)
    assert sorted(noted.read_text().split()) == ["one", "two"]
