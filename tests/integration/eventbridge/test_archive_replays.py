"""Replays by real boto3: of an archive, to the bus or to the targets of some rules."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients, Kept
from tests.integration.eventbridge.refusing import refused

pytestmark = pytest.mark.long

BUS = "arn:aws:events:local:111111111111:event-bus/default"
ARCHIVE = "arn:aws:events:local:111111111111:archive/sales"
SALES = '{"detail-type": ["sale"]}'
PATIENCE = 60.0
NUMBERS = count(1)


@pytest.fixture(autouse=True, scope="module")
def _archive(central: Any) -> Iterator[None]:
    central.create_archive(ArchiveName="sales", EventSourceArn=BUS, EventPattern=SALES)
    yield
    central.delete_archive(ArchiveName="sales")


@pytest.fixture
def sold(shop: Any, queues: tuple["Queue", "Queue"]) -> list[str]:
    """The ids of two sales, which both queues got; there is a refund too."""
    assert queues
    entries = [
        {"Source": "shop.till", "DetailType": kind, "Detail": "{}"}
        for kind in ("sale", "refund", "sale")
    ]
    ids = [each["EventId"] for each in shop.put_events(Entries=entries)["Entries"]]
    return [ids[0], ids[2]]


def asked(**more: Any) -> dict[str, Any]:
    """A replay of the last hour, with a name of its own."""
    now = datetime.now(UTC)
    standard = {
        "ReplayName": f"replay-{next(NUMBERS)}",
        "EventSourceArn": ARCHIVE,
        "EventStartTime": now - timedelta(hours=1),
        "EventEndTime": now + timedelta(hours=1),
        "Destination": {"Arn": BUS},
    }
    return standard | more


def ended(central: Any, name: str) -> Any:
    """A replay's description, once it has ended."""
    ends = time.monotonic() + PATIENCE
    while (found := central.describe_replay(ReplayName=name))["State"] in ("STARTING", "RUNNING"):
        assert time.monotonic() < ends, found
        time.sleep(0.05)
    return found


class Queue:
    """A queue of the shop's, with a rule that sends it what the shop's till does."""

    def __init__(self, clients: Clients, name: str) -> None:
        self.sqs = clients("shop", "publisher", "subscriber", service="sqs")
        self.events = clients("shop", "publisher", "subscriber")
        self.name, self.url = name, self.sqs.create_queue(QueueName=name)["QueueUrl"]
        wanted = {"QueueUrl": self.url, "AttributeNames": ["QueueArn"]}
        arn = self.sqs.get_queue_attributes(**wanted)["Attributes"]["QueueArn"]
        pattern = '{"source": ["shop.till"]}'
        self.rule = self.events.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
        self.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
        self.bodies: list[dict[str, Any]] = []

    def until(self, event_id: str, replay: str = "") -> None:
        """Until an event has come, by a replay where one is named."""
        ends = time.monotonic() + PATIENCE
        while (event_id, replay) not in [
            (each["id"], each.get("replay-name", "")) for each in self.bodies
        ]:
            assert time.monotonic() < ends, self.bodies
            found = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            self.bodies += [json.loads(each["Body"]) for each in found.get("Messages", ())]

    def replayed(self, name: str) -> set[str]:
        """The ids of what has come by a replay."""
        return {each["id"] for each in self.bodies if each.get("replay-name") == name}

    def remove(self) -> None:
        self.events.remove_targets(Rule=self.name, Ids=["queue"])
        self.events.delete_rule(Name=self.name)
        self.sqs.delete_queue(QueueUrl=self.url)


@pytest.fixture(scope="module")
def queues(clients: Clients) -> Iterator[tuple[Queue, Queue]]:
    made = Queue(clients, "first"), Queue(clients, "second")
    yield made
    for each in made:
        each.remove()


def test_what_the_archive_has_is_sent_once_more(
    central: Any, sold: list[str], queues: tuple[Queue, Queue]
) -> None:
    wanted = asked(Description="once more")
    begun = central.start_replay(**wanted)
    assert begun["State"] == "STARTING"
    name = wanted["ReplayName"]
    assert begun["ReplayArn"] == f"arn:aws:events:local:111111111111:replay/{name}"
    found = ended(central, name)
    assert found["State"] == "COMPLETED"
    assert found["Description"] == "once more"
    assert found["EventSourceArn"] == ARCHIVE
    assert found["Destination"] == {"Arn": BUS}
    assert abs(found["EventStartTime"] - wanted["EventStartTime"]) < timedelta(milliseconds=1)
    assert abs(found["EventEndTime"] - wanted["EventEndTime"]) < timedelta(milliseconds=1)
    assert found["EventStartTime"] < found["EventLastReplayedTime"] < found["EventEndTime"]
    assert begun["ReplayStartTime"] == found["ReplayStartTime"] <= found["ReplayEndTime"]
    for queue in queues:
        for event_id in sold:
            queue.until(event_id, name)
        assert len(queue.replayed(name)) >= len(sold)
        refunds = [each for each in queue.bodies if each["detail-type"] == "refund"]
        assert not any("replay-name" in each for each in refunds)


