"""What a rule's pattern can never match: said beside the answer, and never by refusing."""

import asyncio
import logging
from typing import Final

from keybus.contracts import Contract
from keybus.contracts.pattern_lint import PatternFinding, lint_pattern
from keybus.server.aws import Call

_MOST: Final = 5
_log = logging.getLogger(__name__)


async def advise(call: Call, pattern: str) -> None:
    """Hold a pattern to the contracts that the caller may know of, as ``keybus patterns lint`` does.

    Contracts of events that the account may not receive are not looked at: nobody learns of them.

    Args:
        call: Whose answer gets the warnings.
        pattern: A valid pattern.
    """
    contracts = _contracts(call)
    sources = {name: _sources(call, name) for name in contracts}
    try:
        found = await asyncio.to_thread(
            lint_pattern, pattern, contracts, sources=sources, foreign=True
        )
    except Exception:  # noqa: BLE001 - logged; advice is no reason for a rule not to be made
        _log.exception("a pattern could not be held to the contracts")
        return
    for each in found[:_MOST]:
        _log.warning("a rule's pattern at %r: %s", each.pointer or "/", each.message)
        call.warn(_told(each))
    if len(found) > _MOST:
        call.warn(f"and {len(found) - _MOST} more: `keybus patterns lint` lists them")


def _contracts(call: Call) -> dict[str, Contract | None]:
    bus = call.bus
    now, read = bus.clock.time_us(), bus.authorizer.read
    return {
        name: contract
        for name, contract in bus.generation.contracts.items()
        if call.is_open or read(call.principal, name, "", now) is None
    }


def _sources(call: Call, event_type: str) -> frozenset[str]:
    return frozenset(
        source
        for name, publisher in call.bus.platform.publishers.items()
        if event_type in publisher.events
        for source in publisher.sources or [name]
    )


def _told(found: PatternFinding) -> str:
    where = f"{found.rule} at {found.pointer or '/'}: {found.message}"
    return f"{where} ({found.hint})" if found.hint else where
