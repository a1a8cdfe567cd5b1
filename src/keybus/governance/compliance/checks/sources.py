"""DX04: whose the sources of events are."""

from collections.abc import Iterator

from keybus.contracts.pointers import pointer_of
from keybus.governance.compliance.checks.wording import listed
from keybus.governance.compliance.finding import Found
from keybus.governance.compliance.lookalikes import lookalikes
from keybus.governance.compliance.subject import Subject
from keybus.topology.findings import quoted
from keybus.topology.model import Publisher


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
    said = {source for each in publishers.values() for source in each.sources}
    alike = lookalikes({*publishers, *said})  # names of publishers count: clients show them
    accounts: dict[str, set[str]] = {}
    for name, publisher in publishers.items():
        for each in {name, *publisher.sources}:
            accounts.setdefault(each, set()).add(publisher.account)
    for name, publisher in publishers.items():
        for pointer, text, kind in _said(name, publisher):
            near = {text, *alike[text]}
            if kind == "name":  # what passes for a source is said where the source stands
                near &= publishers.keys() - {name}
                others = {publishers[each].account for each in near} - {publisher.account}
            else:
                others = {who for each in near for who in accounts[each]} - {publisher.account}
            if text.casefold() == "aws" or text.casefold().startswith("aws."):
                message = f"the {kind} {quoted(text)} is reserved for the services of AWS"
                yield Found(pointer, message, f"give the publisher a {kind} of its own")
            elif others:
                message = f"the {kind} {quoted(text)} passes for one of {listed(others)}"
                yield Found(pointer, message, f"give the publisher a {kind} of its own")


def _said(name: str, publisher: Publisher) -> Iterator[tuple[str, str, str]]:
    """What a publisher shows of itself: where it stands, the text, and its kind."""
    if not publisher.sources:
        yield pointer_of("publishers", name), name, "source"
        return
    yield pointer_of("publishers", name), name, "name"
    for index, source in enumerate(publisher.sources):
        yield pointer_of("publishers", name, "sources", index), source, "source"
