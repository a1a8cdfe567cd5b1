"""The compiled authorizer decides what the plain evaluator of docs/authorization.md decides."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keybus.contracts import ContractRepository
from keybus.governance import Principal
from keybus.governance.authorizer import Authorizer, Refusal
from keybus.topology import Platform, Publisher, Subscription
from tests.unit.governance.authorizer.drawn import (
    INSTANTS,
    NAMES,
    SOURCES,
    TYPES,
    any_action,
    any_source,
    any_subscription,
    any_type,
    instants,
    platforms,
    principals,
    subscriptions,
)
from tests.unit.governance.authorizer.plain import Plain

QUICK_AND_LONG: Final = pytest.mark.parametrize(
    "times", [1, pytest.param(20, marks=[pytest.mark.long, pytest.mark.timeout(900)])]
)
_EXAMPLES, _FEWER = 150, 50
Request = tuple[Principal, str, str, str, str, int]
requests = st.tuples(principals, any_source, any_type, any_subscription, any_action, instants)


def drawing(
    times: int, examples: int = _EXAMPLES
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=examples * times,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    )


def code(refusal: Refusal | None) -> str | None:
    if refusal is None:
        return None
    assert refusal.message
    assert refusal.hint
    return refusal.code


@QUICK_AND_LONG
def test_every_decision_is_the_plain_evaluators(times: int, contracts: ContractRepository) -> None:
    seen: Counter[tuple[str, str | None]] = Counter()

    @drawing(times)
    @given(platforms, st.lists(requests, min_size=20, max_size=40))
    def law(platform: Platform, asked: Sequence[Request]) -> None:
        compiled, plain = Authorizer(platform, contracts), Plain(platform, contracts)
        for who, source, event_type, name, action, now in asked:
            answers = {
                "put": (compiled.put(who, source, event_type), plain.put(who, source, event_type)),
                "consume": (compiled.consume(who, name), plain.consume(who, name)),
                "replay": (compiled.replay(who, name), plain.consume(who, name)),
                "deliver": (
                    compiled.deliver(name, event_type, source, now),
                    plain.deliver(name, event_type, source, now),
                ),
                "read": (
                    compiled.read(who, event_type, source, now),
                    plain.read(who, event_type, source, now),
                ),
                "administer": (compiled.administer(who, action), plain.administer(who, action)),
            }
            for method, (mine, expected) in answers.items():
                assert code(mine) == expected, (method, who, source, event_type, name, action, now)
                seen[method, expected] += 1

    law()
    reached = {method: {each for name, each in seen if name == method} for method, _ in seen}
    events = {None, "no-grant", "clearance", "grant-expired"}
    possible = {
        "put": {None, "unknown-account", "role", "reserved-source", "source", "event"},
        "consume": {None, "unknown-account", "role", "subscription"},
        "replay": {None, "unknown-account", "role", "subscription"},
        "deliver": {*events, "unknown-account", "subscription"},
        "read": {*events, "unknown-account", "role"},
        "administer": {None, "unknown-account", "role", "action"},
    }
    assert reached.keys() == possible.keys()
    assert all(reached[method] <= possible[method] for method in possible)
    # A grant's end between two instants is rare: it is reached in the long run.
    left = {code for method in possible for code in possible[method] - reached[method]}
    assert left <= ({"grant-expired"} if times == 1 else set())


@QUICK_AND_LONG
def test_an_open_gate_lets_all_through_that_can_come_until_the_exact_instant(
    times: int, contracts: ContractRepository
) -> None:
    seen: Counter[str] = Counter()

    @drawing(times)
    @given(platforms, st.lists(subscriptions, max_size=1), st.lists(instants, max_size=5))
    def law(platform: Platform, earlier: Sequence[Subscription], more: Sequence[int]) -> None:
        compiled, plain = Authorizer(platform, contracts), Plain(platform, contracts)
        for name, declared in platform.subscriptions.items():
            gate = compiled.gate(name, earlier)
            asked = [declared, *earlier]
            wanted = {ref.type for each in asked for ref in each.event_refs}
            bounded = all(each.events for each in asked) and wanted <= set(TYPES)
            coming = sorted(wanted) if bounded else [*TYPES, "foreign.seen"]

            def refused(now: int, name: str = name, coming: Sequence[str] = coming) -> bool:
                return any(plain.deliver(name, t, s, now) for t in coming for s in SOURCES)

            for now in (*INSTANTS, *more, gate.open_until - 1):
                assert not (0 <= now < gate.open_until and refused(now))
            if gate.open_until:
                seen["for ever" if gate.open_until > INSTANTS[-1] else "for a time"] += 1
                assert bounded
                assert gate.open_until > INSTANTS[-1] or refused(gate.open_until)
            else:
                seen["never"] += 1
                assert not bounded or refused(0)
            for now in INSTANTS[::3]:
                for event_type in coming:
                    mine = code(gate.refusal(event_type, "me", now))
                    assert mine == plain.deliver(name, event_type, "me", now)

    law()
    assert set(seen) == {"for ever", "for a time", "never"}


@QUICK_AND_LONG
def test_a_principal_is_told_the_names_that_the_plain_evaluator_tells(
    times: int, contracts: ContractRepository
) -> None:
    @drawing(times, _FEWER)
    @given(platforms, st.lists(principals, min_size=1, max_size=6))
    def law(platform: Platform, asking: Sequence[Principal]) -> None:
        compiled, plain = Authorizer(platform, contracts), Plain(platform, contracts)
        for who in asking:
            visible = compiled.visible(who)
            part = visible.cut(platform)
            for kind in ("accounts", "publishers", "subscriptions", "grants"):
                whole = getattr(platform, kind)
                expected = {name for name in whole if plain.sees(who, kind, name)}
                assert getattr(visible, kind) == expected
                assert getattr(part, kind) == {name: whole[name] for name in expected}
            everything = compiled.administer(who, "compliance.read") is None
            assert visible.everything is everything
            assert part.central in ({platform.central} if everything else {None, who.account})

    law()


@QUICK_AND_LONG
def test_an_answer_about_a_subscription_tells_nothing_of_what_others_have(
    times: int, contracts: ContractRepository
) -> None:
    """The same with and without all that others subscribed to."""

    @drawing(times, _FEWER)
    @given(platforms, principals)
    def law(platform: Platform, who: Principal) -> None:
        own = {n: s for n, s in platform.subscriptions.items() if s.account == who.account}
        alone = Platform(
            platform.bus, central=platform.central, accounts=platform.accounts, subscriptions=own
        )
        among, without = Authorizer(platform, contracts), Authorizer(alone, contracts)
        for name in NAMES:
            assert among.consume(who, name) == without.consume(who, name)

    law()


@QUICK_AND_LONG
def test_a_refused_put_tells_nothing_of_whose_source_it_is(
    times: int, contracts: ContractRepository
) -> None:
    @drawing(times, _FEWER)
    @given(platforms, principals)
    def law(platform: Platform, who: Principal) -> None:
        # A source declared twice is the first's, so the others come first or go altogether.
        others = {n: p for n, p in platform.publishers.items() if p.account != who.account}
        taken = {s for n, p in others.items() for s in (p.sources or [n])}
        own = {
            n: p
            for n, p in platform.publishers.items()
            if p.account == who.account and taken.isdisjoint(p.sources or [n])
        }
        among = Authorizer(_with(platform, others | own), contracts)
        without = Authorizer(_with(platform, own), contracts)
        for source in SOURCES:
            for event_type in ("order.placed", "foreign.seen"):
                assert among.put(who, source, event_type) == without.put(who, source, event_type)

    law()


def _with(platform: Platform, publishers: dict[str, Publisher]) -> Platform:
    return msgspec.structs.replace(platform, publishers=publishers)
