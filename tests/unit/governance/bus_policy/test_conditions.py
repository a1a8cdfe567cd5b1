"""Conditions of statements that deny: a table of cases, and the wildcards' law."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keybus.governance.bus_policy import denials, read_statement
from keybus.governance.bus_policy.glob import fits
from tests.unit.governance.bus_policy.small import BUS, PLATFORM, SHOP, statement

SOURCE, TYPE = "shop.till", "sale"
CASES: list[tuple[dict[str, Any], str | None]] = [
    ({}, "denied"),
    ({"StringEquals": {"events:source": "shop.till"}}, "denied-source"),
    ({"StringEquals": {"events:source": ["else", "shop.till"]}}, "denied-source"),
    ({"StringEquals": {"EVENTS:Source": "shop.till"}}, "denied-source"),
    ({"StringEquals": {"events:source": "Shop.till"}}, None),
    ({"StringEqualsIgnoreCase": {"events:source": "SHOP.till"}}, "denied-source"),
    ({"StringNotEqualsIgnoreCase": {"events:source": "SHOP.till"}}, None),
    ({"StringNotEquals": {"events:source": "shop.till"}}, None),
    ({"StringNotEquals": {"events:source": ["else", "shop.till"]}}, None),
    ({"StringNotEquals": {"events:source": ["else", "more"]}}, "denied-source"),
    ({"StringLike": {"events:source": "shop.*"}}, "denied-source"),
    ({"StringLike": {"events:source": "shop.t?ll"}}, "denied-source"),
    ({"StringLike": {"events:source": "shop.?"}}, None),
    ({"StringNotLike": {"events:source": "shop.*"}}, None),
    ({"StringEquals": {"events:source": "shop.*"}}, None),
    ({"StringEquals": {"events:detail-type": "sale"}}, "denied-event"),
    ({"StringEquals": {"events:detail-type": "refund"}}, None),
    ({"StringEquals": {"events:detail-type": "sale", "events:source": "x"}}, None),
    ({"StringEquals": {"events:detail-type": "sale", "events:source": SOURCE}}, "denied-source"),
    ({"StringLike": {"events:source": "*"}, "StringEquals": {"events:detail-type": "x"}}, None),
    ({"ForAnyValue:StringEquals": {"events:source": "shop.till"}}, "denied-source"),
    ({"ForAllValues:StringEquals": {"events:source": "shop.till"}}, "denied-source"),
    ({"ForAllValues:StringNotEquals": {"events:source": "shop.till"}}, None),
    ({"StringEquals": {"aws:PrincipalAccount": SHOP}}, "denied"),
    ({"StringEquals": {"aws:PrincipalAccount": "999999999999"}}, None),
    ({"StringEquals": {"aws:PrincipalOrgID": "o-small"}}, "denied"),
    ({"StringNotEquals": {"aws:PrincipalOrgID": "o-small"}}, None),
    ({"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}, "denied"),
    ({"Null": {"aws:PrincipalOrgID": "true"}}, None),
    ({"Null": {"aws:PrincipalOrgID": False}}, "denied"),
    ({"Null": {"events:source": ["true", "false"]}}, "denied-source"),
]


@pytest.mark.parametrize(("condition", "code"), CASES)
def test_a_statement_denies_what_its_conditions_say(
    condition: dict[str, Any], code: str | None
) -> None:
    denied = denials([read_statement(statement(condition=condition), [BUS])], PLATFORM)
    refusal = denied["shop"](SOURCE, TYPE) if "shop" in denied else None
    assert (refusal.code if refusal else None) == code


ABSENT: list[tuple[str, bool]] = [
    ("StringEquals", False),
    ("StringLike", False),
    ("StringNotEquals", True),
    ("StringNotLike", True),
    ("StringEqualsIfExists", True),
    ("ForAnyValue:StringEquals", False),
    ("ForAnyValue:StringNotEquals", False),
    ("ForAnyValue:StringEqualsIfExists", True),
    ("ForAllValues:StringEquals", True),
]


@pytest.mark.parametrize(("operator", "denies"), ABSENT)
def test_an_account_without_an_organization_has_no_such_key(operator: str, denies: bool) -> None:  # noqa: FBT001 - a case of the table
    nowhere = msgspec.structs.replace(PLATFORM, organization=None)
    one = read_statement(statement(condition={operator: {"aws:PrincipalOrgID": "o-x"}}), [BUS])
    assert ("shop" in denials([one], nowhere)) == denies


@pytest.mark.parametrize(
    ("principal", "accounts"),
    [
        ("*", {"hub", "shop", "desk", "guest", "idle"}),
        ({"AWS": "*"}, {"hub", "shop", "desk", "guest", "idle"}),
        ({"AWS": SHOP}, {"shop"}),
        ({"AWS": [f"arn:aws:iam::{SHOP}:root", "333333333333"]}, {"shop", "desk"}),
        ({"AWS": "999999999999"}, set()),
    ],
)
def test_a_statement_is_about_its_principals(principal: Any, accounts: set[str]) -> None:
    one = read_statement(statement(principal=principal), [BUS])
    assert denials([one], PLATFORM).keys() == accounts


def test_an_account_may_have_an_organization_of_its_own() -> None:
    def denied(organization: str) -> set[str]:
        condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        return set(denials([read_statement(statement(condition=condition), [BUS])], PLATFORM))

    assert denied("o-guests") == {"guest"}
    assert denied("o-small") == {"hub", "shop", "desk", "idle"}


def test_of_several_statements_one_that_denies_is_enough() -> None:
    read = [
        read_statement(statement(sid=str(number), condition=condition), [BUS])
        for number, condition in enumerate(
            [
                {"StringEquals": {"events:source": "x"}},
                {"StringEquals": {"events:detail-type": "sale"}},
            ]
        )
    ]
    denied = denials(read, PLATFORM)["shop"]
    refusal = denied("shop.web", "sale")
    assert refusal is not None
    assert (refusal.code, "'1'" in refusal.message) == ("denied-event", True)
    assert denied("shop.web", "refund") is None


@given(
    text=st.text(alphabet="ab*?\n", max_size=8),
    wanted=st.text(alphabet="ab*?\n", max_size=8),
)
def test_wildcards_are_those_of_regular_expressions(text: str, wanted: str) -> None:
    parts = [".*" if each == "*" else "." if each == "?" else re.escape(each) for each in wanted]
    assert fits(text, wanted) == bool(re.fullmatch("".join(parts), text, re.DOTALL))


def test_wildcards_that_would_take_for_ever_do_not() -> None:
    assert not fits("a" * 5_000, "*a" * 500 + "b")
