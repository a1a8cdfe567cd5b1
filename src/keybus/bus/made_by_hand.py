"""What was made by hand, through AWS's API, beside what the platform declares."""

from collections.abc import Iterator

import msgspec

from keybus.bus.archives.archive import NamedArchive
from keybus.bus.bus import Bus
from keybus.bus.message_queues import QueueSettings
from keybus.bus.rules.rule import Rule
from keybus.governance.bus_policy import Statement
from keybus.governance.compliance import MadeByHand


def made_by_hand(bus: Bus) -> Iterator[MadeByHand]:
    """All of it, kind by kind: what drift and compliance show."""
    central = bus.platform.central or ""
    for number, statement in enumerate(bus.policy.statements, 1):
        what = _statement(statement, bus.policy.problem(statement))
        yield MadeByHand("policy statement", statement.sid or f"number {number}", central, what)
    for own in bus.custom_buses.all():
        yield MadeByHand(
            "event bus", own.name, own.account, own.description or "for its own events"
        )
    for rule in bus.rules.all():
        yield MadeByHand("rule", rule.path, rule.account, _rule(rule))
    for archive in bus.archives.all():
        yield MadeByHand("archive", archive.name, central, _archive(archive))
    for connection in bus.api_destinations.connections.all():
        what = f"{connection.type}, {connection.state.lower()}"
        yield MadeByHand("connection", connection.name, connection.account, what)
    for called in bus.api_destinations.destinations.all():
        what = f"{called.method} to {called.endpoint.partition('?')[0]} by {called.connection}"
        yield MadeByHand("API destination", called.name, called.account, what)
    for queue in bus.message_queues.all():
        yield MadeByHand("queue", queue.name, queue.account, _queue(queue))


def _statement(statement: Statement, problem: str) -> str:
    whom = "everybody" if statement.principals is None else ", ".join(sorted(statement.principals))
    conditions = statement.written.get("Condition")
    when = f" when {msgspec.json.encode(conditions).decode()}" if conditions else ""
    verb = "allows" if statement.effect == "Allow" else "denies"
    return f"{verb} {whom} to put events{when}" + (f"; {problem}" if problem else "")


def _rule(rule: Rule) -> str:
    to = ", ".join(each.arn for each in rule.targets.values()) or "nothing"
    off = "" if rule.state == "ENABLED" else ", disabled"
    return f"{rule.pattern} to {to}{off}"


def _archive(archive: NamedArchive) -> str:
    kept = f"{archive.retention_days} days" if archive.retention_days else "without an end"
    return f"{archive.pattern or 'every event'}, {kept}"


def _queue(queue: QueueSettings) -> str:
    kind = "in order" if queue.fifo else "standard"
    redrive = queue.redrive
    return kind if redrive is None else f"{kind}, dead letters to {redrive.queue}"
