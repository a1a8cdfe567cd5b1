"""What the rules find."""

from typing import Literal, NamedTuple

import msgspec

from keybus.errors import Fault

Severity = Literal["error", "warning"]
"""``error``: events can go where they must not. ``warning``: a guard against it is missing."""

RUNNING = "/running"
"""What pointers to parts of the running bus begin with; all others lead into the platform."""


def is_running(pointer: str) -> bool:
    """Whether a pointer leads to a part of the running bus."""
    return pointer.startswith(f"{RUNNING}/")


class Found(NamedTuple):
    """Something that breaks a rule, before it is known where it stands and who accepted it.

    Attributes:
        pointer: JSON pointer into the platform, or below `RUNNING`.
        message: What is wrong, in one sentence.
        hint: What to do, where it is better than the rule's own hint.
    """

    pointer: str
    message: str
    hint: str = ""


class Finding(msgspec.Struct, frozen=True):
    """Something that breaks a rule.

    Attributes:
        rule: The rule's id, such as ``DX15``.
        severity: How bad it is.
        pointer: JSON pointer into the platform, or below ``/running``.
        file: The file it stands in; of the running bus, where what it belongs to is declared.
        line: The line in the file, from 1; 0 where it is not known.
        message: What is wrong.
        hint: What to do next.
        subject: What an exception names to accept it; empty: no exception can.
        excepted_by: The name of the exception that accepts it; empty: it counts.
    """

    rule: str
    severity: Severity
    pointer: str
    file: str
    line: int
    message: str
    hint: str
    subject: str = ""
    excepted_by: str = ""

    @property
    def where(self) -> str:
        """``file:line``, or the running bus."""
        if is_running(self.pointer):
            return "running bus"
        return f"{self.file}:{self.line}" if self.line else self.file


class AcceptedUntil(msgspec.Struct, frozen=True):
    """An exception of the platform, as the report lists it.

    Attributes:
        name: Its name.
        rule: The rule's id.
        subject: What it is about.
        reason: Why it is accepted.
        approver: Who approved.
        expires: The first moment at which it no longer holds, as it was declared.
        used: Whether it accepts something that was found.
    """

    name: str
    rule: str
    subject: str
    reason: str
    approver: str
    expires: str
    used: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found.

    Attributes:
        bus: The bus's name; empty where the declaration cannot be used.
        at: The moment that was judged, as RFC 3339.
        judged: What was looked at: ``declaration``, ``running``, ``templates``.
        complete: Whether the rules could be asked; not so where the declaration cannot be used.
        findings: What counts, by rule and place.
        excepted: What an exception accepts.
        exceptions: The live exceptions.
        faults: What is wrong with the declaration that is no exchange, but keeps it from being
            used.
    """

    bus: str
    at: str
    judged: tuple[Literal["declaration", "running", "templates"], ...]
    complete: bool
    findings: tuple[Finding, ...] = ()
    excepted: tuple[Finding, ...] = ()
    exceptions: tuple[AcceptedUntil, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def unused(self) -> tuple[AcceptedUntil, ...]:
        """The live exceptions that accept nothing of what was found."""
        return tuple(one for one in self.exceptions if not one.used)
