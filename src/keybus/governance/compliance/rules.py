"""The taxonomy of unauthorized exchanges, as data: an id, a purpose, a check and a hint each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from keybus.governance.compliance.checks import bus, grants, principals, sources, webhooks
from keybus.governance.compliance.finding import Found, Severity
from keybus.governance.compliance.subject import Subject

Where = Literal["declaration", "running", "templates"]
"""Where a rule can look: the declared topology, a running bus, templates of the AWS footing."""


class Rule(msgspec.Struct, frozen=True):
    """One rule.

    Attributes:
        id: Its stable identifier.
        title: What is found, in a few words.
        purpose: What goes wrong.
        severity: How bad it is.
        seen: Where it can be seen; in ``templates`` only where the AWS footing is checked.
        hint: What to do, unless a finding has a better one.
        check: Finds what breaks it; None where neither the declaration nor the bus shows it.
        elsewhere: What of it cannot be seen here, and where it will be.
    """

    id: str
    title: str
    purpose: str
    severity: Severity
    seen: tuple[Where, ...]
    hint: str
    check: Callable[[Subject], Iterator[Found]] | None = None
    elsewhere: str = ""


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "DX00",
            "Carrier that is not modelled",
            "Events lie or travel where no contract, grant or account is asked about them.",
            "error",
            ("running", "templates"),
            "drain the queue, or declare its subscription again under the same account",
            bus.unmodelled_carrier,
            "pipes, API destinations, resource shares and every other type that the model lacks: "
            "in templates",
        ),
        Rule(
            "DX01",
            "Wildcard principal",
            "Whoever is allowed as `*`, or is not asked at all, is everybody.",
            "error",
            ("declaration", "running", "templates"),
            "name the one account that is meant, and ask for credentials",
            principals.wildcard_principal,
            "`*` and NotPrincipal in policies: in templates",
        ),
        Rule(
            "DX02",
            "Organization missing, or another one",
            "An account outside the organization is outside of everything it can be held to.",
            "error",
            ("declaration", "templates"),
            "move the account into the organization, or take it off the bus",
            principals.foreign_organization,
            "the organization condition of every policy: in templates",
        ),
        Rule(
            "DX03",
            "Unregistered principal",
            "A principal that no account is declared for has no owners, no clearance and no grants.",
            "error",
            ("declaration", "running", "templates"),
            "declare the account, or revoke what it holds",
            principals.unregistered_principal,
            "account ids in policies: in templates",
        ),
        Rule(
            "DX04",
            "Source not pinned, or not owned",
            "Whoever may use another's source can make up its events.",
            "error",
            ("declaration", "templates"),
            "a source belongs to one publisher, and an event to its owner's publishers",
            sources.unowned_source,
            "`events:source` conditions of the bus's policy: in templates",
        ),
        Rule(
            "DX05",
            "Target in an unregistered account",
            "What is delivered to a host or account that nobody registered has left.",
            "error",
            ("declaration", "templates"),
            "add the host to the account's destinations, if it is the account's",
            webhooks.unregistered_target,
            "ARNs of targets: in templates; who answers at a registered host: nowhere",
        ),
        Rule(
            "DX06",
            "No grant, or an open pattern",
            "Events reach an account whose need for them their owner never saw.",
            "error",
            ("declaration", "templates"),
            "have the events' owner grant them, or pin the filter to exact sources and types",
            grants.no_grant,
            "patterns of rules that were written by hand: in templates",
        ),
        Rule(
            "DX07",
            "No dead letters",
            "What cannot be delivered is dropped, and nobody hears of it.",
            "warning",
            ("templates",),
            "give every rule a dead-letter queue",
            elsewhere="on the embedded footing every queue has dead letters, by construction; "
            "rules without a queue for them: in templates",
        ),
        Rule(
            "DX08",
            "Dead letters that cannot be written",
            "What cannot be delivered is dropped although a place for it is named.",
            "warning",
            ("templates",),
            "let the rule, and nothing else, send to its dead-letter queue",
            elsewhere="on the embedded footing dead letters lie in the bus's own store, by "
            "construction; policies and keys of queues: in templates",
        ),
        Rule(
            "DX09",
            "Unencrypted",
            "Events, or the secrets that open the bus, can be read on the way or where they lie.",
            "error",
            ("declaration", "running", "templates"),
            "use TLS, and seal secrets under a key",
            webhooks.unencrypted,
            "keys of queues and buses: in templates; encryption of the disk: nowhere",
        ),
        Rule(
            "DX10",
            "Pair that bypasses the bus",
            "Two accounts share a receiver, so events pass between them that no grant covers.",
            "error",
            ("declaration", "templates"),
            "deliver to a host that is this account's alone",
            webhooks.bypassing_pair,
            "topics and queues beside the bus: in templates",
        ),
        Rule(
            "DX11",
            "Loop, or third hop",
            "Events that are put on a bus again come in under another's name, or for ever.",
            "error",
            ("declaration", "running", "templates"),
            "receive events from their owner alone, and publish only your own",
            webhooks.loop,
            "rules from bus to bus: in templates; a receiver that forwards: nowhere",
        ),
        Rule(
            "DX12",
            "Expired or stale grant",
            "A permission that has ended, that never ends or that nobody uses is nobody's decision.",
            "warning",
            ("declaration",),
            "remove it, or have it approved for as long as it is needed",
            grants.stale_grant,
        ),
        Rule(
            "DX13",
            "Over-broad role",
            "A credential that can do more than its account does is worth stealing.",
            "warning",
            ("running", "templates"),
            "issue one with the roles that are used and an end within 400 days, and revoke this",
            principals.broad_role,
            "statements of roles: in templates",
        ),
        Rule(
            "DX14",
            "Control of the bus delegated",
            "Whoever may change rules may give itself everything.",
            "error",
            ("declaration", "running", "templates"),
            "let one account administer the bus, and nobody else",
            principals.delegated_control,
            "who may call PutRule and PutPermission: in templates",
        ),
        Rule(
            "DX15",
            "Classified event to an uncleared subscriber",
            "A grant says that events are needed, and not that they may be seen.",
            "error",
            ("declaration",),
            "raise the account's clearance if it is due, or subscribe to less",
            grants.uncleared,
            "what an event's text holds beside its contract: nowhere",
        ),
        Rule(
            "DX16",
            "Subscriber queue open beyond its account",
            "Another account reads what was granted to this one.",
            "error",
            ("running", "templates"),
            "revoke the credential that it came with",
            bus.open_queue,
            "policies of queues and buses: in templates",
        ),
        Rule(
            "DX17",
            "Shadow bus, or a part made by hand",
            "What runs is not what was reviewed.",
            "error",
            ("declaration", "running", "templates"),
            "apply the declaration, or have the change reviewed into it",
            bus.shadow_bus,
            "rules on the default bus of every account: in templates",
        ),
        Rule(
            "DX18",
            "Confused deputy",
            "The bus is made to act for somebody who may not, or somebody else passes for it.",
            "error",
            ("declaration", "templates"),
            "sign every webhook with a secret of its account's own",
            webhooks.confused_deputy,
            "aws:SourceArn conditions: in templates; names that resolve to an inner address: "
            "nowhere",
        ),
    )
}
"""Every rule, by its id."""
