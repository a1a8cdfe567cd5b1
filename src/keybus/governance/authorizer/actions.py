"""What may be done with the platform as a whole, and in which roles."""

from collections.abc import Mapping
from types import MappingProxyType

from keybus.governance.principal import ROLES, Role

_ANY: frozenset[Role] = frozenset(ROLES)
_CENTRAL: frozenset[Role] = frozenset({"central"})
_READERS: frozenset[Role] = frozenset({"central", "auditor"})
_SECRETS: frozenset[Role] = frozenset({"central", "subscriber"})

ACTIONS: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "platform.read": _ANY,  # as much of it as `Authorizer.visible` says
        "platform.versions": _READERS,
        "platform.plan": _READERS,
        "platform.drift": _READERS,
        "platform.apply": _CENTRAL,
        "platform.rollback": _CENTRAL,
        "platform.prune": _CENTRAL,
        "credentials.list": _READERS,
        "credentials.issue": _CENTRAL,
        "credentials.rotate": _CENTRAL,
        "credentials.revoke": _CENTRAL,
        "audit.read": _READERS,
        "usage.read": _READERS,
        "compliance.read": _READERS,
        "subscriptions.read": _READERS,  # every subscription's counts, never its events
        "replay.bus": _CENTRAL,
        "archives.read": _READERS,
        "archives.manage": _CENTRAL,
        "buses.read": _READERS,  # the bus's whole policy, and its tags
        "buses.manage": _CENTRAL,
        # Queues: of the own account's alone, which the operations see to.
        "queues.read": _ANY,
        "queues.manage": _SECRETS,
        "queues.receive": frozenset({"subscriber"}),
        "queues.send": frozenset({"publisher", "subscriber"}),
        # Rules: the own account's alone, which the operations see to.
        "rules.read": _ANY,
        "rules.manage": _SECRETS,
        # Connections and API destinations: the own account's alone, which the operations see to.
        "connections.read": frozenset({"central", "auditor", "subscriber"}),
        "connections.manage": _SECRETS,
        "contracts.read": _ANY,  # those that `Releasing` lets be read
        "contracts.publish": frozenset({"central", "publisher"}),  # of the account's own types
        "contracts.approve": frozenset({"central", "publisher", "subscriber"}),  # as approvers say
        # Subscribers: of their own account's secrets only, which the routes see to.
        "webhooks.list": frozenset({"central", "auditor", "subscriber"}),
        "webhooks.issue": _SECRETS,
        "webhooks.rotate": _SECRETS,
        "webhooks.revoke": _SECRETS,
    }
)
"""Each action's id, and the roles of which one is needed.

``central`` counts only in a credential of the platform's central account. What is not here, nobody
may do: nobody redrives, settles or reads another account's subscription.
"""