def test_it_goes_to_the_targets_of_the_rules_that_are_named(
    central: Any, shop: Any, sold: list[str], queues: tuple[Queue, Queue]
) -> None:
    first, second = queues
    wanted = asked(Destination={"Arn": BUS, "FilterArns": [first.rule]})
    central.start_replay(**wanted)
    name = wanted["ReplayName"]
    found = ended(central, name)
    assert found["Destination"] == {"Arn": BUS, "FilterArns": [first.rule]}
    marker = {"Source": "shop.till", "DetailType": "marker", "Detail": "{}"}
    [entry] = shop.put_events(Entries=[marker])["Entries"]
    for event_id in sold:
        first.until(event_id, name)
    second.until(entry["EventId"])
    assert second.replayed(name) == set()


def test_only_what_came_since_the_archive_was_made_and_in_the_time_is_sent(
    central: Any, shop: Any, sold: list[str], queues: tuple[Queue, Queue]
) -> None:
    central.create_archive(ArchiveName="later", EventSourceArn=BUS)
    archive = ARCHIVE.replace("sales", "later")
    [entry] = shop.put_events(
        Entries=[{"Source": "shop.till", "DetailType": "refund", "Detail": "{}"}]
    )["Entries"]
    wanted = asked(EventSourceArn=archive)
    central.start_replay(**wanted)
    assert ended(central, wanted["ReplayName"])["State"] == "COMPLETED"
    queues[0].until(entry["EventId"], wanted["ReplayName"])
    assert queues[0].replayed(wanted["ReplayName"]) == {entry["EventId"]}
    assert sold
    past = datetime.now(UTC) - timedelta(days=2)
    before = asked(EventStartTime=past, EventEndTime=past + timedelta(hours=1))
    central.start_replay(**before)
    found = ended(central, before["ReplayName"])
    assert found["State"] == "COMPLETED"
    assert "EventLastReplayedTime" not in found
    central.delete_archive(ArchiveName="later")
    # What was sent of it is still known.
    assert central.describe_replay(ReplayName=wanted["ReplayName"])["EventSourceArn"] == archive


def test_replays_are_listed_by_one_filter_page_by_page(central: Any) -> None:
    made = [asked(ReplayName=f"listed-{letter}") for letter in "ba"]
    for each in made:
        central.start_replay(**each)
        ended(central, each["ReplayName"])

    def names(**wanted: Any) -> list[str]:
        found = central.list_replays(**wanted)["Replays"]
        return [each["ReplayName"] for each in found if each["ReplayName"].startswith("listed")]

    assert names() == names(NamePrefix="listed") == names(State="COMPLETED")
    assert names(EventSourceArn=ARCHIVE) == ["listed-a", "listed-b"]
    assert names(State="RUNNING") == []
    [first] = central.list_replays(NamePrefix="listed", Limit=1)["Replays"]
    assert first["ReplayName"] == "listed-a"
    token = central.list_replays(NamePrefix="listed", Limit=1)["NextToken"]
    [second] = central.list_replays(NamePrefix="listed", NextToken=token)["Replays"]
    assert second["ReplayName"] == "listed-b"
    both = {"NamePrefix": "a", "State": "RUNNING"}
    refused(central.list_replays, "ValidationException", "At most one filter", **both)
    assert first == {name: central.describe_replay(ReplayName="listed-a")[name] for name in first}


def native(small: Kept, name: str, token: str, **more: Any) -> None:
    """Begin a replay over the native API."""
    body = {"since": "2026-01-01T00:00:00Z", "name": name} | more
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"{small.url}/api/v1/replays"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    urllib.request.urlopen(request, timeout=20).close()


def test_a_native_replay_is_listed_as_one_of_the_whole_log(central: Any, small: Kept) -> None:
    native(small, "native", small.token, to_bus=True, until="2026-01-02T00:00:00Z")
    found = ended(central, "native")
    assert (found["EventSourceArn"], found["State"]) == (BUS, "COMPLETED")
    assert found["Description"] == "of the whole log, to every subscription"
    listed = central.list_replays(EventSourceArn=BUS)["Replays"]
    assert "native" in [each["ReplayName"] for each in listed]
    taken = asked(ReplayName="native")
    refused(central.start_replay, "ResourceAlreadyExistsException", "native already", **taken)


