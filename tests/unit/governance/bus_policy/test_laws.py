"""Whatever is put into the policy: nobody may put more than the topology allows."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.contracts import ContractRepository
from keybus.governance import Principal, Role
from keybus.governance.authorizer import Authorizer
from keybus.governance.bus_policy import (
    MalformedPolicy,
    Statement,
    denials,
    read_statement,
    uncovered,
)
from tests.unit.governance.bus_policy.naive import applies
from tests.unit.governance.bus_policy.small import BUS, DESK, GUEST, PLATFORM, SHOP, statement

SOURCES = ("shop.till", "shop.web", "desk.bell", "guest.door", "aws.ec2", "nobodys")
TYPES = ("sale", "refund")
WORDS = {
    "events:source": (*SOURCES, "shop.*", "*", "?esk.bell", "SHOP.till"),
    "events:detail-type": (*TYPES, "s*", "SALE"),
    "aws:PrincipalAccount": (SHOP, DESK, "999999999999", "2*"),
    "aws:PrincipalOrgID": ("o-small", "o-guests", "o-*", "O-SMALL"),
}
operators = st.one_of(
    st.builds(
        "{}String{}{}{}".format,
        st.sampled_from(("", "ForAnyValue:", "ForAllValues:")),
        st.sampled_from(("", "Not")),
        st.sampled_from(("Equals", "Like", "EqualsIgnoreCase")),
        st.sampled_from(("", "IfExists")),
    ),
    st.just("Null"),
)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(draw(st.integers(0, 2))):
        operator, key = draw(operators), draw(st.sampled_from(sorted(WORDS)))
        words = ("true", "false") if operator == "Null" else WORDS[key]
        values = draw(st.lists(st.sampled_from(words), min_size=1, max_size=2))
        found[operator] = {key: values if draw(st.booleans()) else values[0]}
    return found


principals = st.one_of(
    st.just("*"),
    st.builds(lambda each: {"AWS": each}, st.sampled_from((SHOP, DESK, GUEST, "999999999999"))),
    st.builds(
        lambda each: {"AWS": [f"arn:aws:iam::{name}:root" for name in each]},
        st.lists(st.sampled_from((SHOP, DESK, GUEST)), min_size=1, max_size=2),
    ),
)
statements = st.builds(
    lambda effect, principal, condition: statement(
        effect, principal=principal, condition=condition
    ),
    st.sampled_from(("Allow", "Deny", "Deny")),
    principals,
    conditions(),
)


def accepted(written: list[dict[str, Any]], authorizer: Authorizer) -> list[Statement]:
    """Those that PutPermission takes."""
    found = []
    for each in written:
        try:
            read = read_statement(each, [BUS])
        except MalformedPolicy:
            continue
        if uncovered(read, PLATFORM, authorizer) is None:
            found.append(read)
    return found


@pytest.mark.parametrize("examples", [40, pytest.param(2_000, marks=pytest.mark.long)])
def test_nobody_puts_more_and_denied_is_what_iam_denies(
    examples: int, nothing: ContractRepository, authorizer: Authorizer
) -> None:
    @settings(max_examples=examples)
    @given(st.lists(statements, max_size=3))
    def law(written: list[dict[str, Any]]) -> None:
        kept = accepted(written, authorizer)
        with_policy = Authorizer(PLATFORM, nothing, denied=denials(kept, PLATFORM))
        denying = [dict(each.written) for each in kept if each.effect == "Deny"]
        for name, account in PLATFORM.accounts.items():
            who = Principal(name, frozenset({"publisher"}))
            organization = account.organization or PLATFORM.organization
            for source in SOURCES:
                for event_type in TYPES:
                    request = {
                        "events:source": [source],
                        "events:detail-type": [event_type],
                        "aws:principalaccount": [account.id],
                        "aws:principalorgid": [organization] if organization else [],
                    }
                    allowed = authorizer.put(who, source, event_type) is None
                    denied = any(applies(each, request) for each in denying)
                    found = with_policy.put(who, source, event_type) is None
                    assert found == (allowed and not denied)

    law()


def test_a_credential_that_may_not_put_still_may_not(
    nothing: ContractRepository, authorizer: Authorizer
) -> None:
    kept = accepted([statement("Allow", principal={"AWS": SHOP}), statement(sid="no")], authorizer)
    with_policy = Authorizer(PLATFORM, nothing, denied=denials(kept, PLATFORM))
    cases: list[tuple[Role, str]] = [("subscriber", "role"), ("publisher", "denied")]
    for role, code in cases:
        refusal = with_policy.put(Principal("shop", frozenset({role})), "shop.till", "sale")
        assert refusal is not None
        assert refusal.code == code
