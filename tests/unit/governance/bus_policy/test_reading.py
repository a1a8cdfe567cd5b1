"""A policy that would not be evaluated as it is written is refused."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.governance.bus_policy import MalformedPolicy, denials, read_policy, read_statement
from tests.unit.governance.bus_policy.small import BUS, PLATFORM, SHOP, statement

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("NotPrincipal", statement() | {"NotPrincipal": "*"}),
    ("unknown field", statement() | {"NotAction": "events:PutRule"}),
    ("Invalid enum value", statement("Permit")),
    ("missing required field", {"Effect": "Deny", "Principal": "*", "Action": "events:PutEvents"}),
    ("events:PutRule", statement(action="events:PutRule")),
    ("events:\\*", statement(action="events:*")),
    ("action '\\*'", statement(action=["events:PutEvents", "*"])),
    ("a list is empty", statement(action=[])),
    ("is not this bus", statement(resource="arn:aws:events:local:111111111111:event-bus/other")),
    ("is no account", statement(principal="shop")),
    ("is no account", statement(principal={"AWS": f"arn:aws:iam::{SHOP}:role/admin"})),
    ("is no account", statement(principal={"AWS": "12345"})),
    ("names Service", statement(principal={"Service": "events.amazonaws.com"})),
    ("names AWS, Federated", statement(principal={"AWS": SHOP, "Federated": "x"})),
    ("names nobody", statement(principal={})),
    ("operator 'ArnLike'", statement(condition={"ArnLike": {"events:source": "x"}})),
    ("operator 'stringEquals'", statement(condition={"stringEquals": {"events:source": "x"}})),
    ("operator 'StringGlob'", statement(condition={"StringGlob": {"events:source": "x"}})),
    ("operator 'ForSome:String", statement(condition={"ForSome:StringLike": {"events:source": "x"}})),
    ("'aws:SourceArn'", statement(condition={"StringEquals": {"aws:SourceArn": "x"}})),
    ("has no key", statement(condition={"StringEquals": {}})),
    ("a list is empty", statement(condition={"StringEquals": {"events:source": []}})),
    ("variable", statement(condition={"StringEquals": {"events:source": "${aws:username}"}})),
    ("true or false", statement(condition={"Null": {"events:source": "maybe"}})),
    ("got `int`", statement(condition={"StringEquals": {"events:source": 7}})),
    ("at most 64", statement(sid="a b")),
    ("at most 64", statement(sid="x" * 65)),
]  # fmt: skip


@pytest.mark.parametrize(("message", "written"), WRONG)
def test_a_statement_that_would_not_be_evaluated_is_refused(
    message: str, written: dict[str, Any]
) -> None:
    with pytest.raises(MalformedPolicy, match=message):
        read_statement(written, [BUS])
    document = json.dumps({"Version": "2012-10-17", "Statement": [written]})
    with pytest.raises(MalformedPolicy, match=message):
        read_policy(document, [BUS])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        '"*"',
        "\ud800",
        "[" * 100_000,
        json.dumps({"Version": "2027-10-17", "Statement": []}),
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2012-10-17", "Statement": ["x"]}),
        json.dumps({"Version": "2012-10-17", "Statement": [], "More": 1}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(), statement()]}),
        # The second condition would take the place of the first.
        json.dumps({"Version": "2012-10-17", "Statement": statement(condition={})}).replace(
            '"Condition": {}',
            '"Condition": {"Null": {"events:source": "false"}}, "Condition": {}',
        ),
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        read_policy(text, [BUS])


def test_one_statement_may_stand_without_a_list_and_a_name() -> None:
    written = statement()
    del written["Sid"]
    document = json.dumps({"Version": "2012-10-17", "Id": "mine", "Statement": written})
    [one] = read_policy(document, [BUS])
    assert (one.sid, one.effect, one.principals, one.written) == ("", "Deny", None, written)
    assert read_policy('{"Version": "2012-10-17", "Statement": []}', [BUS]) == []
    assert read_policy('{"Statement": []}', [BUS]) == []


def test_statements_mean_the_same_however_they_are_written() -> None:
    one = statement("Allow", principal={"AWS": SHOP}, condition={
        "StringEquals": {"events:source": ["a", "b"]},
    })  # fmt: skip
    other = statement("Allow", principal={"AWS": [f"arn:aws:iam::{SHOP}:root"]}, condition={
        "StringEquals": {"EVENTS:SOURCE": ["b", "a", "b"]},
    })  # fmt: skip
    assert read_statement(one, [BUS]).says_the_same(read_statement(other, [BUS]))
    another = statement("Allow", principal={"AWS": SHOP})
    assert not read_statement(one, [BUS]).says_the_same(read_statement(another, [BUS]))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(
    member=st.sampled_from(
        ("Sid", "Effect", "Principal", "Action", "Resource", "Condition", "More")
    ),
    value=st.one_of(
        anything,
        st.builds(lambda value: {"AWS": value}, anything),
        st.builds(lambda value: {"StringLike": {"events:source": value}}, anything),
        st.builds(lambda name: {name: {"events:source": "x"}}, st.text(max_size=8)),
        st.builds(lambda name: {"StringLike": {name: "x"}}, st.text(max_size=8)),
    ),
)
def test_whatever_is_written_is_read_or_refused(member: str, value: Any) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement() | {member: value}]})
    with suppress(MalformedPolicy):
        [one] = read_policy(document, [BUS])
        assert denials([one], PLATFORM).keys() <= PLATFORM.accounts.keys()


@given(st.text(max_size=20))
def test_whatever_text_there_is_is_read_or_refused(text: str) -> None:
    with suppress(MalformedPolicy):
        assert read_policy(text, [BUS]) == []