def test_a_replay_that_runs_is_cancelled(central: Any, small: Kept, sold: list[str]) -> None:
    assert len(sold) > 1
    native(small, "slow", small.token, to_bus=True, rate=1)
    ends = time.monotonic() + PATIENCE
    while central.describe_replay(ReplayName="slow")["State"] != "RUNNING":
        assert time.monotonic() < ends
    running = [each["ReplayName"] for each in central.list_replays(State="RUNNING")["Replays"]]
    assert running == ["slow"]
    cancelled = central.cancel_replay(ReplayName="slow")
    assert cancelled["State"] == "CANCELLING"
    assert cancelled["ReplayArn"].endswith(":replay/slow")
    found = ended(central, "slow")
    assert found["State"] == "CANCELLED"
    assert "ReplayEndTime" in found


def test_a_replay_to_one_subscription_is_its_accounts_to_cancel(
    central: Any, small: Kept, sold: list[str]
) -> None:
    assert sold
    token = small.issue("shop", "subscriber").secret
    native(small, "own", token, to="shop-feed", rate=1)
    refused(central.cancel_replay, "AccessDeniedException", ReplayName="own")
    assert "to shop-feed" in central.describe_replay(ReplayName="own")["Description"]


def test_a_replay_has_a_name_of_its_own_and_is_cancelled_once(
    central: Any,
) -> None:
    wanted = asked()
    central.start_replay(**wanted)
    again = "already exists"
    refused(central.start_replay, "ResourceAlreadyExistsException", again, **wanted)
    ended(central, wanted["ReplayName"])
    refused(central.start_replay, "ResourceAlreadyExistsException", again, **wanted)
    name = {"ReplayName": wanted["ReplayName"]}
    refused(central.cancel_replay, "IllegalStatusException", "not in a valid state", **name)
    unknown = {"ReplayName": "none"}
    refused(central.cancel_replay, "ResourceNotFoundException", "none does not", **unknown)
    refused(central.describe_replay, "ResourceNotFoundException", "none does not", **unknown)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"ReplayName": "a b"}, "ValidationException", "regular expression"),
        ({"ReplayName": "x" * 65}, "ValidationException", "less than or equal to 64"),
        ({"EventSourceArn": ARCHIVE + "x"}, "ValidationException", "Archive salesx does not exist"),
        (
            {"EventSourceArn": ARCHIVE.replace("1111", "2222")},
            "ValidationException",
            "Must contain an archive ARN",
        ),
        ({"EventSourceArn": BUS}, "ValidationException", "Must contain an archive ARN"),
        ({"EventEndTime": 1}, "ValidationException", "EventStartTime must be before"),
        ({"EventStartTime": -1}, "ValidationException", "EventStartTime is not valid"),
        ({"Destination": {"Arn": "default"}}, "ValidationException", "an event bus ARN"),
        ({"Destination": {"Arn": BUS + "x"}}, "ResourceNotFoundException", "bus defaultx"),
        ({"Destination": {}}, "ValidationException", "must not be null"),
        (
            {
                "Destination": {
                    "Arn": BUS,
                    "FilterArns": ["arn:aws:events:local:222222222222:rule/none"],
                }
            },
            "ResourceNotFoundException",
            "rule/none does not exist",
        ),
        (
            {"Destination": {"Arn": BUS, "FilterArns": [BUS]}},
            "ResourceNotFoundException",
            "does not exist",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    central: Any, change: dict[str, Any], code: str, message: str
) -> None:
    refused(central.start_replay, code, message, **asked(**change))


@pytest.mark.parametrize("seconds", ["1e300", "253402300800", "-0.1"])
def test_what_is_no_time_is_refused(small: Kept, seconds: str) -> None:
    """No SDK would send it."""
    body = json.dumps(asked(EventStartTime=0, EventEndTime=1)).replace(
        '"EventEndTime": 1', f'"EventEndTime": {seconds}'
    )
    headers = {
        "Authorization": f"Bearer {small.token}",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSEvents.StartReplay",
    }
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(
            urllib.request.Request(small.url, body.encode(), headers), timeout=20
        )
    told = json.loads(caught.value.read())
    assert told["__type"] == "ValidationException"
    assert "EventEndTime is not valid" in told["message"]


def test_only_the_central_account_replays_and_auditors_may_look(
    central: Any, clients: Clients, shop: Any
) -> None:
    wanted = asked()
    auditor = clients("operations", "auditor")
    for client in (auditor, shop):
        refused(client.start_replay, "AccessDeniedException", **wanted)
        refused(client.cancel_replay, "AccessDeniedException", ReplayName="listed-a")
    refused(shop.describe_replay, "AccessDeniedException", ReplayName="listed-a")
    refused(shop.list_replays, "AccessDeniedException")
    assert isinstance(auditor.list_replays()["Replays"], list)
    unknown = {"ReplayName": wanted["ReplayName"]}
    refused(central.describe_replay, "ResourceNotFoundException", **unknown)
