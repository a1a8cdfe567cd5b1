"""The audit log: a chain of entries in which every change is found, and its place."""

from keybus.governance.audit.chain import Chain, verify
from keybus.governance.audit.entry import (
    BUS,
    GENESIS,
    Act,
    Actor,
    AuditEntry,
    chained,
    read_entry,
)
from keybus.governance.audit.head import Anchor, Head, read_head
from keybus.governance.audit.key import AuditKey, audit_key
from keybus.governance.audit.page import (
    EVERYTHING,
    MAX_PAGE,
    AuditPage,
    Damaged,
    Filter,
    as_kept,
    head_line,
    split_head,
)
from keybus.governance.audit.refusals import WINDOW_SECONDS, Refusals
from keybus.governance.audit.verification import (
    Damage,
    DamageCode,
    Verification,
    audit_error,
)

__all__ = [
    "BUS",
    "EVERYTHING",
    "GENESIS",
    "MAX_PAGE",
    "WINDOW_SECONDS",
    "Act",
    "Actor",
    "Anchor",
    "AuditEntry",
    "AuditKey",
    "AuditPage",
    "Chain",
    "Damage",
    "DamageCode",
    "Damaged",
    "Filter",
    "Head",
    "Refusals",
    "Verification",
    "as_kept",
    "audit_error",
    "audit_key",
    "chained",
    "head_line",
    "read_entry",
    "read_head",
    "split_head",
    "verify",
]
