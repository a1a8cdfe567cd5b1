"""Whether the topology allows what a statement allows; where not, what of it is missing."""

from collections.abc import Iterable, Iterator

from keybus.governance.authorizer import Authorizer
from keybus.governance.bus_policy.faults import NotCovered
from keybus.governance.bus_policy.statement import Statement
from keybus.governance.bus_policy.topology import sources_of
from keybus.governance.principal import Principal
from keybus.topology import Platform
from keybus.topology.findings import quoted

_DENIED = ("denied", "denied-source", "denied-event")
_CONDITIONS = (
    "in a statement that allows, conditions are StringEquals of events:source, events:detail-type,"
    " aws:PrincipalAccount or aws:PrincipalOrgID"
)


def uncovered(
    statement: Statement, platform: Platform, authorizer: Authorizer
) -> NotCovered | None:
    """What of a statement the topology does not cover; None where it covers all of it.

    A statement that names an account and no source covers what the account's publishers may put:
    it adds nothing to that. One that denies needs no cover.

    Args:
        statement: The statement.
        platform: What is declared.
        authorizer: Its decisions.
    """
    if statement.effect == "Deny":
        return None
    missing = next(_missing(statement, platform, authorizer), None)
    if missing is None:
        return None
    message, hint = missing
    which = f"the statement {quoted(statement.sid)}" if statement.sid else "a statement"
    return NotCovered(f"{which} allows more than the topology: {message}", hint=hint)


def _missing(
    statement: Statement, platform: Platform, authorizer: Authorizer
) -> Iterator[tuple[str, str]]:
    """Each thing that is missing, with what to do."""
    if any(not each.is_plain for each in statement.conditions):
        yield "a condition is not bounded by what it names", _CONDITIONS
        return
    yield from _principals(statement, platform)
    named = [
        name
        for name, account in platform.accounts.items()
        if statement.concerns(account.id, account.organization or platform.organization)
    ]
    publishing = [name for name in named if sources_of(platform, name)]
    idle = [name for name in named if name not in publishing]
    if not publishing or (idle and statement.principals is not None):
        name = quoted(idle[0]) if idle else "that is meant"
        what = f"no publisher is declared for the account {name}"
        yield what, "declare one under `publishers` in platform.yaml"
        return
    if statement.principals is None:
        yield from _by_anybody(statement, platform, authorizer, publishing)
    for name in publishing if statement.principals is not None else ():
        yield from _by(statement, platform, authorizer, name)


def _principals(statement: Statement, platform: Platform) -> Iterator[tuple[str, str]]:
    ids = {each.id for each in platform.accounts.values()}
    accounts = statement.values_of("aws:PrincipalAccount")
    organizations = statement.values_of("aws:PrincipalOrgID")
    if statement.principals is None and not accounts and not organizations:
        hint = "name accounts, or add the condition StringEquals aws:PrincipalOrgID"
        yield 'the principal "*" is everybody', hint
    for each in sorted({*(statement.principals or ()), *accounts} - ids):
        yield f"the account {each} is not declared", "declare it under `accounts` in platform.yaml"
    own = {each.organization for each in platform.accounts.values()} | {platform.organization}
    for organization in organizations:
        if organization not in own:
            what = f"the organization {quoted(organization)} is not the platform's"
            yield what, "platform.yaml names it under `organization`"


def _by(
    statement: Statement, platform: Platform, authorizer: Authorizer, account: str
) -> Iterator[tuple[str, str]]:
    """What is missing for one account: all its sources, of all types, have to be its own."""
    own = sources_of(platform, account)
    asked = statement.values_of("events:source")
    for source in asked:
        if source not in own:
            yield (
                f"the account {quoted(account)} has no source {quoted(source)}",
                "list it in `sources` of one of its publishers in platform.yaml",
            )
    for event_type in statement.values_of("events:detail-type"):
        may = [_may_put(authorizer, account, source, event_type) for source in asked or own]
        if not (all(may) if asked else any(may)):
            yield _no_type(account, event_type)


def _by_anybody(
    statement: Statement, platform: Platform, authorizer: Authorizer, accounts: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """What is missing for an organization: somebody of it has to have each source and type."""
    asked = statement.values_of("events:source")
    pairs = [(name, source) for name in accounts for source in sources_of(platform, name)]
    for source in asked:
        if source not in {own for _, own in pairs}:
            what = f"no account that is meant has the source {quoted(source)}"
            yield what, "list it in `sources` of a publisher in platform.yaml"
    meant = [(name, source) for name, source in pairs if not asked or source in asked]
    for event_type in statement.values_of("events:detail-type"):
        if not any(_may_put(authorizer, *pair, event_type) for pair in meant):
            yield _no_type("", event_type)


def _may_put(authorizer: Authorizer, account: str, source: str, event_type: str) -> bool:
    """Whether the topology lets it pass, whatever is denied beside it."""
    asking = Principal(account, frozenset({"publisher"}))
    refusal = authorizer.put(asking, source, event_type)
    return refusal is None or refusal.code in _DENIED


def _no_type(account: str, event_type: str) -> tuple[str, str]:
    whose = f"of the account {quoted(account)}" if account else "that is meant"
    what = f"no publisher {whose} emits {quoted(event_type)} from there"
    return what, "list it in `events` of the publisher in platform.yaml; its account owns it"
