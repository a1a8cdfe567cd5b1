"""House rules of words: names of properties, descriptions, examples."""

import re
from collections.abc import Iterator

from keybus.contracts.contract import Contract
from keybus.contracts.examples import EXAMPLES, faults_of_example
from keybus.contracts.findings import Finding
from keybus.contracts.hints import clip, quoted
from keybus.contracts.house_rules.survey import Survey
from keybus.contracts.locations import Location
from keybus.contracts.naming import words_of

_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def property_case(survey: Survey) -> Iterator[Finding]:
    """A property whose name is not in snake_case."""
    for value in survey.values:
        if value.name and not _SNAKE.fullmatch(value.name):
            joined = "_".join(word.lower() for word in words_of(value.name))
            hint = f"call it {clip(joined)!r}" if _SNAKE.fullmatch(joined) else ""
            message = f"The property {quoted(value.name)} is not named in snake_case."
            yield Finding(value.site, message, hint)


def description(survey: Survey) -> Iterator[Finding]:
    """A contract or a shared schema of which nothing is said."""
    for file in survey.subject.judged:
        words = survey.subject.documents[file].get("description", "")
        if not words.strip():
            yield Finding(Location(file), "The schema has no description.")


def property_description(survey: Survey) -> Iterator[Finding]:
    """A property of which nothing is said; a shared schema's own words count."""
    bare: dict[Location, str] = {}
    for value in survey.values:
        whole_file = not value.home.pointer  # of which `description` tells
        if value.name and not value.words and not whole_file:
            bare.setdefault(value.home, value.name)
    for place, name in bare.items():
        yield Finding(place, f"The property {quoted(name)} has no description.")


def missing_example(survey: Survey) -> Iterator[Finding]:
    """A contract that shows no event."""
    for root, schema, _ in survey.subject.contracts():
        if not schema.get(EXAMPLES):
            yield Finding(root, "The contract has no example of an event.")


def bad_example(survey: Survey) -> Iterator[Finding]:
    """An example that is no event of the contract's."""
    for root, schema, _ in survey.subject.contracts():
        examples = schema.get(EXAMPLES, [])
        if not isinstance(examples, list):
            message = "The examples are no list of events' details."
            yield Finding(root.at(EXAMPLES), message)
            continue
        contract = Contract(survey.subject.documents, root.file) if examples else None
        for index, example in enumerate(examples):
            assert contract is not None
            for fault in faults_of_example(contract, example):
                place = Location(root.file, root.at(EXAMPLES, index).pointer + fault.pointer)
                message = f"The example is no {contract.type}. {fault.message}"
                yield Finding(place, message, fault.hint)
