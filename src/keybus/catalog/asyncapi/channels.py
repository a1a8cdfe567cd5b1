"""``channels`` and ``operations``: where each event type goes, who sends it and who receives it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from keybus.catalog.asyncapi.envelope import envelope_schema
from keybus.catalog.asyncapi.messages import Messages, Payload
from keybus.catalog.catalogue import Catalogue
from keybus.catalog.event import CataloguedEvent
from keybus.governance.usage import PublisherOf, SubscriptionTo
from keybus.topology import Subscription

FOREIGN: Final = "events without a contract"
"""The channel of what subscriptions by filter may receive beside; no event type has blanks."""


class Channels:
    """The channels and operations of a document.

    Args:
        catalogue: The platform's catalogue.
        messages: The messages, which are filled.
        payload: As for the messages.
    """

    def __init__(self, catalogue: Catalogue, messages: Messages, payload: Payload) -> None:
        self._platform = catalogue.platform
        self._messages = messages
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        for event in catalogue.events.values():
            self._add(event)
        if catalogue.foreign:
            self._add_foreign(catalogue.foreign, payload)

    def _add(self, event: CataloguedEvent) -> None:
        """An event's channel and operations; a retired major is none of them any more."""
        living = [each for each in event.editions if not each.is_retired]
        if not living:
            return
        names = {each.contract.major: self._messages.add(event, each) for each in living}
        self.channels[event.type] = {
            "address": event.type,
            "title": event.contract.title,
            **({"description": event.description} if event.description else {}),
            "messages": {
                f"v{major}": {"$ref": f"#/components/messages/{name}"}
                for major, name in names.items()
            },
            "tags": [{"name": f"owner:{event.contract.owner}"}],
        }
        for publisher in event.publishers:
            self._send(event.type, publisher, names)
        for subscription in event.subscriptions:
            asked = [
                major for major in names if subscription.by_filter or major in subscription.majors
            ]
            if asked:
                self._receive(event, subscription, asked)

    def _send(self, event_type: str, publisher: PublisherOf, majors: Iterable[int]) -> None:
        self.operations[f"{publisher.name}:send:{event_type}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_token(event_type)}"},
            "title": f"{publisher.name} publishes {event_type}",
            "tags": [{"name": f"account:{publisher.account}"}],
            "messages": _messages(event_type, majors),
            "x-keybus": {
                "publisher": publisher.name,
                "account": publisher.account,
                "account_id": self._platform.accounts[publisher.account].id,
                "sources": list(publisher.sources),
            },
        }

    def _receive(
        self, event: CataloguedEvent, taking: SubscriptionTo, majors: Iterable[int]
    ) -> None:
        declared = self._platform.subscriptions[taking.name]
        grants = event.grants_to(taking.account)
        given = {name: {"expires": each.expires} for name, each in grants.items()}
        self.operations[f"{taking.name}:receive:{event.type}"] = {
            **self._received(taking.name, declared, event.type),
            "messages": _messages(event.type, majors),
            "x-keybus": {
                **self._metadata(taking.name, declared),
                **({"grants": given} if given else {}),
            },
        }

    def _received(self, name: str, declared: Subscription, channel: str) -> dict[str, Any]:
        return {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{_token(channel)}"},
            "title": f"{name} receives {channel}",
            "tags": [{"name": f"account:{declared.account}"}],
        }

    def _metadata(self, name: str, declared: Subscription) -> dict[str, Any]:
        found: dict[str, Any] = {
            "subscription": name,
            "account": declared.account,
            "account_id": self._platform.accounts[declared.account].id,
            "filter": declared.filter,
            "fields": list(declared.fields) or None,
        }
        return {key: value for key, value in found.items() if value is not None}

    def _add_foreign(self, taking: Mapping[str, Subscription], payload: Payload) -> None:
        """What may come beside to whoever names no events."""
        anything: dict[str, Any] = {"description": "Whatever its source says."}
        self.channels[FOREIGN] = {
            "address": None,
            "title": "Events without a contract",
            "description": "What comes from sources whose events have no contract.",
            "messages": {
                "any": {
                    "title": "Any event",
                    "contentType": "application/json",
                    "payload": envelope_schema(anything, None)
                    if payload == "envelope"
                    else anything,
                }
            },
        }
        for name, declared in taking.items():
            self.operations[f"{name}:receive:*"] = {
                **self._received(name, declared, FOREIGN),
                "messages": [{"$ref": f"#/channels/{_token(FOREIGN)}/messages/any"}],
                "x-keybus": self._metadata(name, declared),
            }


def _messages(channel: str, majors: Iterable[int]) -> list[dict[str, str]]:
    """References to some of a channel's messages."""
    return [{"$ref": f"#/channels/{_token(channel)}/messages/v{major}"} for major in majors]


def _token(name: str) -> str:
    """A name within a reference."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~")
