"""Platforms without faults, drawn at random, over the contracts of these tests."""

from typing import Any

from hypothesis import strategies as st

EVENTS = ("order.placed@1", "door_unit.opened@1")
FIELDS = ("/status", "/site", "/site/kind", "/grade", "/stops/kind")
INPUTS: list[dict[str, Any]] = [
    {},
    {"input": '"012"'},
    {"input_path": "$.source"},
    {"input_transformer": {"template": "1"}},
    {"input_transformer": {"template": '{"s": <s>}', "paths": {"s": "$.id"}}},
    {"jsonata": "detail"},
]
# Texts that one YAML or the other takes for something else.
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1) | st.sampled_from(
    ["NO", "1e3", "0o7", "012", "~", "12:30", "=", "<<", "2027-01-01", "- a", "a: b", "# x", "0x1F"]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = TEXTS | NUMBERS | st.booleans() | st.none()
ADMISSIONS: list[dict[str, Any]] = [
    {"default": "off"},
    {"types": {"order.placed": "observe"}},
    {"default": "enforce", "types": {"order.placed": "off", "door_unit.opened": "observe"}},
]
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,20}", fullmatch=True)


def subscriptions() -> st.SearchStrategy[dict[str, Any]]:
    """A subscription of the account ``you``, as data."""
    filters = st.fixed_dictionaries(
        {"detail": st.fixed_dictionaries({"any": st.lists(LEAVES, min_size=1)})}
    )
    return st.fixed_dictionaries(
        {"account": st.just("you"), "filter": filters, "allow_undeclared": st.just(["detail.any"])},
        optional={
            "events": st.just([EVENTS[0]]),
            "fields": st.lists(st.sampled_from(FIELDS[:4]), unique=True),
            "order": st.fixed_dictionaries(
                {"key": st.just("/status")},
                optional={"on_failure": st.sampled_from(["skip", "block"])},
            ),
            "retry": st.fixed_dictionaries(
                {}, optional={"attempts": st.integers(0, 185), "max_age": st.integers(60, 1209600)}
            ),
            "alarms": st.fixed_dictionaries(
                {}, optional={"failure_rate": st.floats(0.001, 1), "waiting": st.integers(1, 10**9)}
            ),
            "target": st.fixed_dictionaries(
                {}, optional={"webhook": st.just({"url": "https://hooks.example/x?y=#1"})}
            ).flatmap(lambda target: st.sampled_from(INPUTS).map(lambda made: target | made)),
        },
    )


def platforms() -> st.SearchStrategy[dict[str, Any]]:
    """A platform, as data."""
    account = {"owners": ["hub-team"], "clearance": "pii"}
    grant = st.fixed_dictionaries(
        {
            "account": st.sampled_from(["you", "hub"]),
            "events": st.just(["order.placed"]),
            "reason": TEXTS.filter(lambda text: any("!" <= each <= "~" for each in text)),
            "approver": st.just("hub-team"),
            "expires": st.sampled_from(["2027-06-30", "2027-06-30T12:00:00Z"]),
        }
    )
    return st.fixed_dictionaries(
        {
            "bus": st.sampled_from(["tiny", "NO", "1e3", "012"]),
            "central": st.just("hub"),
            "accounts": st.just(
                {
                    "hub": {"id": "000000000001", **account},
                    "me": {"id": "111111111111"},
                    "you": {"id": "222222222222"},
                }
            ),
            "grants": st.dictionaries(NAMES, grant, max_size=3),
            "subscriptions": st.dictionaries(NAMES, subscriptions(), max_size=3),
        },
        optional={
            "publishers": st.just({"shop": {"account": "me", "events": ["order.placed"]}}),
            "footing": st.sampled_from(["embedded", "nats", "aws"]),
            "organization": st.just("o-abcd"),
            "region": NAMES,
            "minimum": st.just({"client": "0.1"}),
            "admission": st.sampled_from(ADMISSIONS),
            "archive": st.sampled_from([{"max_age": 3600}, {"max_size": 5_000_000_000}]),
        },
    )
