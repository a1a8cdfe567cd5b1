"""Which operations of EventBridge are answered, and which are refused on purpose."""

from typing import Final

from keybus.server.aws import Service
from keybus.server.eventbridge import (
    api_destinations,
    archives,
    buses,
    connections,
    patterns,
    permissions,
    put_events,
    replays,
    rules,
    tags,
    targets,
)

_PARTNERS: Final = "events of SaaS partners come through AWS only; put them with PutEvents"
_ENDPOINTS: Final = (
    "global endpoints fail over between regions of AWS; a bus's failover is its engine's"
)

EVENTS: Final = Service(
    name="events",
    prefix="AWSEvents",
    media_type="application/x-amz-json-1.1",
    operations={
        **archives.OPERATIONS,
        **buses.OPERATIONS,
        **permissions.OPERATIONS,
        **put_events.OPERATIONS,
        **replays.OPERATIONS,
        **rules.OPERATIONS,
        **targets.OPERATIONS,
        **patterns.OPERATIONS,
        **connections.OPERATIONS,
        **api_destinations.OPERATIONS,
        **tags.OPERATIONS,
    },
    refused={
        "ActivateEventSource": _PARTNERS,
        "CreateEndpoint": _ENDPOINTS,
        "CreatePartnerEventSource": _PARTNERS,
        "DeactivateEventSource": _PARTNERS,
        "DeleteEndpoint": _ENDPOINTS,
        "DeletePartnerEventSource": _PARTNERS,
        "DescribeEndpoint": _ENDPOINTS,
        "DescribeEventSource": _PARTNERS,
        "DescribePartnerEventSource": _PARTNERS,
        "ListEndpoints": _ENDPOINTS,
        "ListEventSources": _PARTNERS,
        "ListPartnerEventSourceAccounts": _PARTNERS,
        "ListPartnerEventSources": _PARTNERS,
        "PutPartnerEvents": _PARTNERS,
        "UpdateEndpoint": _ENDPOINTS,
    },
    refusal="OperationDisabledException",
)
