"""Chains to tamper with."""

from collections.abc import Sequence

from keybus.governance.audit import (
    GENESIS,
    Act,
    Actor,
    AuditEntry,
    AuditKey,
    Head,
    chained,
)

KEY = AuditKey(b"k" * 32)
OTHER_KEY = AuditKey(b"o" * 32)


def act(number: int = 1, **data: object) -> Act:
    return Act(
        Actor("central", f"cred-{number}"),
        "grant.added",
        f"/grants/g{number}",
        {"n": number} | data,
    )


def chain(
    count: int, key: AuditKey | None = None, acts: Sequence[Act] = (), salt: int = 0
) -> list[AuditEntry]:
    """A sound chain of as many entries; with another salt, of other ones."""
    entries: list[AuditEntry] = []
    previous = GENESIS
    for number in range(1, count + 1):
        what = acts[number - 1] if acts else act(number, salt=salt)
        entry = chained(
            what,
            sequence=number,
            time_us=1_700_000_000_000_000 + number,
            previous=previous,
            key=key,
        )
        entries.append(entry)
        previous = entry.hash
    return entries


def head(entries: Sequence[AuditEntry], key: AuditKey | None = None) -> Head:
    return Head.of(len(entries), entries[-1].hash, key) if entries else Head.of(0, GENESIS, key)


def texts(entries: Sequence[AuditEntry]) -> list[bytes]:
    return [entry.encode() for entry in entries]
