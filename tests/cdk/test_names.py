"""Names on AWS: stable, within each service's limits, and never one for two."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keybus.cdk import names
from keybus.cdk.names import Form, fits, fitted, logical_prefix
from keybus.topology.model import NAME_PATTERN

FORMS = [value for value in vars(names).values() if isinstance(value, Form)]
NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)


@settings(max_examples=20)
@given(NAMES, st.sampled_from(FORMS))
def test_a_fitted_name_fits(name: str, form: Form) -> None:
    found = fitted(name, form)
    assert fits(found, form)
    assert found == fitted(name, form)
    assert found == name or not fits(name, form)


@settings(max_examples=20)
@given(st.lists(NAMES, unique=True, max_size=12), st.sampled_from(FORMS))
def test_two_names_stay_two(given_names: list[str], form: Form) -> None:
    found = [fitted(each, form) for each in given_names]
    folded = [each.lower() for each in found] if form.folds else found
    assert len(set(folded)) == len(given_names)


@settings(max_examples=20)
@given(st.lists(NAMES, unique=True, max_size=12))
def test_two_prefixes_stay_two(given_names: list[str]) -> None:
    found = [logical_prefix(each) for each in given_names]
    assert all(re.fullmatch(r"[A-Za-z0-9]+", each) for each in found)
    assert not any(each == names.CENTRAL for each in found)
    assert max(Counter(found).values(), default=1) == 1


@pytest.mark.parametrize(("name", "prefix"), [
    ("garage-billing", "GarageBilling"),
    ("audit", "Audit"),
    ("Garage-Billing", "GarageBillinge2495cdf"),
    ("key.delivery", "KeyDelivery20e88766"),
    ("central", "Central8cb6279a"),
])  # fmt: skip
def test_names_that_are_pinned_since_stacks_are_known_by_them(name: str, prefix: str) -> None:
    assert logical_prefix(name) == prefix


def test_a_long_name_ends_with_its_digest() -> None:
    found = fitted("a" * 100, names.ROLE)
    assert len(found) == 64
    assert re.fullmatch(r"a{55}-[0-9a-f]{8}", found)
    assert fitted("Billing", names.ROLE) != fitted("billing", names.ROLE)
