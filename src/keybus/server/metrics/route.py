"""``/metrics``, for those who may see every subscription's counts."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from keybus.server.access import AnyRoute, administer, bus_of, guarded
from keybus.server.metrics.collection import bus_metrics
from keybus.server.metrics.exposition import MEDIA_TYPE, exposition
from keybus.server.metrics.process import LoopLag, process_metrics
from keybus.server.operation import Operation

PATH: Final = "/metrics"


def routes() -> list[AnyRoute]:
    """The one route, with its decision."""
    return [
        guarded(
            PATH,
            _metrics,
            access=administer("subscriptions.read"),
            operation=Operation(
                id="showMetrics",
                summary="Metrics for Prometheus",
                answers={200: str},
                media_type=MEDIA_TYPE,
            ),
        )
    ]


async def _metrics(request: Request) -> Response:
    state = request.app.state
    if not hasattr(state, "loop_lag"):
        state.loop_lag = LoopLag()
    found = [*await bus_metrics(bus_of(request)), *process_metrics(state.loop_lag)]
    return Response(exposition(found), media_type=MEDIA_TYPE)
