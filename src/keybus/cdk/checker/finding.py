"""What is found in templates."""

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class TemplateFinding(msgspec.Struct, frozen=True):
    """Something in a template that the platform does not have, or the other way round.

    Attributes:
        rule: The id of the compliance rule that it breaks, such as ``DX18``.
        severity: The rule's.
        template: The template's file, below the folder that was read; empty where no template
            has what is missing.
        resource: The logical id.
        pointer: JSON pointer into the template.
        message: What is wrong.
        said: What the template says there, with references filled in; None: nothing.
        expected: What the platform generates there; None: nothing.
        hint: What to do next.
    """

    rule: str
    severity: Severity
    template: str
    resource: str
    pointer: str
    message: str
    said: object = None
    expected: object = None
    hint: str = ""

    @property
    def where(self) -> str:
        """The file and the place in it."""
        return f"{self.template}#{self.pointer}" if self.template else "no template"


class TemplateReport(msgspec.Struct, frozen=True):
    """All that was found in templates.

    Attributes:
        templates: The files that were judged.
        findings: By file, place and rule.
        unseen: Stacks of the platform whose account and region no template is of; they are not
            judged.
    """

    templates: tuple[str, ...]
    findings: tuple[TemplateFinding, ...]
    unseen: tuple[str, ...]
