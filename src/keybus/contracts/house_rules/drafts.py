"""The house rule of drafts: what they leave open is told, until somebody has settled it."""

from collections.abc import Iterator

from keybus.contracts.findings import Finding
from keybus.contracts.house_rules.survey import Survey
from keybus.contracts.marks import marks_in


def unsettled(survey: Survey) -> Iterator[Finding]:
    """What a schema marks as uncertain; `keybus contracts check` lets nothing of it be released."""
    for file in survey.subject.judged:
        for place, mark in marks_in(survey.subject.documents, file):
            if place.file == file:
                yield Finding(place, f"Uncertain: {str(mark).removesuffix('.')}.")
