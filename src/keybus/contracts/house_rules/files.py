"""House rules of files: what they and their schemas are called, and that they are needed."""

from collections.abc import Iterator

from keybus.contracts.findings import Finding
from keybus.contracts.house_rules.survey import Survey
from keybus.contracts.locations import BadReference, Location, schemas_from, target_of
from keybus.contracts.naming import pascal
from keybus.contracts.view import METADATA


def file_name(survey: Survey) -> Iterator[Finding]:
    """A contract in a file that is not called as its event is."""
    for root, schema, _ in survey.subject.contracts():
        name, wanted = root.file.rpartition("/")[2], f"{schema['title']}.json"
        if name != wanted:
            message = f"The contract of {schema['title']} is in a file called {name!r}."
            yield Finding(root, message, f"rename the file to {wanted!r}")


def shared_title(survey: Survey) -> Iterator[Finding]:
    """A shared schema whose title is not its file's name, or whose name is not in PascalCase."""
    for root in _shared(survey):
        stem = root.file.rpartition("/")[2].removesuffix(".json")
        wanted = pascal(stem) or stem
        title = survey.subject.documents[root.file].get("title")
        if stem != wanted:
            message = f"The shared schema's file {stem!r} is not named in PascalCase."
            yield Finding(root, message, f"rename the file to '{wanted}.json'")
        elif title != stem:
            told = "has no title" if title is None else f"has the title {title!r}"
            message = f"The shared schema {told}, and its file is {stem!r}."
            yield Finding(root.at("title"), message, f'write "title": "{stem}"')


def unused_schema(survey: Survey) -> Iterator[Finding]:
    """A shared schema that no other file refers to."""
    used = set()
    documents = survey.subject.documents  # also what is not sound: it refers to others all the same
    for place, schema in schemas_from(documents, *map(Location, documents)):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            try:
                target = target_of(place.file, reference).file
            except BadReference:
                continue  # dangling-ref says so
            if target != place.file:
                used.add(target)
    for root in _shared(survey):
        if root.file not in used:
            yield Finding(root, "No other file refers to the shared schema.")


def _shared(survey: Survey) -> Iterator[Location]:
    for file in survey.subject.judged:
        if METADATA not in survey.subject.documents[file]:
            yield Location(file)
