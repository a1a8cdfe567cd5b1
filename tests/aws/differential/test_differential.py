"""What Keybus and moto answer is the same, but for what is explained; and what is explained is so."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.aws.another import another
from tests.aws.differential.difference import explains
from tests.aws.differential.differences import DIFFERENCES
from tests.aws.differential.playing import clients, compared, play
from tests.aws.differential.scenes import scenes
from tests.aws.open import OpenServer

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore::UserWarning:moto"),
]
Pair = tuple[Any, Any]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Pair]]:
    """Every place where the two differ, by its scene, and what either has there."""
    server = OpenServer(tmp_path_factory.mktemp("differential"))
    server.start()
    with another() as url, clients(server.url) as keybus, clients(url) as other:
        yield {
            f"{name}: {at}": pair
            for name, scene in scenes().items()
            for at, pair in compared(play(keybus, scene), play(other, scene)).items()
        }
    server.stop()


def test_every_difference_is_explained(found: Mapping[str, Pair]) -> None:
    unexplained = {
        at: pair
        for at, pair in found.items()
        if not any(explains(each, at, pair) for each in DIFFERENCES)
    }
    assert unexplained == {}


def test_no_difference_that_is_explained_has_vanished(found: Mapping[str, Pair]) -> None:
    vanished = [
        each
        for each in DIFFERENCES
        if not any(explains(each, at, pair) for at, pair in found.items())
    ]
    assert vanished == []


def test_every_explanation_says_where_it_is_from() -> None:
    assert [each for each in DIFFERENCES if not each.why or not each.source] == []
