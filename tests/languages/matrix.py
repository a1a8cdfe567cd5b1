"""What every language must show: the suite that each one's tests inherit."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest

from keybus import Event, EventPublisher
from keybus.contracts import ContractRepository
from keybus.contracts.migrations.samples import samples
from tests.languages.making import KEYWORDS, keywords_of, make
from tests.languages.toolchain import Toolchain
from tests.running import EXAMPLE, Server

VECTORS = EXAMPLE / "vectors"
CORNERS = Path(__file__).parents[1] / "unit" / "contracts" / "fixtures" / "valid"
MADE, EACH = 500, 4
EXACT = (
    '{"attributes": {"amount": 123456789012345678901234567890, "rate": 0.10000000000000000555,'
    ' "huge": 1e400, "tiny": -1.5E-400, "zero": -0, "none": null, "nested": [[], {}, [0.30]]}}'
)


@pytest.mark.long
@pytest.mark.timeout(900)
class Matrix:
    """One language; every subclass names its tools."""

    toolchain: ClassVar[Toolchain]

    @pytest.fixture(scope="class")
    @classmethod
    def project(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A compiled project of the reference application's events."""
        return cls._project(EXAMPLE / "contracts", tmp_path_factory)

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Contracts with every feature of draft-04."""
        folder = tmp_path_factory.mktemp("made") / "contracts"
        make(folder, MADE)
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        server = Server(EXAMPLE, tmp_path_factory.mktemp("bus"))
        server.start()
        yield server
        server.stop()

    def test_what_is_generated_compiles_without_a_warning(self, project: Path) -> None:
        self.toolchain.compile(project)

    def test_valid_vectors_are_written_as_they_were_read(
        self, project: Path, tmp_path: Path
    ) -> None:
        rows = _vectors("valid")
        self._same(project, rows, tmp_path)

    def test_each_invalid_vector_is_refused_at_its_place(
        self, project: Path, tmp_path: Path
    ) -> None:
        rows = _vectors("invalid")
        answers = self._exchange(project, rows, tmp_path)
        wrong = [
            (row["type"], row["pointer"], answer)
            for row, answer in zip(rows, answers, strict=True)
            if answer["ok"] or row["pointer"] not in answer["pointers"]
        ]
        assert not wrong

    def test_numbers_are_exact_and_what_is_not_declared_survives(
        self, project: Path, tmp_path: Path
    ) -> None:
        first = json.loads((VECTORS / "valid.jsonl").read_text().splitlines()[0])
        event = json.dumps(first["detail"])[:-1] + ', "undeclared": ' + EXACT + "}"
        rows = tmp_path / "exact.jsonl"
        rows.write_text(f'{{"type": "{first["type"]}", "detail": {event}}}\n')
        [answer] = self.toolchain.exchange(project, rows)
        assert answer["ok"], answer
        assert exact(answer["json"]) == exact(event)

    def test_corner_cases_of_shapes_and_names(
        self, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
    ) -> None:
        project = self._project(CORNERS, tmp_path_factory)
        self._same(project, list(_made_events(CORNERS, 200)), tmp_path)

    def test_500_contracts_with_every_feature_of_draft_04(
        self, made: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
    ) -> None:
        assert keywords_of(made) == KEYWORDS
        project = self._project(made, tmp_path_factory)
        self._same(project, list(_made_events(made, EACH)), tmp_path)

    def test_events_are_published(self, project: Path, server: Server) -> None:
        queue = Queue(server, "777777777777", "audit")
        ids = self.toolchain.publish(project, server.url)
        assert len(ids) >= 1
        assert sorted(each["id"] for each in queue.received(len(ids))) == sorted(ids)

    def test_events_are_consumed(self, project: Path, server: Server, events: Any) -> None:
        queue = Queue(server, "444444444444", "notifications")
        queue.received(queue.waiting())  # what other tests published
        sent: list[Event] = [
            events.DeliveryStatusUpdated(
                delivery_id=f"DEL-{number}", status="IN_GARAGE", timestamp="2026-01-31T08:00:00Z"
            )
            for number in range(12)
        ]
        with EventPublisher(url=server.url, publisher="key.delivery") as publisher:
            publisher.publish_many(sent)
        found = self.toolchain.consume(project, server.url, queue.url, len(sent))
        assert sorted(found) == sorted(str(event.id) for event in sent)
        assert queue.waiting() == 0

    @classmethod
    def _project(cls, contracts: Path, folders: pytest.TempPathFactory) -> Path:
        if cls.toolchain.missing:
            pytest.skip(cls.toolchain.missing)
        folder = folders.mktemp(cls.toolchain.name) / "project"
        cls.toolchain.generate(contracts, folder)
        cls.toolchain.compile(folder)
        return folder

    def _exchange(self, project: Path, rows: list[Any], scratch: Path) -> list[dict[str, Any]]:
        file = scratch / "rows.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        answers = self.toolchain.exchange(project, file)
        assert len(answers) == len(rows)
        return answers

    def _same(self, project: Path, rows: list[Any], scratch: Path) -> None:
        """Each event is written as it was read."""
        answers = self._exchange(project, rows, scratch)
        wrong = [
            (row, answer)
            for row, answer in zip(rows, answers, strict=True)
            if not answer["ok"] or exact(answer["json"]) != exact(json.dumps(row["detail"]))
        ]
        assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong[:3]}"


class Queue:
    """A subscription's queue, by boto3."""

    def __init__(self, server: Server, account: str, name: str) -> None:
        self._sqs = boto3.client(
            "sqs",
            endpoint_url=server.url,
            region_name="local",
            aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        asked = self._sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
        self.url: str = asked["QueueUrl"]

    def waiting(self) -> int:
        """Messages that are there, received or not."""
        counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        asked = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=[*counted])
        return sum(int(asked["Attributes"][name]) for name in counted)

    def received(self, count: int) -> list[dict[str, Any]]:
        """This many envelopes, received and deleted; fewer where none come for 10 seconds."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            answer = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=10
            )
            messages = answer.get("Messages", [])
            for each in messages:
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
                found.append(json.loads(each["Body"]))
            if not messages:
                break
        return found


def _vectors(name: str) -> list[Any]:
    return [json.loads(line) for line in (VECTORS / f"{name}.jsonl").read_text().splitlines()]


def exact(text: str) -> Any:
    """A JSON text, comparable: numbers by their value, and 1 is not true."""
    return _told_apart(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def _told_apart(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _told_apart(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_told_apart(inner) for inner in value]
    return ("boolean", value) if isinstance(value, bool) else value


def _made_events(contracts: Path, each: int) -> Iterator[dict[str, Any]]:
    """Events that a repository's contracts accept, this many of each."""
    for contract in ContractRepository.load(contracts).values():
        for event in islice(samples(contract, contract), each):
            yield {"type": contract.type, "detail": event}
