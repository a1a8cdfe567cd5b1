"""Exceptions: findings that the central account accepts for a time."""

from collections.abc import Iterable, Mapping

from keybus.contracts.pointers import pointer_of, tokens_of
from keybus.governance.compliance.approvals import is_own_waiver
from keybus.governance.compliance.finding import AcceptedUntil, Finding, is_running
from keybus.governance.compliance.running import Running
from keybus.governance.compliance.subject import ends_us
from keybus.topology.model import Platform, Waiver

_SECTIONS = frozenset(("accounts", "publishers", "grants", "subscriptions", "exceptions"))


def live_waivers(platform: Platform, now_us: int) -> Mapping[str, Waiver]:
    """The exceptions that hold, by name: their end is to come, and the central account approved.

    An owner of the central account who owns the account that is spared as well does not count.

    Args:
        platform: The declared platform.
        now_us: The moment, in microseconds since the Unix epoch.
    """
    central = platform.accounts.get(platform.central or "")
    return {
        name: waiver
        for name, waiver in platform.exceptions.items()
        if now_us < (ends_us(waiver.expires) or 0)
        and central is not None
        and waiver.approver in central.owners
        and not is_own_waiver(waiver, platform)
    }


def subject_of(pointer: str, running: Running | None) -> str:
    """What an exception names to accept a finding; empty where none can.

    The loader lets exceptions name parts of the declared platform only, so a part of the running
    bus stands for its account, its subscription, the part that it was made of, or the bus.

    Args:
        pointer: The finding's.
        running: The bus that was looked at.
    """
    if running is None or not is_running(pointer):
        return pointer
    section, *rest = tokens_of(pointer)[1:]
    if section == "credentials":
        accounts = {each.id: each.account for each in running.credentials}
        return pointer_of("accounts", accounts[rest[0]])
    if section == "consumers":
        return pointer_of("subscriptions", running.consumers[int(rest[0])].subscription)
    if section == "platform":
        return pointer_of(*rest)
    return "" if section == "queues" else "/bus"


def waiver_of(finding: Finding, waivers: Mapping[str, Waiver]) -> str:
    """The name of the first exception that accepts a finding; empty where none does."""
    return next((name for name, waiver in waivers.items() if _accepts(waiver, finding)), "")


def listed_waivers(
    waivers: Mapping[str, Waiver], excepted: Iterable[Finding]
) -> tuple[AcceptedUntil, ...]:
    """The exceptions as the report shows them."""
    used = {finding.excepted_by for finding in excepted}
    return tuple(
        AcceptedUntil(
            name,
            waiver.rule,
            waiver.subject,
            waiver.reason,
            waiver.approver,
            waiver.expires,
            name in used,
        )
        for name, waiver in waivers.items()
    )


def _accepts(waiver: Waiver, finding: Finding) -> bool:
    if waiver.rule != finding.rule or not finding.subject:
        return False
    if finding.subject.startswith("/exceptions/"):
        return False  # an exception does not vouch for another
    if waiver.subject.removeprefix("/") in _SECTIONS:
        return False  # it names one part, and not all accounts or all grants
    return f"{finding.subject}/".startswith(f"{waiver.subject}/")
