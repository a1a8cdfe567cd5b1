"""Where webhooks lead: out of the account, around the bus, back into it, or into its inside."""

from collections.abc import Iterator

from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.addresses import (
    WebAddress,
    is_eventbridge,
    is_inside,
    is_loopback,
    read_address,
    split_host,
)
from keybus.governance.compliance.checks.wording import listed
from keybus.governance.compliance.finding import RUNNING, Found
from keybus.governance.compliance.running import Running
from keybus.governance.compliance.subject import Subject
from keybus.protocol import API
from keybus.topology.findings import quoted

_INGEST = f"{API}/events"


def unregistered_target(subject: Subject) -> Iterator[Found]:
    """DX05: webhooks to hosts that are not the account's."""
    for name, account, webhook in subject.webhooks():
        address = read_address(webhook.url)
        if address is None:
            message = f"{quoted(webhook.url)} names no host for certain"
            hint = "write scheme, host, port and path alone, in ASCII, without a user name"
            yield Found(_url(name), message, hint)
        elif not _is_at(address, _destinations(subject, account)) and not _of_others(
            subject, account, address
        ):
            message = f"{quoted(address.host)} at port {address.port} is no destination of {quoted(account)}"
            yield Found(_url(name), message)


def bypassing_pair(subject: Subject) -> Iterator[Found]:
    """DX10: webhooks to hosts that are another account's destination."""
    for name, account, webhook in subject.webhooks():
        address = read_address(webhook.url)
        others = _of_others(subject, account, address) if address is not None else []
        if others and address is not None:
            message = f"{quoted(address.host)} is a destination of {listed(others)}"
            yield Found(_url(name), message)


def loop(subject: Subject) -> Iterator[Found]:
    """DX11: webhooks that put what they receive on a bus again."""
    for name, _, webhook in subject.webhooks():
        address = read_address(webhook.url)
        if address is None:
            continue
        if subject.running is not None and _is_the_bus(address, subject.running):
            yield Found(_url(name), f"{quoted(webhook.url)} is the bus itself")
        elif _INGEST in address.path or is_eventbridge(address.host):
            yield Found(_url(name), f"{quoted(webhook.url)} is where a bus takes events in")


def unencrypted(subject: Subject) -> Iterator[Found]:
    """DX09: events that travel, or secrets that lie, in the open."""
    for name, _, webhook in subject.webhooks():
        if not webhook.url.lower().startswith("https://"):
            yield Found(_url(name), "deliveries are posted over http, in the open", "use https")
    running = subject.running
    if running is None:
        return
    host, _ = split_host(running.address, 0)
    if running.tls is False and not is_loopback(host):
        message = f"the bus listens on {quoted(running.address)} without TLS"
        hint = "give it a certificate, or let something before it speak TLS and say so"
        yield Found(f"{RUNNING}/tls", message, hint)
    keys = [c for c in running.credentials if c.kind == "key" and c.is_live(subject.now_us)]
    if keys and not running.sealing:
        message = f"the secrets of {len(keys)} access keys are not sealed"
        yield Found(f"{RUNNING}/sealing", message, "start the bus with a sealing key")


def confused_deputy(subject: Subject) -> Iterator[Found]:
    """DX18: deliveries that anybody could forge, or that reach what only the bus can."""
    signers: dict[str, set[str]] = {}
    for _, account, webhook in subject.webhooks():
        signers.setdefault(webhook.secret or "", set()).add(account)
    for name, account, webhook in subject.webhooks():
        others = signers[webhook.secret or ""] - {account}
        if webhook.secret is None:
            yield Found(_webhook(name), "deliveries are not signed, so anybody can forge them")
        elif others:
            message = f"the secret {quoted(webhook.secret)} signs for {listed(others)} as well"
            hint = "give each account a secret of its own"
            yield Found(f"{_webhook(name)}/secret", message, hint)
        address = read_address(webhook.url)
        if address is not None and is_inside(address.host):
            message = f"{quoted(address.host)} is inside the bus's own network"
            hint = "post to a public host of the account; the bus reaches what the account may not"
            yield Found(_url(name), message, hint)


def _webhook(subscription: str) -> str:
    return pointer_of("subscriptions", subscription, "target", "webhook")


def _url(subscription: str) -> str:
    return f"{_webhook(subscription)}/url"


def _destinations(subject: Subject, account: str) -> list[str]:
    declared = subject.platform.accounts.get(account)
    return declared.destinations if declared is not None else []


def _is_at(address: WebAddress, destinations: list[str]) -> bool:
    usual = 80 if address.scheme == "http" else 443
    return (address.host, address.port) in {split_host(each, usual) for each in destinations}


def _of_others(subject: Subject, account: str, address: WebAddress) -> list[str]:
    """The other accounts of which the host is a destination, at whatever port."""
    return [
        name
        for name, other in subject.platform.accounts.items()
        if name != account and address.host in {split_host(d, 0)[0] for d in other.destinations}
    ]


def _is_the_bus(address: WebAddress, running: Running) -> bool:
    host, port = split_host(running.address, 0)
    everywhere = host in {"0.0.0.0", "::"}  # noqa: S104 - read, not bound
    same = address.host == host or (is_loopback(address.host) and (is_loopback(host) or everywhere))
    return same and address.port == port
