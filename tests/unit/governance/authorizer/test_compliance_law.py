"""Compliance and the gate agree: where no finding says so, nothing that is routed is held.

Over drawn platforms, every event that somebody may put is routed; what the gate then refuses has a
finding at the subscription, or at a grant to its account.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from keybus.bus.ingest.router import Router
from keybus.contracts import ContractRepository
from keybus.contracts.pointers import pointer_of
from keybus.envelope import Entry, encode, seal
from keybus.governance import ROLES, Principal
from keybus.governance.authorizer import Authorizer
from keybus.governance.compliance import Evidence, Finding, check_compliance
from keybus.topology import Grant, Platform, Publisher, Subscription
from tests.unit.governance.authorizer.drawn import (
    CONTRACTS,
    FOREIGN,
    MOMENTS,
    SOURCES,
    TYPES,
    declared_account,
    instants,
    publishers,
)
from tests.unit.governance.authorizer.test_authorizer_laws import QUICK_AND_LONG

# What a refusal may be found as. An ended grant comes before the clearance that it would not help.
FOUND_AS: Final[Mapping[str, frozenset[str]]] = {
    "no-grant": frozenset({"DX06"}),
    "clearance": frozenset({"DX06", "DX12", "DX15"}),
    "grant-expired": frozenset({"DX06", "DX12"}),
}
YEAR_9999_US = 253_370_764_800_000_000  # a report says when it judges
DETAILS = ({"n": 1}, {"n": 2, "schema_version": "1.2.0"})

WHO: Final = ("me", "you", "Me", "hub")
accounts = st.sampled_from(WHO)
_texts = st.sampled_from([*SOURCES[:12], *TYPES, "foreign.seen"])
_operators = st.one_of(
    _texts,
    _texts,
    _texts.map(lambda text: {"prefix": text[:3]}),
    _texts.map(lambda text: {"suffix": text[-3:]}),
    _texts.map(lambda text: {"anything-but": [text]}),
    _texts.map(lambda text: {"equals-ignore-case": text}),
    _texts.map(lambda text: {"exactly": text}),
    _texts.map(lambda text: {"wildcard": f"{text[:2]}*"}),
    st.sampled_from([{"exists": True}, {"exists": False}, None]),
)
_values = st.lists(_operators, min_size=1, max_size=3)
_flat = st.fixed_dictionaries(
    {},
    optional={
        "source": st.one_of(_values, st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2)),
        "detail-type": st.one_of(_values, st.lists(st.sampled_from(TYPES), min_size=1, max_size=2)),
        "detail": st.just({"n": [1]}),
    },
).filter(bool)
_branches = st.lists(_flat, min_size=2, max_size=3)
filters = st.one_of(
    _flat, _flat, st.builds(lambda one, ors: one | {"$or": ors}, _flat, _branches),
    st.builds(lambda ors: {"$or": ors}, _branches),
)  # fmt: skip
_refs = st.lists(st.sampled_from([f"{each}@1" for each in TYPES]), min_size=1, max_size=3)
subscriptions = st.one_of(
    st.builds(Subscription, accounts, st.just([]), filters),
    st.builds(Subscription, accounts, _refs, st.none() | filters),
)
grants = st.builds(
    Grant, accounts, st.just("r"), st.just("somebody"), st.sampled_from(MOMENTS),
    st.lists(st.sampled_from(TYPES), max_size=4), st.lists(st.sampled_from(SOURCES), max_size=4),
)  # fmt: skip


def _parts(kind: st.SearchStrategy[Any], least: int, most: int) -> st.SearchStrategy[Any]:
    """Parts by names that say nothing."""
    listed = st.lists(kind, min_size=least, max_size=most)
    return listed.map(lambda parts: {f"n{index}": part for index, part in enumerate(parts)})


def sound(publishers: Sequence[Publisher]) -> dict[str, Publisher]:
    """Drawn publishers as the loader takes them: a source is one's, and events are one's own.

    Each account has one of its own besides, that emits all that it owns.
    """
    own = [Publisher(name, list(TYPES), [name]) for name in WHO]
    found: dict[str, Publisher] = {}
    taken: set[str] = set()
    for index, each in enumerate((*own, *publishers)):
        sources = [source for source in each.sources if source not in taken]
        events = [event for event in each.events if CONTRACTS.get(event, ("",))[0] == each.account]
        if sources and each.account in WHO:
            found[f"p{index}"] = replace(each, events=events, sources=sources)
            taken.update(sources)
    return found


platforms = st.builds(
    Platform,
    bus=st.just("drawn"),
    central=st.just("hub"),
    accounts=st.fixed_dictionaries(dict.fromkeys(WHO, declared_account)),
    publishers=st.lists(publishers, max_size=4).map(sound),
    grants=_parts(grants, 2, 8),
    subscriptions=_parts(subscriptions, 1, 6),
)


def putable(authorizer: Authorizer, platform: Platform) -> Iterator[tuple[str, str]]:
    """Every source and event type that some account may put."""
    everybody = [Principal(name, frozenset(ROLES)) for name in platform.accounts]
    for source in SOURCES:
        for event_type in (*TYPES, *FOREIGN):
            if any(authorizer.put(who, source, event_type) is None for who in everybody):
                yield source, event_type


def routed(router: Router, source: str, event_type: str) -> set[str]:
    """The subscriptions that events of a source and type can reach."""
    found: set[str] = set()
    for detail in DETAILS:
        text = str(detail).replace("'", '"').encode()
        entry = Entry(source, event_type, Raw(text))
        event = seal(entry, event_id="e", account="111111111111", region="local", now_us=0)
        read: dict[str, Any] = dict(detail)
        found.update(router.match(event, encode(event), read))
    return found


def concerning(
    findings: Sequence[Finding], platform: Platform, subscription: str
) -> Iterator[Finding]:
    """The findings at a subscription, or at a grant to its account."""
    account = platform.subscriptions[subscription].account
    grants = [name for name, each in platform.grants.items() if each.account == account]
    parts = [pointer_of("subscriptions", subscription)]
    parts += [pointer_of("grants", name, "expires") for name in grants]
    for finding in findings:
        if any(f"{finding.pointer}/".startswith(f"{part}/") for part in parts):
            yield finding


@QUICK_AND_LONG
def test_what_the_gate_refuses_of_what_is_routed_compliance_has_found(
    times: int, contracts: ContractRepository
) -> None:
    seen: Counter[str] = Counter()

    @settings(
        max_examples=150 * times,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(platforms, instants.filter(lambda now: now < YEAR_9999_US))
    def law(platform: Platform, now: int) -> None:
        authorizer = Authorizer(platform, contracts)
        router = Router(platform.subscriptions, contracts)
        evidence = Evidence(
            platform=platform, contracts=contracts, place=lambda _: ("", 0), now_us=now
        )
        findings = check_compliance(evidence).findings
        found = {
            name: {each.rule for each in concerning(findings, platform, name)}
            for name in platform.subscriptions
        }
        for source, event_type in putable(authorizer, platform):
            for name in routed(router, source, event_type):
                refusal = authorizer.gate(name).refusal(event_type, source, now)
                if refusal is None:
                    seen["delivered, clean" if not found[name] else "delivered"] += 1
                    continue
                seen[refusal.code] += 1
                said = found[name] & FOUND_AS[refusal.code]
                assert said, (refusal, name, platform.subscriptions[name], source, event_type)
                seen.update(f"{refusal.code} {rule}" for rule in said)

    law()
    assert seen.keys() >= {*FOUND_AS, "delivered", "delivered, clean"}
    assert {"no-grant DX06", "clearance DX15", "grant-expired DX12"} <= seen.keys()
