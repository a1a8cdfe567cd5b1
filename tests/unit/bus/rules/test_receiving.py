"""A rule matches what its target's account may receive, and learns of nothing else."""

import json
from typing import Any

import msgspec

from keybus.bus import Bus, CursorState
from keybus.bus.control.versions import Declared
from keybus.bus.rules.target import RuleTarget
from keybus.envelope import Entry
from keybus.governance import Principal
from keybus.testing import ManualClock
from keybus.topology import Platform
from keybus.topology.model import Grant
from tests.unit.bus.consuming import turns
from tests.unit.bus.offered import status
from tests.unit.bus.rules.making import ME, StartRuled, arn, details, queue, received, rule, until

TO_Q = RuleTarget("q", arn("q"))
TYPE = "delivery.status.updated"
OURS = {"detail": {"status": ["IN_GARAGE"]}}
NOTHING = CursorState(0, 0, 0, 0, 0, 0)


async def test_what_the_account_may_not_receive_matches_nothing_and_is_counted_nowhere(
    ruled: StartRuled,
) -> None:
    bus = await ruled("enforce")
    await queue(bus, "q")
    guessed = await rule(bus, "guessed", OURS, TO_Q)
    missed = await rule(bus, "missed", {"detail": {"status": ["FAILED"]}}, TO_Q)
    event = await taken(bus, status())
    assert (await bus.states())[guessed] == (await bus.states())[missed] == NOTHING
    assert bus.control.dispatchers[guessed].holding == ()
    mine = Principal(ME, frozenset({"subscriber"}))
    [found] = (await bus.explaining.explain(event, mine)).events
    told = {each.subscription for each in found.subscriptions}
    assert "all" in told  # a declared subscription of the account, where it is held
    assert told.isdisjoint({guessed, missed})


async def test_whoever_sees_everything_is_told_why(ruled: StartRuled) -> None:
    bus = await ruled("enforce")
    name = await rule(bus, "r", OURS, TO_Q)
    event = await taken(bus, status())
    [found] = (await bus.explaining.explain(event, None)).events
    told = {each.subscription: each for each in found.subscriptions}[name]
    assert told.outcome == "filtered-out"
    assert f"the account '{ME}' has no grant for '{TYPE}'" in told.message


async def test_a_grant_lets_match_what_comes_from_then_on(
    ruled: StartRuled, declared: tuple[Platform, Any]
) -> None:
    bus = await ruled("enforce")
    await queue(bus, "q")
    name = await rule(bus, "r", OURS, TO_Q)
    await taken(bus, status(1))
    await bus.apply(granting(declared, "2999-01-01"))
    await taken(bus, status(2))
    [event] = details(await received(bus, "q", 1))
    assert event["delivery_id"] == "DEL-2"
    await until(bus, name, lambda state: state == NOTHING)


async def test_clearance_is_asked_as_well(
    ruled: StartRuled, declared: tuple[Platform, Any]
) -> None:
    bus = await ruled("enforce", platform=granting(declared, "2999-01-01", "public").platform)
    name = await rule(bus, "r", OURS, TO_Q)
    await taken(bus, status())
    assert (await bus.states())[name] == NOTHING


async def test_what_was_matched_while_granted_is_held_once_the_grant_has_ended(
    ruled: StartRuled, declared: tuple[Platform, Any], clock: ManualClock
) -> None:
    ends = granting(declared, "2023-11-15")
    bus = await ruled("enforce", platform=ends.platform)
    name = await rule(bus, "r", OURS, TO_Q)  # there is no queue yet: it waits
    await taken(bus, status(1))
    await until(bus, name, lambda state: state.delayed == 1)
    clock.advance(7_200)
    await until(bus, name, lambda state: state.held == 1)
    await taken(bus, status(2))
    await turns()
    assert (await bus.states())[name].held == 1
    await queue(bus, "q")
    await bus.apply(granting(declared, "2999-01-01"))
    [event] = details(await received(bus, "q", 1))
    assert event["delivery_id"] == "DEL-1"


async def test_where_authorization_only_observes_everything_matches(ruled: StartRuled) -> None:
    bus = await ruled("observe")
    await queue(bus, "q")
    await rule(bus, "r", OURS, TO_Q)
    await taken(bus, status())
    assert json.loads((await received(bus, "q", 1))[0].body)["detail-type"] == TYPE


def granting(declared: tuple[Platform, Any], expires: str, clearance: str = "internal") -> Declared:
    """The platform with a grant of the event to `ME`."""
    grant = Grant(ME, "needs it", "me", expires, events=[TYPE])
    accounts = dict(declared[0].accounts)
    accounts[ME] = msgspec.structs.replace(accounts[ME], clearance=clearance)
    return Declared(
        msgspec.structs.replace(declared[0], grants={"g": grant}, accounts=accounts), declared[1]
    )


async def taken(bus: Bus, entry: Entry) -> str:
    """Put an event of the other account's; its id."""
    [result] = await bus.put([entry], Principal("deliveries", frozenset({"publisher"})))
    assert result.event_id
    return result.event_id
