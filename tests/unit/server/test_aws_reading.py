"""Requests of AWS's JSON protocols: read, or refused in AWS's words."""

from typing import Annotated, Any, Literal

import msgspec
import pytest

from keybus.server.aws import AwsError
from keybus.server.aws.reading import read
from keybus.server.aws.shapes import SENSITIVE, Request, between, length, pattern

Name = Annotated[str, length(1, 8), pattern(r"[\.\-_A-Za-z0-9]+")]


class Tag(Request, frozen=True):
    key: Annotated[str, length(1, 4)]
    value: str = ""


class Asked(Request, frozen=True):
    name: Name
    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    days: Annotated[int, between(0, 9)] | None = None
    tags: Annotated[tuple[Tag, ...], length(0, 2)] = ()
    paths: dict[str, Name] = msgspec.field(default_factory=dict)
    truth: bool = False


def asked(value: Any) -> Asked:
    return read(msgspec.json.encode(value), Asked)


def refusal(value: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        asked(value)
    return caught.value.kind, str(caught.value)


def test_what_fits_is_read_and_what_is_unknown_passed_over() -> None:
    found = asked({"Name": "a.b-c_1", "Days": 9, "Tags": [{"Key": "k"}], "Else": {"Deep": [1]}})
    assert found == Asked("a.b-c_1", days=9, tags=(Tag("k"),))


def test_a_null_member_is_one_that_is_not_there() -> None:
    assert asked({"Name": "a", "State": None, "Days": None, "Tags": None}) == Asked("a")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        ({"Name": ""}, "pattern: [\\.\\-_A-Za-z0-9]+; Value '' at 'name' failed"),
        ({"Name": ""}, "Member must have length greater than or equal to 1"),
        ({"Name": "a\n"}, "Member must satisfy regular expression pattern"),
        ({"Name": "a" * 9}, "Member must have length less than or equal to 8"),
        ({"Name": "a", "State": "ON"}, "Member must satisfy enum value set: [DISABLED, ENABLED]"),
        ({"Name": "a", "Days": -1}, "Member must have value greater than or equal to 0"),
        ({"Name": "a", "Days": 10}, "Value '10' at 'days' failed to satisfy constraint"),
        ({"Name": "a", "Tags": [{"Key": "a"}, {}]}, "Value null at 'tags.2.member.key' failed"),
        ({"Name": "a", "Paths": {"x": ""}}, "Value '' at 'paths.x.member' failed"),
        ({"Name": "a", "Tags": [{"Key": "k"}] * 3}, "length less than or equal to 2"),
    ],
)
def test_a_constraint_that_is_broken_is_told(value: Any, told: str) -> None:
    kind, message = refusal(value)
    assert kind == "ValidationException"
    assert told in message


def test_all_that_is_broken_is_told_at_once() -> None:
    _, message = refusal({"State": "ON", "Days": 10})
    assert message.startswith("3 validation errors detected: Value null at 'name'")


def test_what_is_in_a_list_that_is_too_long_is_not_looked_at() -> None:
    _, message = refusal({"Name": "a", "Tags": [{}] * 100_000})
    assert message.startswith("1 validation error detected: ")
    assert "length less than or equal to 2" in message


def test_so_many_faults_are_counted() -> None:
    _, message = refusal({"Name": "a", "Paths": {str(number): "" for number in range(1_000)}})
    assert message.startswith("100 validation errors detected: ")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Name": 7}, "NUMBER_VALUE cannot be converted to String"),
        ({"Name": ["a"]}, "START_ARRAY cannot be converted to String"),
        ({"Name": "a", "Tags": {}}, "START_OBJECT cannot be converted to List"),
        ({"Name": "a", "Tags": [None]}, "NULL_VALUE cannot be converted to Structure"),
        ({"Name": "a", "Days": "7"}, "STRING_VALUE cannot be converted to Integer"),
        ({"Name": "a", "Days": True}, "TRUE_VALUE cannot be converted to Integer"),
        ({"Name": "a", "Truth": "yes"}, "STRING_VALUE cannot be converted to Boolean"),
        ([], "START_ARRAY cannot be converted to Structure"),
    ],
)
def test_a_member_of_another_type_cannot_be_read(value: Any, told: str) -> None:
    assert refusal(value) == ("SerializationException", told)


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"Name": ' + b"[" * 100_000, b"1 2"])
def test_what_is_no_json_cannot_be_read(body: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        read(body, Asked)
    assert caught.value.kind == "SerializationException"


def test_a_long_value_is_cut_in_what_is_told() -> None:
    _, message = refusal({"Name": "a" * 100_000})
    assert len(message) < 1_000


class Secret(Request, frozen=True):
    word: Annotated[str, length(2, 8), pattern("a+(b+a+)*", linear="a(b*a)*"), SENSITIVE]
    words: Annotated[tuple[str, ...], length(0, 1), SENSITIVE] = ()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Word": "hush"}, "Value at 'word' failed to satisfy constraint: Member must satisfy reg"),
        ({"Word": "a" * 9}, "Value at 'word' failed to satisfy constraint: Member must have len"),
        ({"Word": "aa", "Words": ["hush", "hush"]}, "Value at 'words' failed to satisfy constr"),
        ({}, "Value null at 'word' failed to satisfy constraint: Member must not be null"),
    ],
)
def test_what_is_sensitive_is_not_repeated(value: Any, told: str) -> None:
    with pytest.raises(AwsError) as caught:
        read(msgspec.json.encode(value), Secret)
    assert told in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_pattern_is_told_as_the_model_has_it_whatever_is_asked_in_its_place() -> None:
    with pytest.raises(AwsError, match=r"regular expression pattern: a\+\(b\+a\+\)\*$"):
        read(b'{"Word": "abb"}', Secret)
