"""Reading an account whose answers come in pages, and not all of which may be read."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keybus.cdk.existing import NotReadable, Part, read_account
from tests.cdk.existing.shop import BUS, HUB, REGION

Answer = Callable[..., Any]
RULES = 250
HTTP = {"HeaderParameters": {"X-Shop": "1"}}


def denied(**asked: Any) -> Any:
    """What AWS says to whoever may not."""
    error = {"Code": "AccessDeniedException", "Message": f"not {sorted(asked)}"}
    raise ClientError({"Error": error}, "DescribeSchema")


class Client:
    """A client that answers what it is told to."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Answer:
        return self._answers[name]

    def get_paginator(self, name: str) -> "Pages":
        return Pages(self._answers[name])


class Pages:
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def paginate(self, **asked: Any) -> Iterator[Any]:
        yield self._answer(**asked)


class Services:
    """An account with many rules on its bus, and two registries."""

    def client(self, service_name: str) -> Client:
        return Client({"events": EVENTS, "schemas": SCHEMAS}[service_name])


def rules(EventBusName: str, NextToken: str = "0") -> Any:  # noqa: N803 - AWS's names
    first = int(NextToken)
    found = [
        {
            "Name": f"r{each}",
            "Arn": f"arn:aws:events:{REGION}:{HUB}:rule/{EventBusName}/r{each}",
            "EventPattern": json.dumps({"source": [f"shop.{each}"]}),
            "ScheduleExpression": "rate(1 day)",
        }
        for each in range(first, min(first + 100, RULES))
    ]
    last = first + 100
    return {"Rules": found, **({"NextToken": str(last)} if last < RULES else {})}


def targets(Rule: str, EventBusName: str, NextToken: str = "") -> Any:  # noqa: N803 - AWS's names
    _ = EventBusName
    arn = f"arn:aws:lambda:{REGION}:{HUB}:function:{Rule}{NextToken}"
    more = {} if NextToken else {"NextToken": "more"}
    return {"Targets": [{"Id": "1", "Arn": arn, "HttpParameters": HTTP}], **more}


def described(RegistryName: str, SchemaName: str) -> Any:  # noqa: N803 - AWS's names
    if RegistryName == "closed":
        return denied(RegistryName=RegistryName)
    return {"SchemaName": SchemaName, "Type": "JSONSchemaDraft4", "Content": '{"type": "object"}'}


EVENTS: dict[str, Answer] = {
    "list_event_buses": lambda: {"EventBuses": [{"Name": "shop", "Arn": BUS}]},
    "describe_event_bus": lambda Name: {"Name": Name},  # noqa: N803 - AWS's names
    "list_rules": rules,
    "list_targets_by_rule": targets,
    "list_archives": lambda EventSourceArn: {"Archives": []},  # noqa: ARG005, N803 - AWS's names
}
SCHEMAS: dict[str, Answer] = {
    "list_registries": lambda: {
        "Registries": [{"RegistryName": each} for each in ("closed", "aws.events", "open")]
    },
    "list_schemas": lambda RegistryName: {"Schemas": [{"SchemaName": f"{RegistryName}@ItemSold"}]},  # noqa: N803 - AWS's names
    "describe_schema": described,
}


def read() -> Part:
    return read_account(Services(), "hub")


def test_all_pages_are_read() -> None:
    found = read().buses[BUS].rules
    assert [each.name for each in found] == [f"r{each}" for each in range(RULES)]
    assert {len(each.targets) for each in found} == {2}


def test_what_a_rule_has_beside_its_pattern_is_read() -> None:
    found = read().buses[BUS].rules[0]
    assert (found.schedule, found.targets[0].has_parameters) == ("rate(1 day)", True)


def test_a_registry_that_is_closed_takes_no_other_with_it() -> None:
    found = read()
    assert [each.name for each in found.schemas] == ["open@ItemSold"]
    [told] = found.unread
    assert told.subject == "the registry closed"
    assert "not all of its schemas can be read: An error occurred (AccessDenied" in told.why


@pytest.mark.parametrize(
    "answer", [{"EventBuses": [{}]}, {"EventBuses": [{"Name": 7, "Arn": None}]}, [1]]
)
def test_what_is_not_eventbridge_is_told(answer: Any) -> None:
    class Other:
        def client(self, service_name: str) -> Client:
            assert service_name == "events"
            return Client({"list_event_buses": lambda **_: answer})

    with pytest.raises(NotReadable, match="what answers is not EventBridge"):
        read_account(Other())
