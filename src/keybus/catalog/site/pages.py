"""The pages, each made from its template."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from keybus.catalog.account import CataloguedAccount
from keybus.catalog.catalogue import Catalogue
from keybus.catalog.event import CataloguedEvent
from keybus.catalog.fields import fields_of
from keybus.catalog.map import drawn, map_of, picture_of_account, picture_of_event
from keybus.catalog.page_names import page_of
from keybus.catalog.samples import samples_of
from keybus.catalog.site.markup import FILTERS
from keybus.catalog.versions import versions_of
from keybus.catalog.visible import visible
from keybus.contracts.editions import Edition
from keybus.contracts.policies import policy_of
from keybus.contracts.releases import MEANINGS

Make = Callable[[], str]
_BELOW: Final = "../"


class Pages:
    """The pages of a catalogue.

    Args:
        catalogue: What they tell of.
        policy: The repository's compatibility policy, as it is written.
    """

    def __init__(self, catalogue: Catalogue, policy: object) -> None:
        self._catalogue = catalogue
        self._policy = policy
        self._environment = _environment()
        self._environment.globals |= {
            "accounts": catalogue.accounts,
            "bus": catalogue.bus,
            "catalogue": catalogue,
            "events": catalogue.events,
            "keybus_version": version("keybus"),
            "meanings": MEANINGS,
        }

    def all(self) -> Iterator[tuple[str, Make]]:
        """Every page's file, relative to the catalogue's folder, and what makes it."""
        yield "index.html", self._index
        yield "accounts.html", self._accounts
        yield "map.html", self._map
        for event in self._catalogue.events.values():
            yield f"events/{page_of(event.type)}", partial(self._event, event)
        for account in self._catalogue.accounts.values():
            yield (
                f"accounts/{page_of(account.name)}",
                partial(self._account, account),
            )

    def _index(self) -> str:
        by_owner: dict[str, list[CataloguedEvent]] = {}
        for event in self._catalogue.events.values():
            by_owner.setdefault(event.contract.owner, []).append(event)
        groups = [(owner, by_owner[owner]) for owner in sorted(by_owner)]
        return self._page("index.html", "", groups=groups)

    def _accounts(self) -> str:
        return self._page("accounts.html", "")

    def _map(self) -> str:
        picture = map_of(self._catalogue)
        return self._page("map.html", "", picture=picture, drawing=Markup(drawn(picture)))  # noqa: S704 - escaped where it is drawn

    def _event(self, event: CataloguedEvent) -> str:
        picture = picture_of_event(event)
        return self._page(
            "event.html",
            _BELOW,
            event=event,
            majors=[self._major(event, each) for each in _main_first(event)],
            versions=versions_of(event, self._policy),
            policy=policy_of(event.contract.policy, self._policy),
            picture=picture,
            drawing=Markup(drawn(picture, _BELOW)),  # noqa: S704 - escaped where it is drawn
        )

    def _major(self, event: CataloguedEvent, edition: Edition) -> dict[str, Any]:
        contract = edition.contract
        fields = fields_of(contract)
        return {
            "edition": edition,
            "contract": contract,
            "status": event.status(edition),
            "released": event.is_released(edition),
            "own": [each for each in fields if not each.is_head],
            "head": [each for each in fields if each.is_head],
            "samples": samples_of(contract),
        }

    def _account(self, account: CataloguedAccount) -> str:
        picture = picture_of_account(account)
        return self._page(
            "account.html",
            _BELOW,
            account=account,
            picture=picture,
            drawing=Markup(drawn(picture, _BELOW)),  # noqa: S704 - escaped where it is drawn
        )

    def _page(self, template: str, root: str, **given: Any) -> str:
        return self._environment.get_template(template).render(root=root, **given)


def _main_first(event: CataloguedEvent) -> list[Edition]:
    return [event.main, *(each for each in event.editions if each is not event.main)]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("keybus.catalog", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters.update(FILTERS)
    return environment


def _shown(value: Any) -> Any:
    """What an expression puts into a page: text of others without what hides or turns it."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return visible(value) if is_text else value
