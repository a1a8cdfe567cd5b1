"""Who is on the bus: accounts, their organization, their credentials, and who has control."""

from collections.abc import Iterator

from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.approvals import is_own_waiver
from keybus.governance.compliance.checks.wording import listed
from keybus.governance.compliance.finding import RUNNING, Found
from keybus.governance.compliance.lookalikes import lookalikes
from keybus.governance.compliance.running import RunningCredential
from keybus.governance.compliance.subject import LONGEST_CREDENTIAL_US, Subject
from keybus.topology.findings import quoted
from keybus.topology.model import NOBODY, Platform


def wildcard_principal(subject: Subject) -> Iterator[Found]:
    """DX01: a bus that takes everybody's word, or a credential that is everybody's."""
    if subject.running is not None and not subject.running.authentication:
        yield Found(f"{RUNNING}/authentication", "the bus asks nobody for credentials")
    for pointer, credential in _live(subject):
        if not credential.account.strip() or "*" in credential.account:
            message = f"the credential {quoted(credential.id)} is of no one account"
            yield Found(pointer, message, "revoke it, and issue one for each account")


def foreign_organization(subject: Subject) -> Iterator[Found]:
    """DX02: accounts whose organization is not known, or is another one."""
    platform = subject.platform
    central = platform.accounts.get(platform.central or "")
    home = platform.organization or (central and central.organization)
    if home is None:
        if len(platform.accounts) > 1:
            message = (
                f"{len(platform.accounts)} accounts share the bus, and no organization is named"
            )
            yield Found("/organization", message, "name it: organization: o-…")
        return
    for name, account in platform.accounts.items():
        own = account.organization or platform.organization
        if own is None:
            message = f"the account {quoted(name)} is of no organization"
            yield Found(pointer_of("accounts", name), message)
        elif own != home:
            message = f"the account {quoted(name)} is of the organization {quoted(own)}, not {home}"
            yield Found(pointer_of("accounts", name, "organization"), message)


def unregistered_principal(subject: Subject) -> Iterator[Found]:
    """DX03: credentials of accounts that are not declared, and accounts that pass for others."""
    yield from _passing_for_others(subject)
    for pointer, credential in _live(subject):
        account = credential.account
        if account.strip() and "*" not in account and account not in subject.platform.accounts:
            message = (
                f"the credential {quoted(credential.id)} is of {quoted(account)}, "
                "which is no declared account"
            )
            yield Found(pointer, message)


def _passing_for_others(subject: Subject) -> Iterator[Found]:
    accounts = subject.platform.accounts
    alike = lookalikes(accounts)
    for name, account in accounts.items():
        if account.id == NOBODY:
            message = f"the id {NOBODY} is what events say whose source is nobody's"
            yield Found(pointer_of("accounts", name, "id"), message, "write the account's own id")
        if alike[name]:
            message = f"the account {quoted(name)} passes for {listed(alike[name])}"
            hint = "give the accounts names that nobody can confuse"
            yield Found(pointer_of("accounts", name), message, hint)


def broad_role(subject: Subject) -> Iterator[Found]:
    """DX13: credentials that may do more, or for longer, than their account needs."""
    for pointer, credential in _live(subject):
        roles = set(credential.roles)
        exchanging = roles & {"publisher", "subscriber"}
        idle = [role for role in sorted(exchanging) if not _has_use(subject, credential, role)]
        what = f"the credential {quoted(credential.id)} of {quoted(credential.account)}"
        if "central" in roles and exchanging:
            both = " and ".join(sorted(exchanging))
            yield Found(pointer, f"{what} administers the bus and is {both} besides")
        elif idle and credential.account in subject.platform.accounts:
            lacks = " or ".join(
                {"publisher": "publisher", "subscriber": "subscription"}[r] for r in idle
            )
            yield Found(
                pointer, f"{what} is for a {' and '.join(idle)}, and the account has no {lacks}"
            )
        elif not roles:
            yield Found(pointer, f"{what} has no role, so nothing says what it is for")
        if credential.expires_us is None:
            yield Found(f"{pointer}/expires_us", f"{what} has no end")
        elif credential.expires_us > subject.now_us + LONGEST_CREDENTIAL_US:
            yield Found(f"{pointer}/expires_us", f"{what} holds for more than 400 days from now")


def delegated_control(subject: Subject) -> Iterator[Found]:
    """DX14: administration by another than the central account, or in one's own favour."""
    platform, running = subject.platform, subject.running
    if platform.central is None:
        if len(platform.accounts) > 1:
            message = (
                f"{len(platform.accounts)} accounts share the bus, and none is its central one"
            )
            yield Found("/central", message, "name the account that administers it: central: …")
    elif running is not None and running.platform.central != platform.central:
        found = quoted(running.platform.central or "nobody")
        message = f"the bus is administered by {found}, and {platform.central!r} is declared"
        yield Found(f"{RUNNING}/platform/central", message)
    yield from _exceptions_for_themselves(platform)
    for pointer, credential in _live(subject):
        if "central" in credential.roles and credential.account != platform.central:
            message = (
                f"the credential {quoted(credential.id)} of {quoted(credential.account)} "
                "administers the bus"
            )
            yield Found(f"{pointer}/roles", message)


def _exceptions_for_themselves(platform: Platform) -> Iterator[Found]:
    for name, waiver in platform.exceptions.items():
        if is_own_waiver(waiver, platform):
            message = f"{quoted(waiver.approver)} owns what the exception {quoted(name)} spares"
            hint = "let another owner of the central account approve"
            yield Found(pointer_of("exceptions", name, "approver"), message, hint)


def _live(subject: Subject) -> Iterator[tuple[str, RunningCredential]]:
    """The credentials that hold, each with its pointer."""
    for credential in subject.running.credentials if subject.running is not None else ():
        if credential.is_live(subject.now_us):
            yield RUNNING + pointer_of("credentials", credential.id), credential


def _has_use(subject: Subject, credential: RunningCredential, role: str) -> bool:
    platform = subject.platform
    users = platform.publishers if role == "publisher" else platform.subscriptions
    return any(one.account == credential.account for one in users.values())
