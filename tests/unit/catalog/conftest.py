"""Catalogues that tests only look at, each made once."""

from collections.abc import Mapping

import pytest

from keybus.catalog import Catalogue, catalogue_site
from keybus.topology import load_platform
from tests.running import EXAMPLE
from tests.unit.catalog import platforms


@pytest.fixture(scope="session")
def example_catalogue() -> Catalogue:
    """The reference application's."""
    return Catalogue.of(*load_platform(EXAMPLE))


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """One of drafts, deprecated, sunset and retired releases."""
    return platforms.with_history(tmp_path_factory.mktemp("history") / "made").catalogue()


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """One of awkward names and texts."""
    return platforms.hostile(tmp_path_factory.mktemp("hostile") / "made").catalogue()


@pytest.fixture(scope="session")
def example_site(example_catalogue: Catalogue) -> Mapping[str, bytes]:
    return catalogue_site(example_catalogue)


@pytest.fixture(scope="session")
def history_site(history: Catalogue) -> Mapping[str, bytes]:
    return catalogue_site(history)


@pytest.fixture(scope="session")
def hostile_site(hostile: Catalogue) -> Mapping[str, bytes]:
    return catalogue_site(hostile)
