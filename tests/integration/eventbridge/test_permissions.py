"""The bus's policy by real boto3: checked against the topology, evaluated on every put."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.eventbridge.conftest import Clients, Kept
from tests.integration.eventbridge.refusing import refused

pytestmark = pytest.mark.long

BUS = "arn:aws:events:local:111111111111:event-bus/default"
SHOP = "222222222222"
SALE = {"Source": "shop.till", "DetailType": "sale", "Detail": "{}"}
ALLOW = {"Action": "events:PutEvents", "Principal": SHOP, "StatementId": "shop"}


@pytest.fixture(autouse=True)
def _left_as_it_was(central: Any) -> Iterator[None]:
    yield
    central.remove_permission(RemoveAllPermissions=True)


def deny(**more: Any) -> dict[str, Any]:
    written = {
        "Sid": "no",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": BUS,
    }
    return written | more


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def statements(central: Any) -> dict[str, Any]:
    text = central.describe_event_bus()["Policy"]
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def asked(small: Kept, path: str) -> Any:
    """What the native API answers to the central account."""
    url, header = f"{small.url}/api/v1{path}", {"Authorization": f"Bearer {small.token}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=header), timeout=20) as answer:
        return json.loads(answer.read())


def made(small: Kept) -> list[str]:
    """The statements that were made by hand, as compliance sees them."""
    found = asked(small, "/evidence")["made"]
    return [each["name"] for each in found if each["kind"] == "policy statement"]


def code(client: Any, **change: str) -> str | None:
    [entry] = client.put_events(Entries=[SALE | change])["Entries"]
    found: str | None = entry.get("ErrorCode")
    assert (found is None) == ("EventId" in entry)
    return found


def test_what_the_topology_allows_can_be_put_shown_and_taken_out(central: Any) -> None:
    central.put_permission(EventBusName="small", **ALLOW)
    found = statements(central)
    assert list(found) == [f"keybus-topology-{SHOP}", "shop"]
    assert found["shop"]["Principal"] == {"AWS": f"arn:aws:iam::{SHOP}:root"}
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-smallexample"}
    central.put_permission(**ALLOW | {"Principal": "*", "Condition": condition})
    assert statements(central)["shop"]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-smallexample"}
    }
    central.remove_permission(StatementId="shop")
    assert list(statements(central)) == [f"keybus-topology-{SHOP}"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Principal": "999999999999"}, "declare it under `accounts` in platform.yaml"),
        ({"Principal": "333333333333"}, "declare one under `publishers` in platform.yaml"),
        ({"Principal": "*"}, "add the condition StringEquals aws:PrincipalOrgID"),
        ({"Action": "events:PutRule"}, "the action 'events:PutRule' is not decided"),
        ({"StatementId": f"keybus-topology-{SHOP}"}, "the topology's"),
        ({"StatementId": "a b"}, "regular expression pattern"),
        ({"Principal": "shop"}, "regular expression pattern"),
        ({"StatementId": None}, "StatementId are required"),
        ({"Policy": policy()}, "Policy cannot be given beside"),
        (
            {"Condition": {"Type": "StringLike", "Key": "aws:PrincipalOrgID", "Value": "o-*"}},
            "Condition is of Type StringEquals",
        ),
        (
            {
                "Principal": "*",
                "Condition": {
                    "Type": "StringEquals",
                    "Key": "aws:PrincipalOrgID",
                    "Value": "o-other",
                },
            },
            "platform.yaml names it under `organization`",
        ),
    ],
)
def test_what_the_topology_does_not_allow_is_refused(
    central: Any, change: dict[str, Any], message: str
) -> None:
    asked = {key: value for key, value in (ALLOW | change).items() if value is not None}
    refused(central.put_permission, "ValidationException", message, **asked)
    assert list(statements(central)) == [f"keybus-topology-{SHOP}"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "AccessDeniedException"),
        ({"Principal": {"AWS": SHOP}}, "AccessDeniedException"),
        ({"Principal": {"AWS": "333333333333"}}, None),
        (
            {"Condition": {"StringLike": {"events:source": "shop.*"}}},
            "NotAuthorizedForSource",
        ),
        (
            {"Condition": {"StringNotEquals": {"events:detail-type": ["refund"]}}},
            "NotAuthorizedForDetailType",
        ),
        ({"Condition": {"StringEquals": {"events:detail-type": "refund"}}}, None),
    ],
)
def test_what_is_denied_is_refused_entry_by_entry(
    central: Any, shop: Any, change: dict[str, Any], expected: str | None
) -> None:
    assert code(shop) is None
    central.put_permission(Policy=policy(deny(**change)))
    assert code(shop) == expected
    central.remove_permission(StatementId="no")
    assert code(shop) is None


def test_the_native_face_is_denied_as_well(central: Any, small: Kept) -> None:
    token = small.issue("shop", "publisher").secret
    condition = {"StringEquals": {"events:detail-type": "refund"}}
    central.put_permission(Policy=policy(deny(Condition=condition)))
    entries: list[dict[str, Any]] = [
        {"source": "shop.till", "detail_type": kind, "detail": {}} for kind in ("refund", "sale")
    ]
    request = urllib.request.Request(
        f"{small.url}/api/v1/events",
        json.dumps({"entries": entries}).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        refusal, taken = json.loads(answer.read())["results"]
    assert refusal["code"] == "NotAuthorizedForDetailType"
    assert "the statement 'no' of the bus's policy denies it" in refusal["message"]
    assert taken["event_id"]


def test_nothing_that_is_allowed_adds_anything(central: Any, clients: Clients, shop: Any) -> None:
    central.put_permission(**ALLOW)
    assert code(shop, Source="shop.web") == "NotAuthorizedForSource"
    desk = clients("desk", "publisher")
    assert code(desk) == "NotAuthorizedForSource"
    assert code(clients("shop", "subscriber")) == "AccessDeniedException"


def test_a_policy_that_is_shown_can_be_put_back_with_more(central: Any) -> None:
    shown = json.loads(central.describe_event_bus()["Policy"])
    shown["Statement"].append(deny(Principal={"AWS": "333333333333"}))
    central.put_permission(Policy=json.dumps(shown))
    found = statements(central)
    assert list(found) == [f"keybus-topology-{SHOP}", "no"]
    assert found["no"] == shown["Statement"][-1]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{", "ValidationException", "the policy is none that can be kept to"),
        (
            policy(deny(Condition={"DateLessThan": {"aws:CurrentTime": "2027-01-01"}})),
            "ValidationException",
            "'aws:CurrentTime' is not evaluated",
        ),
        (policy(deny(Action="events:*")), "ValidationException", "is not decided by"),
        (policy(deny(Resource="arn:aws:sqs:::x")), "ValidationException", "is not this bus"),
        (
            policy(deny(Condition={"StringLike": {"events:source": "x" * 10_300}})),
            "PolicyLengthExceededException",
            "10240",
        ),
    ],
)
def test_what_would_not_be_evaluated_is_refused(
    central: Any, text: str, code: str, message: str
) -> None:
    refused(central.put_permission, code, message, Policy=text)


def test_what_is_not_there_cannot_be_taken_out(central: Any) -> None:
    missing = {"StatementId": "x"}
    none = "EventBus does not have a policy."
    refused(central.remove_permission, "ResourceNotFoundException", none, **missing)
    central.put_permission(**ALLOW)
    unknown = "Statement with the provided id does not exist."
    refused(central.remove_permission, "ResourceNotFoundException", unknown, **missing)
    own = {"StatementId": f"keybus-topology-{SHOP}"}
    refused(central.remove_permission, "ResourceNotFoundException", "platform.yaml", **own)
    refused(central.remove_permission, "ValidationException", "StatementId is required")
    other = missing | {"EventBusName": "other"}
    refused(central.remove_permission, "ResourceNotFoundException", "Event bus other", **other)
    refused(central.put_permission, "ResourceNotFoundException", EventBusName="x", **ALLOW)


def test_only_the_central_account_changes_the_policy(clients: Clients, shop: Any) -> None:
    for client in (shop, clients("operations", "auditor")):
        refused(client.put_permission, "AccessDeniedException", **ALLOW)
        refused(client.remove_permission, "AccessDeniedException", RemoveAllPermissions=True)


def test_it_is_in_the_audit_log_and_shows_as_drift(central: Any, small: Kept) -> None:
    central.put_permission(**ALLOW)
    stranger = ALLOW | {"Principal": "999999999999", "StatementId": "stranger"}
    refused(central.put_permission, "ValidationException", **stranger)
    told = small.command("platform", "drift", str(small.folder), token=small.token, check=False)
    assert told.returncode == 1
    assert f"made by hand: policy statement shop of operations: allows {SHOP}" in told.stdout
    changed = asked(small, "/audit?limit=1000&action=bus-policy")["entries"]
    assert made(small) == ["shop"]
    assert changed[-1]["data"]["added"][0]["Sid"] == "shop"
    noted = asked(small, "/audit?limit=1000&action=exchange.refused")["entries"]
    messages = [each["data"]["message"] for each in noted]
    assert any("the account 999999999999 is not declared" in each for each in messages)
    central.remove_permission(StatementId="shop")
    assert made(small) == []
