"""What a check of compatibility finds."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Direction = Literal["backward", "forward"]


class Incompatibility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change that breaks somebody, or of which nobody can say that it does not.

    Attributes:
        rule: ID of the rule.
        direction: ``backward``: the new contract refuses what the old one allowed. ``forward``: the
            old one refuses what the new one allows.
        document: Which contract the refusing keyword stands in: ``new`` or ``old``.
        file: The file that it stands in.
        pointer: JSON pointer to it in that file.
        field: JSON pointer to the value in an event; ``*`` for any item or undeclared name.
        old: What the keyword says in the old contract; UNSET where it says nothing.
        new: What it says in the new one.
        message: What is wrong, in one sentence.
        hint: What to do about it.
        proven: Whether ``example`` proves it. Where it is false, the change counts as breaking
            because it cannot be judged, and ``reason`` says why.
        reason: Why it cannot be judged, as the end of a sentence.
        example: An event that the one contract accepts and the other refuses.
        against: Which old contract: its version, or its place in the history, from 0.
    """

    rule: str
    direction: Direction
    document: Literal["old", "new"]
    file: str
    pointer: str
    field: str
    message: str
    hint: str
    proven: bool
    old: Any | UnsetType = UNSET
    new: Any | UnsetType = UNSET
    reason: str = ""
    example: Any | UnsetType = UNSET
    against: str = ""

    def __str__(self) -> str:
        """``file pointer: message (hint) [rule]``."""
        where = " ".join(part for part in (self.file, self.pointer) if part)
        return f"{where}: {self.message} ({self.hint}) [{self.rule}]"
