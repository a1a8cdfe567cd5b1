"""What a policy denies, compiled for each account: nothing is left for those whom it spares."""

from collections.abc import Callable, Iterable, Mapping

from keybus.governance.authorizer import Denied, Refusal, RefusalCode
from keybus.governance.bus_policy.condition import Condition
from keybus.governance.bus_policy.statement import Statement
from keybus.topology import Platform

_HINT = "the central account can take the statement out of the bus's policy (RemovePermission)"


def denials(statements: Iterable[Statement], platform: Platform) -> Mapping[str, Denied]:
    """What is denied to whom.

    Args:
        statements: The policy's.
        platform: Which accounts there are.

    Returns:
        By the account's name; nothing of an account of which no statement could deny an event.
    """
    denying = [each for each in statements if each.effect == "Deny"]
    found: dict[str, Denied] = {}
    for name, account in platform.accounts.items():
        organization = account.organization or platform.organization
        own = [each for each in denying if each.concerns(account.id, organization)]
        if own:
            found[name] = _together([_compiled(each) for each in own])
    return found


def _together(each_of: list[Denied]) -> Denied:
    if len(each_of) == 1:
        return each_of[0]

    def denied(source: str, event_type: str) -> Refusal | None:
        for each in each_of:
            if (refusal := each(source, event_type)) is not None:
                return refusal
        return None

    return denied


def _compiled(statement: Statement) -> Denied:
    of_source = statement.about("events:source")
    of_type = statement.about("events:detail-type")
    code: RefusalCode = "denied-source" if of_source else "denied-event" if of_type else "denied"
    which = f"the statement {statement.sid!r}" if statement.sid else "a statement"
    refusal = Refusal(code, f"{which} of the bus's policy denies it", _HINT)
    source_holds, type_holds = _all_hold(of_source), _all_hold(of_type)

    def denied(source: str, event_type: str) -> Refusal | None:
        return refusal if source_holds(source) and type_holds(event_type) else None

    return denied


def _all_hold(conditions: tuple[Condition, ...]) -> Callable[[str], bool]:
    if not conditions:
        return lambda _: True
    if len(conditions) == 1:
        return conditions[0].holds
    return lambda value: all(each.holds(value) for each in conditions)
