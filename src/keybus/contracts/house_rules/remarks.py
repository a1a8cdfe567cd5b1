"""What house rules find in a repository, each with what comes of it."""

from collections.abc import Collection
from typing import Literal

import msgspec

from keybus.contracts.findings import Subject
from keybus.contracts.folder import Folder
from keybus.contracts.house_rules.rules import HOUSE_RULES
from keybus.contracts.house_rules.survey import Survey
from keybus.errors import Fault


class Remark(msgspec.Struct, frozen=True):
    """Something that a rule found.

    Attributes:
        fault: What, where, and what to do.
        severity: What comes of it.
    """

    fault: Fault
    severity: Literal["error", "warning"]


def remarks_on(folder: Folder, faulty: Collection[str] = ()) -> list[Remark]:
    """What breaks a house rule, in the order of files and lines.

    Args:
        folder: The repository, with what it says of the rules.
        faulty: Files that are not sound; neither they nor what refers to them is looked at.
    """
    sound = Subject(folder.documents, tuple(folder.documents)).without(set(faulty))
    survey = Survey(sound)
    found = []
    for rule in HOUSE_RULES.values():
        severity = folder.lint.severity_of(rule)
        if severity == "off":
            continue
        for each in rule.check(survey):
            fault = Fault(
                rule.id,
                each.message,
                pointer=each.place.pointer,
                file=each.place.file,
                line=folder.line_of(*each.place),
                hint=each.hint or rule.hint,
            )
            found.append(Remark(fault, severity))
    return sorted(found, key=_place)


def _place(remark: Remark) -> tuple[str, int, str, str]:
    fault = remark.fault
    return fault.file, fault.line, fault.pointer, fault.code
