"""Laws of what is worked out from samples: it takes each of them, whatever order they came in."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator

from keybus.contracts.discovery import Limits, Place, schema_of
from keybus.contracts.formats import FORMATS

pytestmark = pytest.mark.long
TEXTS = st.sampled_from(
    [
        *("", "A", "B", "IN_GARAGE", "x" * 100, "é", "2026-01-31", "12"),
        *("2026-01-31T08:00:00Z", "2026-02-01T08:00:00.5+01:00"),
        *("3f0c0e9e-8a54-4b6e-9a39-0c1f5d1f2b7a", "00000000-0000-0000-0000-000000000000"),
        *("a@example.com", "https://example.com/a?b", "10.0.0.1", "::1", "PT15M"),
    ]
)
NAMES = st.one_of(
    st.sampled_from(["a", "b", "c", "$ref", "type", "x-keybus-uncertain", "__proto__", "1", "2"]),
    st.text(max_size=3).filter(lambda text: text.isprintable()),
)
NUMBERS = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.just(10**40)
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=5)
TIGHT = Limits(names=3, values=2, longest=4, depth=2, places=10**6)
ALL_LIMITS = st.sampled_from([Limits(), TIGHT])


def seen(events: list[dict[str, Any]], limits: Limits) -> Place:
    place = Place()
    for event in events:
        place.observe(event, limits)
    return place


def many(event: dict[str, Any]) -> list[dict[str, Any]]:
    """So many that enums are proposed, and nothing is too few any more."""
    return [event] * 40


@given(events=st.lists(EVENTS, min_size=1, max_size=6), limits=ALL_LIMITS, often=st.booleans())
def test_every_sample_fits(events: list[dict[str, Any]], limits: Limits, *, often: bool) -> None:
    samples = [each for event in events for each in (many(event) if often else [event])]
    place = seen(samples, limits)
    for marks in (True, False):
        for root in (True, False):
            schema = schema_of(place, marks=marks, root=root)
            fits = Draft4Validator(schema, formats=dict(FORMATS), validate_formats=True)
            assert all(fits.is_valid(event) for event in events), schema


@given(events=st.lists(EVENTS, max_size=6), limits=ALL_LIMITS, data=st.data())
def test_neither_order_nor_chunks_matter(
    events: list[dict[str, Any]], limits: Limits, data: st.DataObject
) -> None:
    at_once = seen(events, limits)
    shuffled = data.draw(st.permutations(events))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))
    merged = Place()
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        merged.merge(seen(shuffled[start:end], limits), limits)
    assert merged == at_once
    assert schema_of(merged) == schema_of(at_once)


@settings(max_examples=200)
@given(events=st.lists(EVENTS, max_size=12), limits=ALL_LIMITS, data=st.data())
def test_merging_is_associative(
    events: list[dict[str, Any]], limits: Limits, data: st.DataObject
) -> None:
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(events))] * 2)))

    def lots() -> list[Place]:
        parts = (events[:first], events[first:second], events[second:])
        return [seen(part, limits) for part in parts]

    a, b, c = lots()
    a.merge(b, limits)
    a.merge(c, limits)
    left = a
    a, b, c = lots()
    b.merge(c, limits)
    a.merge(b, limits)
    assert left == a
