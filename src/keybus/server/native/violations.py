"""What admission took although it does not fit, over the native API."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from keybus.bus import Bus
from keybus.governance import Principal
from keybus.protocol import API, ViolationsAnswer
from keybus.server.access import MEMBER, AnyRoute, bus_of, guarded, is_open, principal_of
from keybus.server.answers import json
from keybus.server.operation import Operation
from keybus.server.request import Query


class ViolationsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of ``GET /api/v1/admission/violations``.

    Attributes:
        type: Only events of this type.
    """

    type: str | msgspec.UnsetType = msgspec.UNSET


_QUERY = Query(ViolationsQuery)


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            f"{API}/admission/violations",
            _violations,
            access=MEMBER,
            operation=Operation(
                id="listViolations",
                summary="Events that were taken although they do not fit: how many, and the last",
                query=_QUERY,
                answers={200: ViolationsAnswer},
            ),
        )
    ]


async def _violations(request: Request) -> Response:
    bus, principal, asked = bus_of(request), principal_of(request), _QUERY.of(request)
    wanted = None if asked.type is msgspec.UNSET else asked.type
    return json(violations_for(bus, principal, wanted))


def violations_for(
    bus: Bus, principal: Principal, event_type: str | None = None
) -> ViolationsAnswer:
    """What somebody may know of what was taken although it does not fit.

    Args:
        bus: The bus.
        principal: Who asks.
        event_type: Only events of this type.
    """
    shown = _shown(bus, principal)
    everything = bus.authorizer.visible(principal).everything
    return bus.violations.answer(
        event_type,
        lambda of, account: everything or shown(of, account),
        shown,
    )


def _shown(bus: Bus, principal: Principal) -> Callable[[str, str], bool]:
    """Whether somebody may see an event: the type's owner, its publisher, the central account.

    An auditor is told how many there are, and sees none: what is in events is not for them.
    """
    central = principal.account == bus.platform.central and "central" in principal.roles
    if central or is_open(bus, principal):
        return lambda *_: True
    contracts, own = bus.generation.contracts, bus.authorizer.visible(principal).accounts

    def shown(event_type: str, account: str) -> bool:
        contract = contracts.get(event_type)
        owner = "" if contract is None else contract.owner
        return principal.account in own and principal.account in (owner, account)

    return shown
