"""The catalogue's pictures: of the whole platform, of one event, and of one account."""

from typing import Final

from keybus.catalog.account import CataloguedAccount
from keybus.catalog.catalogue import Catalogue
from keybus.catalog.event import CataloguedEvent
from keybus.catalog.map.picture import Box, Kind, Line, Picture
from keybus.catalog.page_names import page_of

MOST_EVENTS: Final = 60
"""Event types that the map shows each for itself; of more, lines say how many they stand for."""


def map_of(catalogue: Catalogue) -> Picture:
    """Who talks to whom on the whole platform."""
    used = [each for each in catalogue.events.values() if each.publishers or each.subscriptions]
    if len(used) <= MOST_EVENTS:
        return _by_events(catalogue, used)
    return _by_accounts(catalogue)


def picture_of_event(event: CataloguedEvent) -> Picture:
    """Who publishes an event, and who receives it."""
    writing = dict.fromkeys(each.account for each in event.publishers)
    reading = dict.fromkeys(each.account for each in event.subscriptions)
    here = _event(event.type, "here")
    lines = [_line("from", each, here) for each in writing]
    lines += [_line("to", each, here) for each in reading]
    columns = {
        "Published by": [_account("from", each) for each in writing],
        "Event": [here],
        "Received by": [_account("to", each) for each in reading],
    }
    return Picture.of(f"Who publishes and who receives {event.type}", columns, lines)


def picture_of_account(account: CataloguedAccount) -> Picture:
    """Whom an account hears from, and whom it tells."""
    here = Box("here", account.name, "", "here account")
    hears = [each for each in account.hears if each != account.name]
    told = [each for each in account.told if each != account.name]
    lines = [
        Line(f"from {each}", "here", _events(account.hears[each]), len(account.hears[each]))
        for each in hears
    ]
    lines += [
        Line("here", f"to {each}", _events(account.told[each]), len(account.told[each]))
        for each in told
    ]
    columns = {
        "Hears from": [_account("from", each) for each in hears],
        "Account": [here],
        "Tells": [_account("to", each) for each in told],
    }
    return Picture.of(f"Whom {account.name} hears from, and whom it tells", columns, lines)


def _by_events(catalogue: Catalogue, used: list[CataloguedEvent]) -> Picture:
    """Accounts, event types, accounts."""
    boxes = {event.type: _event(event.type, "event") for event in used}
    writing = {name for event in used for name in (each.account for each in event.publishers)}
    reading = {name for event in used for name in (each.account for each in event.subscriptions)}
    lines = [
        _line("from", account, boxes[event.type])
        for event in used
        for account in dict.fromkeys(each.account for each in event.publishers)
    ]
    lines += [
        _line("to", account, boxes[event.type])
        for event in used
        for account in dict.fromkeys(each.account for each in event.subscriptions)
    ]
    columns = {
        "Accounts that publish": [_account("from", n) for n in catalogue.accounts if n in writing],
        "Events": list(boxes.values()),
        "Accounts that receive": [_account("to", n) for n in catalogue.accounts if n in reading],
    }
    return Picture.of(f"Who talks to whom on {catalogue.bus}", columns, lines)


def _by_accounts(catalogue: Catalogue) -> Picture:
    """Accounts, accounts: a line stands for all event types between two of them."""
    found = catalogue.accounts.values()
    lines = [
        Line(f"from {each.name}", f"to {other}", _talk(each.name, other, types), len(types))
        for each in found
        for other, types in each.told.items()
    ]
    columns = {
        "Accounts that publish": [_account("from", each.name) for each in found if each.told],
        "Accounts that receive": [_account("to", each.name) for each in found if each.hears],
    }
    return Picture.of(f"Which accounts talk to which on {catalogue.bus}", columns, lines)


def _account(side: str, name: str) -> Box:
    return Box(f"{side} {name}", name, f"accounts/{page_of(name)}", "account")


def _event(event_type: str, kind: Kind) -> Box:
    href = "" if kind == "here" else f"events/{page_of(event_type)}"
    return Box(f"event {event_type}", event_type, href, kind)


def _line(side: str, account: str, event: Box) -> Line:
    if side == "from":
        return Line(f"from {account}", event.key, f"{account} publishes {event.label}")
    return Line(event.key, f"to {account}", f"{account} receives {event.label}")


def _talk(one: str, other: str, types: tuple[str, ...]) -> str:
    return f"{one} → {other}: {_events(types)}"


def _events(types: tuple[str, ...]) -> str:
    return f"{len(types)} event{'' if len(types) == 1 else 's'}"
