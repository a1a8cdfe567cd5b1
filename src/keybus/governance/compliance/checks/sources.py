"""DX04: whose the sources of events are."""

from collections.abc import Iterator

from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.checks.wording import listed
from keybus.governance.compliance.finding import Found
from keybus.governance.compliance.subject import Subject
from keybus.topology.findings import quoted


def unowned_source(subject: Subject) -> Iterator[Found]:
    """Sources that are somebody else's, that pass for somebody else's, or that are nobody's."""
    yield from _of_publishers(subject)
    for name, reach in subject.reaches.items():
        account = subject.platform.subscriptions[name].account
        nobodys = [
            source
            for source in reach.sources
            if source not in subject.source_accounts
            and not subject.grants_on(account, source=source)
        ]
        if nobodys:
            message = f"no publisher has the source {listed(nobodys)}, and nobody granted it"
            hint = "declare its publisher, or grant the source"
            yield Found(pointer_of("subscriptions", name, "filter"), message, hint)


def _of_publishers(subject: Subject) -> Iterator[Found]:
    publishers = subject.platform.publishers
    spellings: dict[str, list[tuple[str, str]]] = {}  # names of publishers count: clients show them
    for name, publisher in publishers.items():
        for source in {name, *publisher.sources}:
            spellings.setdefault(source.casefold(), []).append((source, publisher.account))
    for name, publisher in publishers.items():
        for index, source in enumerate(publisher.sources or [name]):
            steps = ("sources", index) if publisher.sources else ()
            pointer = pointer_of("publishers", name, *steps)
            folded = source.casefold()
            others = {who for _, who in spellings[folded] if who != publisher.account}
            if folded == "aws" or folded.startswith("aws."):
                message = f"the source {quoted(source)} is reserved for the services of AWS"
                yield Found(pointer, message, "give the publisher a source of its own")
            elif others:
                message = f"the source {quoted(source)} passes for one of {listed(others)}"
                yield Found(pointer, message, "give the publisher a source of its own")
