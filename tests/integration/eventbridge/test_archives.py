"""Archives by real boto3: named views of the log."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients
from tests.integration.eventbridge.refusing import refused

pytestmark = pytest.mark.long

BUS = "arn:aws:events:local:111111111111:event-bus/default"
SALES = '{"detail-type": ["sale"]}'
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _left_as_it_was(central: Any) -> Iterator[None]:
    yield
    for each in central.list_archives()["Archives"]:
        central.delete_archive(ArchiveName=each["ArchiveName"])


def create(central: Any, name: str = "mine", **more: Any) -> Any:
    return central.create_archive(ArchiveName=name, EventSourceArn=BUS, **more)


def warning(answer: Any) -> str:
    found: str = answer["ResponseMetadata"]["HTTPHeaders"].get("x-keybus-warning", "")
    return found


def counted(central: Any, count: int) -> Any:
    """An archive's description, once so many events were counted."""
    ends = time.monotonic() + PATIENCE
    while (found := central.describe_archive(ArchiveName="mine"))["EventCount"] < count:
        assert time.monotonic() < ends, found
        time.sleep(0.1)
    return found


def test_an_archive_is_made_described_and_counted(central: Any, shop: Any) -> None:
    shop.put_events(Entries=[{"Source": "shop.till", "DetailType": "sale", "Detail": "{}"}])
    made = create(central, EventPattern=SALES, RetentionDays=1, Description="sales")
    assert made["ArchiveArn"] == "arn:aws:events:local:111111111111:archive/mine"
    assert made["State"] == "ENABLED"
    entries = [
        {"Source": "shop.till", "DetailType": kind, "Detail": "{}"}
        for kind in ("sale", "refund", "sale")
    ]
    assert shop.put_events(Entries=entries)["FailedEntryCount"] == 0
    found = counted(central, 2)
    assert found["EventCount"] == 2
    assert found["SizeBytes"] > 100
    assert found["CreationTime"] == made["CreationTime"]
    told = {
        name: found[name] for name in ("EventSourceArn", "Description", "EventPattern", "State")
    }
    assert told == {
        "EventSourceArn": BUS,
        "Description": "sales",
        "EventPattern": SALES,
        "State": "ENABLED",
    }
    [listed] = central.list_archives(NamePrefix="mi")["Archives"]
    assert listed == {name: found[name] for name in listed}


def test_what_the_platform_keeps_is_told_where_it_is_less(central: Any) -> None:
    assert warning(create(central, "a", RetentionDays=2)) == ""
    assert "less than the for ever" in warning(create(central, "b"))
    told = warning(create(central, "c", RetentionDays=3))
    assert "the platform keeps events 2 days (archive.max_age" in told
    told = warning(central.update_archive(ArchiveName="a", RetentionDays=4))
    assert "less than the 4 days" in told


def test_an_archive_is_changed_and_deleted(central: Any) -> None:
    create(central, EventPattern=SALES, RetentionDays=1)
    changed = central.update_archive(ArchiveName="mine", Description="more", RetentionDays=2)
    assert changed["State"] == "ENABLED"
    found = central.describe_archive(ArchiveName="mine")
    assert (found["Description"], found["RetentionDays"], found["EventPattern"]) == (
        "more",
        2,
        SALES,
    )
    central.update_archive(ArchiveName="mine", EventPattern='{"source": ["shop.till"]}')
    found = central.describe_archive(ArchiveName="mine")
    assert found["EventPattern"] == '{"source": ["shop.till"]}'
    central.delete_archive(ArchiveName="mine")
    for call in (central.describe_archive, central.delete_archive, central.update_archive):
        missing = "Archive mine does not exist."
        refused(call, "ResourceNotFoundException", missing, ArchiveName="mine")


def test_archives_are_listed_by_one_filter_page_by_page(central: Any) -> None:
    for name in ("b", "a", "c", "ab"):
        create(central, name)

    def names(**asked: Any) -> list[str]:
        return [each["ArchiveName"] for each in central.list_archives(**asked)["Archives"]]

    assert names() == names(EventSourceArn=BUS) == names(State="ENABLED") == ["a", "ab", "b", "c"]
    assert names(NamePrefix="a") == ["a", "ab"]
    assert names(State="DISABLED") == []
    first = central.list_archives(Limit=3)
    central.delete_archive(ArchiveName="b")  # the next page begins where it would have
    assert names(Limit=3, NextToken=first["NextToken"]) == ["c"]
    both = {"NamePrefix": "a", "State": "ENABLED"}
    refused(central.list_archives, "ValidationException", "At most one filter", **both)
    other = {"EventSourceArn": BUS.replace("default", "other")}
    refused(central.list_archives, "ResourceNotFoundException", "Event bus other", **other)
    token = central.list_event_buses(Limit=1)["NextToken"]
    refused(central.list_archives, "ValidationException", "NextToken", NextToken=token)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"ArchiveName": "taken"}, "ResourceAlreadyExistsException", "taken already exists"),
        ({"ArchiveName": "a b"}, "ValidationException", "regular expression"),
        ({"ArchiveName": "x" * 49}, "ValidationException", "less than or equal to 48"),
        ({"ArchiveName": None}, "ValidationException", "must not be null"),
        ({"EventSourceArn": BUS.replace("default", "x")}, "ResourceNotFoundException", "bus x"),
        ({"EventSourceArn": BUS.replace("1111", "2222")}, "ResourceNotFoundException", "default"),
        (
            {"EventSourceArn": "arn:aws:events:local:111111111111:archive/x"},
            "ValidationException",
            "Must contain an event bus ARN",
        ),
        ({"EventSourceArn": "default"}, "ValidationException", "regular expression"),
        ({"EventPattern": "{"}, "InvalidEventPatternException", ""),
        ({"EventPattern": '{"detail": 1}'}, "InvalidEventPatternException", ""),
        ({"EventPattern": "x" * 4097}, "ValidationException", "less than or equal to 4096"),
        ({"RetentionDays": -1}, "ValidationException", "greater than or equal to 0"),
        ({"RetentionDays": "1"}, "SerializationException", "Integer"),
        ({"KmsKeyIdentifier": "alias/x"}, "ValidationException", "KmsKeyIdentifier is not"),
    ],
)
def test_what_cannot_be_an_archive_is_refused(
    central: Any, change: dict[str, Any], code: str, message: str
) -> None:
    create(central, "taken")
    asked = {"ArchiveName": "mine", "EventSourceArn": BUS} | change
    asked = {key: value for key, value in asked.items() if value is not None}
    refused(central.create_archive, code, message, **asked)
    wrong = {"ArchiveName": "taken", "EventPattern": "{"}
    refused(central.update_archive, "InvalidEventPatternException", **wrong)
    assert [each["ArchiveName"] for each in central.list_archives()["Archives"]] == ["taken"]


def test_only_the_central_account_makes_archives_and_auditors_may_look(
    central: Any, clients: Clients, shop: Any
) -> None:
    create(central)
    auditor = clients("operations", "auditor")
    assert auditor.describe_archive(ArchiveName="mine")["ArchiveName"] == "mine"
    assert len(auditor.list_archives()["Archives"]) == 1
    for client in (auditor, shop):
        asked = {"ArchiveName": "other", "EventSourceArn": BUS}
        refused(client.create_archive, "AccessDeniedException", **asked)
        refused(client.update_archive, "AccessDeniedException", ArchiveName="mine")
        refused(client.delete_archive, "AccessDeniedException", ArchiveName="mine")
    refused(shop.describe_archive, "AccessDeniedException", ArchiveName="mine")
    refused(shop.list_archives, "AccessDeniedException")
