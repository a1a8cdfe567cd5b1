"""Who is affected when releases are to be left or come to an end, and what each has to do."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from keybus.contracts.releases.passage import Passage
from keybus.governance.usage import PublisherOf, SubscriptionTo, Users, users_of
from keybus.topology.model import Platform


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom a passage concerns.

    Attributes:
        kind: What it is.
        name: Its name.
        account: Its account's.
        uses: How it uses what is about to end.
        todo: What its team has to do.
        is_left: Whether it could not go on if the releases were retired now.
    """

    kind: Literal["publisher", "subscription"]
    name: str
    account: str
    uses: str
    todo: str
    is_left: bool

    def __str__(self) -> str:
        """``subscription garage-billing of finance pins delivery.failed@1``."""
        return f"{self.kind} {self.name} of {self.account} {self.uses}"


def affected(platform: Platform, planned: Passage, *, migrated: bool) -> list[Affected]:
    """Who of a platform is concerned, publishers first, in the platform's order.

    Nobody is, where something is made active, where drafts go, and where releases of the same
    major stay: whoever pins the major goes on with these.

    Args:
        platform: What is declared.
        planned: What is about to happen.
        migrated: Whether events by the replacement are translated for those who stay.
    """
    promised = any(each.before != "draft" for each in planned.steps)
    if planned.after == "active" or planned.left or not promised:
        return []
    users = users_of(platform, planned.type, planned.major)
    return [*_publishers(users, planned), *_subscriptions(users, planned, migrated=migrated)]


def _publishers(users: Users, planned: Passage) -> Iterator[Affected]:
    for each in users.publishers:
        yield Affected(
            kind="publisher",
            name=each.name,
            account=each.account,
            uses=_emits(each, planned),
            todo=f"publish {_instead(planned)}{_until(planned)}",
            is_left=not planned.majors,
        )


def _emits(each: PublisherOf, planned: Passage) -> str:
    sources = "" if each.sources == (each.name,) else f" as {', '.join(each.sources)}"
    return f"emits {planned.type}{sources}"


def _subscriptions(users: Users, planned: Passage, *, migrated: bool) -> Iterator[Affected]:
    for each in users.subscriptions:
        pinned = f"{planned.type}@{planned.major}"
        yield Affected(
            kind="subscription",
            name=each.name,
            account=each.account,
            uses="takes every major by its filter" if each.by_filter else f"pins {pinned}",
            todo=_todo(each, planned, pinned, migrated=migrated),
            is_left=not each.by_filter,
        )


def _todo(each: SubscriptionTo, planned: Passage, pinned: str, *, migrated: bool) -> str:
    instead = _instead(planned)
    if each.by_filter:
        return f"make sure that it understands {instead}"
    has_it = any(instead == f"{planned.type}@{major}" for major in each.majors)
    todo = f"leave {pinned} out, as it has {instead}" if has_it else f"pin {instead}"
    todo += _until(planned)
    if migrated and planned.after == "deprecated":
        todo += f"; until then {instead} is translated for it by the migration"
    return todo


def _instead(planned: Passage) -> str:
    return planned.steps[-1].replaced_by or "something else"


def _until(planned: Passage) -> str:
    return f" by {planned.steps[-1].sunset}" if planned.after == "deprecated" else ""
